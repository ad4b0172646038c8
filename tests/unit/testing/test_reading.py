"""Files of tests are read as strictly as workflows: each mistake has its code, line and column."""

from __future__ import annotations

import pytest

from hub.testing.reading import check_trials
from tests.unit.testing.theatre import PATH, findings, project, read

MAIN = """
inputs: {id: {type: string}}
steps:
  - {id: book, do: book.write, with: {line: a}}
  - id: sms
    do: sms.send
    with: {to: "+15550100", text: hi}
"""
CLEAN = """\
now: 2025-10-20T15:00:00Z
inputs: {id: a}
config: {limit: 5}
mocks:
  sms.send: [{takes: 1s}, {fails: opted_out}]
tests:
  - name: it works
    timeline: [{after: 1m, emit: order.paid, key: a, data: {amount: 3}}]
    crash_after: book
    expect: {status: failed, error: opted_out, did: [book.write: {line: a}], took: 1s}
"""

MISTAKES = [
    ("hub: 1", "", "HUB110", 2, 1),
    ("expect:", "expects:", "HUB110", 12, 5),
    ("status: failed", "status: fialed", "HUB110", 12, 22),
    ("now: 2025-10-20T15:00:00Z", "now: 2025-10-20", "HUB110", 3, 6),
    ("inputs: {id: a}", "inputs: {id: 3}", "HUB206", 4, 14),
    ("inputs: {id: a}", "inputs: {ib: a}", "HUB209", 4, 10),
    ("inputs: {id: a}", "payload: {id: a}", "HUB110", 4, 10),
    ("config: {limit: 5}", "config: {limits: 5}", "HUB203", 5, 10),
    ("config: {limit: 5}", "config: {limit: five}", "HUB206", 5, 17),
    ("  sms.send:", "  sms.sent:", "HUB215", 7, 3),
    ("{takes: 1s}", "{takes: 1}", "HUB110", 7, 22),
    ("{takes: 1s}", "{maybe_done: true}", "HUB110", 7, 14),
    ("{takes: 1s}", "{returns: {text: a}}", "HUB206", 7, 24),
    ("{takes: 1s}", "{returns: {text: a, is_done: 1}}", "HUB206", 7, 43),
    ("{fails: opted_out}", "{fails: optedout}", "HUB208", 7, 35),
    ("name: it works", "title: it works", "HUB110", 9, 5),
    ("after: 1m", "after: 1m, at: 2025-10-20T15:00:00Z", "HUB110", 10, 16),
    ("emit: order.paid", "emit: order.payed", "HUB213", 10, 34),
    ("{amount: 3}", "{amount: x}", "HUB206", 10, 69),
    (", data: {amount: 3}", "", "HUB206", 10, 34),
    ("key: a, ", "", "HUB110", 10, 17),
    ("crash_after: book", "crash_after: booking", "HUB202", 11, 18),
    ("error: opted_out", "error: optd_out", "HUB208", 12, 37),
    ("book.write: {line", "book.wrote: {line", "HUB215", 12, 54),
    ("{line: a}", "{lien: a}", "HUB209", 12, 67),
    ("did: [book.write: {line: a}]", "did: [call.look]", "HUB215", 12, 54),
    ("did: [book.write: {line: a}]", "did_not: [book]", "HUB215", 12, 58),
    ("did: [book.write: {line: a}]", "steps: [boook]", "HUB202", 12, 56),
    ("did: [book.write: {line: a}]", "emitted: [order]", "HUB213", 12, 58),
    ("took: 1s", "took: soon", "HUB110", 12, 84),
    ("    crash_after: book", "    real: [boook]", "HUB215", 11, 12),
    ("    crash_after: book", "    given: [sms.send: {}]", "HUB215", 11, 13),
    ("    crash_after: book", "    given: [book.write: {line: a}]", "HUB110", 11, 13),
]


def test_a_clean_file_has_no_findings():
    file = read(CLEAN, main=MAIN)

    assert file.findings == ()
    assert [trial.id for trial in file.trials] == ["main: it works"]


