"""`hub test`, and the same tests with pytest and from a program: no database, no network."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from hub.errors import NotPossible
from hub.testing import run_file, run_project
from tests import readme
from tests.acceptance.terminal import Terminal

ROOT = Path(__file__).parents[2]
PLUG_IN = "hub.pytest_plugin"
TRIALS = """\
hub: 1
workflow: callback-request

payload: {name: Ada, phone: "+12025550147", topic: price}

tests:
  - name: the lead gets a number and the team is told
    expect:
      response: {status: 200, body: {accepted: true, call_from: "+14155550100"}}
      did: [leads.create, phones.assign, slack.post]

  - name: all lines are busy
    mocks:
      phones.assign: {fails: none_available}
    expect:
      response: {status: 409}
      did: [leads.create]
"""


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A project of one workflow with two tests, and no servers."""
    for name in ("workflows/tests", "schemas"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "hub.yaml").write_text(readme.settings())
    readme.write_files(tmp_path)
    (tmp_path / "workflows/tests/callback-request.yaml").write_text(TRIALS)
    return Terminal(tmp_path, {"HUB_DATABASE_URL": "", "HUB_REDIS_URL": ""})


def plant(terminal: Terminal, written: str, meant: str) -> None:
    file = terminal.project / "workflows/tests/callback-request.yaml"
    text = file.read_text()
    assert text.count(written) == 1
    file.write_text(text.replace(written, meant))


def test_tests_that_pass_end_with_0(terminal: Terminal):
    typed = terminal.type("test")

    first, *_, last = typed.out.splitlines()
    assert (typed.code, first) == (0, "callback-request: 2 passed")
    assert last.startswith("2 passed, 100 % of 5 steps reached, in ")


def test_a_test_that_fails_ends_with_1_and_shows_the_place(terminal: Terminal):
    plant(terminal, "status: 409", "status: 503")

    typed = terminal.type("test")

    assert typed.code == 1
    assert "FAILED callback-request: all lines are busy" in typed.out
    assert "workflows/tests/callback-request.yaml:16:26: the answer.status is 409" in typed.out
    assert "what happened:" in typed.out


def test_a_mistake_in_the_file_ends_with_1_and_check_tells_it_too(terminal: Terminal):
    plant(terminal, "none_available", "none_availble")

    typed, checked = terminal.type("test"), terminal.type("check")

    mistake = "workflows/tests/callback-request.yaml:14:30: error HUB208"
    assert (typed.code, checked.code) == (1, 1)
    assert mistake in typed.out
    assert mistake in checked.out


def test_some_of_the_tests_are_chosen_by_name_file_and_text(terminal: Terminal):
    for words in (
        ("callback-request",),
        ("workflows/tests/callback-request.yaml",),
        ("workflows/tests",),
    ):
        assert "2 passed" in terminal.type("test", *words).out
    assert "1 passed" in terminal.type("test", "-k", "BUSY").out


def test_an_unknown_name_ends_with_2(terminal: Terminal):
    typed = terminal.type("test", "nothing")

    assert typed.code == 2
    assert "there are no tests for 'nothing'" in typed.err


def test_steps_that_no_test_reached_are_named_and_can_fail(terminal: Terminal):
    plant(terminal, "fails: none_available", "takes: 1s")
    plant(terminal, "{status: 409}", "{status: 200}")
    plant(terminal, "did: [leads.create]", "runs: 1")

    told, failed = terminal.type("test"), terminal.type("test", "--coverage", "100")

    assert told.code == 0
    assert "  callback-request: line 29 return" in told.out
    assert failed.code == 1
    assert "the tests reach less than 100 % of the steps" in failed.out


def test_programs_read_one_object_a_test(terminal: Terminal):
    first, second, covered = terminal.type("test", "--json").lines

    assert (first["passed"], first["workflow"], first["line"]) == (True, "callback-request", 7)
    assert first["problems"] == []
    assert second["name"] == "all lines are busy"
    assert (covered["coverage"], covered["not_reached"]) == (100.0, {})


def test_the_results_are_written_for_ci_systems(terminal: Terminal):
    report = terminal.project / "report.xml"

    terminal.type("test", "--junit", str(report))

    assert len(list(ET.parse(report).iter("testcase"))) == 2  # noqa: S314 - written a moment ago


def test_the_timeline_of_tests_that_passed_is_told_when_it_is_asked_for(terminal: Terminal):
    assert "run-1" not in terminal.type("test").out
    assert "run-1  number: phones.assign" in terminal.type("test", "--timeline").out


def test_programs_run_a_file_or_a_project(terminal: Terminal):
    file = terminal.project / "workflows/tests/callback-request.yaml"

    assert run_file(file).is_passed
    assert [each.trial.name for each in run_project(terminal.project, text="busy").verdicts] == [
        "all lines are busy"
    ]
    with pytest.raises(NotPossible):
        run_file(Path("/nowhere/tests.yaml"))


def with_pytest(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    installed = any(each.value == PLUG_IN for each in entry_points(group="pytest11"))
    named = () if installed else ("-p", PLUG_IN)
    quiet = ("-p", "no:valkey", "-p", "no:cacheprovider", "-p", "no:randomly")
    return subprocess.run(
        [sys.executable, "-m", "pytest", *named, *quiet, *words],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_pytest_collects_them(terminal: Terminal):
    done = with_pytest(terminal.project, "-v")

    assert done.returncode == 0, done.stdout
    assert "callback-request.yaml::all lines are busy PASSED" in done.stdout


def test_pytest_tells_a_failure_without_a_traceback(terminal: Terminal):
    plant(terminal, "status: 409", "status: 503")

    done = with_pytest(terminal.project)

    assert done.returncode == 1
    assert "callback-request.yaml:16:26: the answer.status is 409" in done.stdout
    assert "Traceback" not in done.stdout


def test_pytest_does_not_collect_a_file_with_mistakes(terminal: Terminal):
    plant(terminal, "none_available", "none_availble")

    done = with_pytest(terminal.project)

    assert done.returncode == 2
    assert "error HUB208" in done.stdout
