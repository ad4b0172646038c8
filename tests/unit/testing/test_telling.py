"""What is told of tests: where they fail and why, what nobody tried, in XML for machines."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from hub.engine.findings import Finding
from hub.testing.coverage import Coverage, coverage_of, named
from hub.testing.junit import junit
from hub.testing.running import Report
from hub.testing.telling import coverage_lines, failure_text, summary
from tests.unit.testing.theatre import PATH, play_all, project, told

MAIN = """
inputs: {id: {type: string}}
steps:
  - {id: book, do: book.write, with: {line: "${{ inputs.id }}"}}
  - if: inputs.id == 'b'
    then: [{log: it is b}, {id: sms, do: sms.send, with: {to: "+15550100", text: hi}}]
"""
TRIALS = """\
inputs: {id: a}
tests:
  - name: passes
    expect: {did: [book.write]}
  - name: fails & <tells>
    mocks: {sms.send: {fails: opted_out}}
    expect:
      did:
        - book.write: {line: b}
      status: failed
"""


def report() -> tuple[Report, dict[str, str]]:
    verdicts = tuple(play_all(TRIALS, main=MAIN))
    loaded = project({"main": MAIN})
    reached = (place for each in verdicts for place in each.reached)
    coverage = coverage_of(loaded.workflows.values(), reached)
    files = {PATH: f"hub: 1\nworkflow: main\n{TRIALS}"}
    return Report(verdicts, (), coverage, 0.25), files


def test_a_failure_shows_the_line_what_was_expected_and_what_happened():
    made, files = report()

    text = failure_text(made.verdicts[1], files)

    assert text.splitlines()[:3] == [
        f"{PATH}:11:30: book.write.line is a, expected b",
        "     11 |         - book.write: {line: b}",
        "        |                              ^",
    ]
    assert f"{PATH}:12:15: the run is succeeded, expected failed" in text
    assert "note: never called, so its mock changes nothing: sms.send" in text
    assert "+0s  run-1  book: book.write" in text


def test_the_order_of_what_was_done_counts_and_the_first_difference_is_told():
    test = "inputs: {id: b}\ntests:\n  - {name: one, expect: {did: [sms.send, book.write]}}\n"

    [verdict] = play_all(test, main=MAIN)

    assert told(verdict) == ["expected sms.send, there was book.write (done: book.write, sms.send)"]


def test_more_than_was_expected_is_told_too():
    expect = "{did: [book.write], did_not: [sms.send]}"
    test = f"inputs: {{id: b}}\ntests:\n  - {{name: one, expect: {expect}}}\n"

    [verdict] = play_all(test, main=MAIN)

    assert told(verdict) == [
        "there was also sms.send (done: book.write, sms.send)",
        "sms.send was done, by run-1 at sms",
    ]


def test_the_steps_that_no_test_reached_are_named_by_id_or_line():
    made, _ = report()

    assert (made.coverage.total, made.coverage.reached) == (4, 2)
    assert coverage_lines(made.coverage) == ["  main: line 8 log, sms"]
    assert [named(step) for step in made.coverage.missing["main"]] == ["line 8 log", "sms"]


def test_a_project_without_steps_is_covered():
    assert Coverage(0).percent == 100


def test_the_last_line_counts():
    made, _ = report()

    assert summary(made) == "1 passed, 1 failed, 50 % of 4 steps reached, in 0.2 s"


def test_the_xml_holds_each_test_with_its_line_and_its_failure():
    made, files = report()

    suites = ET.fromstring(junit(made, files))  # noqa: S314 - written a moment ago

    [suite] = suites.findall("testsuite")
    passed, failed = suite.findall("testcase")
    assert suite.attrib == {"name": PATH, "tests": "2", "failures": "1", "errors": "0"}
    assert (passed.get("name"), passed.get("line")) == ("passes", "5")
    assert (failed.get("name"), failed.get("classname")) == ("fails & <tells>", "main")
    failure = failed.find("failure")
    assert failure is not None
    assert "what happened" in str(failure.text)


def test_a_file_with_mistakes_is_an_error_in_the_xml():
    finding = Finding("HUB110", "error", PATH, 3, 1, 2, "a \x00 mistake")
    broken = Report((), (finding,), Coverage(0), 0.0)

    [case] = ET.fromstring(junit(broken, {})).iter("testcase")  # noqa: S314

    assert not broken.is_passed
    error = case.find("error")
    assert error is not None
    assert "mistake" in str(error.get("message"))