@pytest.mark.parametrize(
    ("written", "meant", "code", "line", "column"),
    MISTAKES,
    ids=[each[1] or each[0] for each in MISTAKES],
)
def test_a_mistake_is_told_at_its_place(
    written: str, meant: str, code: str, line: int, column: int
):
    text = f"hub: 1\nworkflow: main\n{CLEAN}"
    assert text.count(written) >= 1
    file = project({"main": MAIN, PATH: text.replace(written, meant, 1)})

    found = [(each.code, each.line, each.column) for each in check_trials(file)]

    assert (code, line, column) in found


def test_an_unknown_workflow_is_told_with_the_one_that_was_meant():
    loaded = project({"main": MAIN, PATH: f"hub: 1\nworkflow: mian\n{CLEAN}"})

    [finding, *_] = check_trials(loaded)

    assert (finding.code, finding.line, finding.suggestion) == ("HUB216", 2, "did you mean 'main'?")


def test_a_broken_file_of_tests_keeps_no_workflow_from_being_served():
    loaded = project({"main": MAIN, PATH: "hub: 1\nworkflow: [\n"})

    assert list(loaded.workflows) == ["main"]
    assert [each.code for each in check_trials(loaded)] == ["HUB102"]


def test_a_test_without_an_input_that_the_workflow_needs_is_told():
    [finding] = findings("tests: [{name: it works, expect: {runs: 1}}]", main=MAIN)

    assert (finding.code, finding.message) == ("HUB209", "`inputs` lacks 'id'")


def test_two_tests_of_one_name_are_told():
    both = "tests:\n  - {name: one, expect: {runs: 1}}\n  - {name: one, expect: {runs: 1}}\n"

    found = findings("inputs: {id: a}\n" + both, main=MAIN)

    assert [(each.code, each.line) for each in found] == [("HUB212", 6)]


def test_the_tests_own_keys_win_and_objects_are_joined_key_by_key():
    file = read(
        """\
        inputs: {id: a}
        mocks: {sms.send: {fails: opted_out}, book.write: {takes: 1s}}
        tests:
          - name: joined
            mocks: {book.write: {takes: 2s}}
            expect: {runs: 1}
          - name: replaced
            inputs: {id: b}
            expect: {runs: 1}
        """,
        main=MAIN,
    )

    joined, replaced = (trial.given for trial in file.trials)
    assert joined.mocks["sms.send"][0].fails == "opted_out"
    assert joined.mocks["book.write"][0].takes.total_seconds() == 2
    assert (joined.inputs, replaced.inputs) == ({"id": "a"}, {"id": "b"})


def test_a_payload_field_that_the_schema_does_not_know_is_a_warning():
    schema = '{"type": "object", "properties": {"lead": {"type": "string"}}}'
    found = findings(
        "payload: {laed: a}\ntests: [{name: it works, expect: {runs: 1}}]",
        main="endpoint: {auth: app, payload: schemas/p.json}\nsteps: [{log: hi}]",
        **{"schemas/p.json": schema},
    )

    assert [(each.code, each.severity) for each in found] == [("HUB203", "warning")]


def test_a_field_of_an_event_that_no_schema_names_is_told_as_in_a_step():
    [finding] = findings(
        """
        tests:
          - name: it works
            timeline: [{after: 1m, emit: order.noted, key: a, data: {by: me, wyh: it was late}}]
            expect: {runs: 0}
        """,
        main="event: {name: order.noted}\nsteps: [{log: hi}]",
        **{
            "schemas/events/order.noted.json": """{
                "type": "object",
                "properties": {"by": {"type": "string"}, "why": {"type": "string"}}
            }"""
        },
    )

    assert (finding.code, finding.line, finding.column) == ("HUB209", 6, 70)
    assert "data of order.noted: there is no 'wyh' here" in finding.message
    assert finding.suggestion == "did you mean 'why'?"


def test_data_of_an_event_whose_schema_names_no_field_may_hold_anything():
    told = findings(
        """
        tests:
          - name: it works
            timeline: [{after: 1m, emit: order.cancelled, key: a, data: {anything: goes}}]
            expect: {runs: 1}
        """,
        main="event: {name: order.cancelled}\nsteps: [{log: hi}]",
    )

    assert told == []
