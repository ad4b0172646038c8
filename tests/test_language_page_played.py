"""The examples of the reference page are run: its own tests, and with what may come in.

Every example is started with every payload, with every event and without any; one that takes
failures up and has no tests of its own also with actions that fail.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from hub.bootstrap.actions import all_actions
from hub.bootstrap.project import DIALECT_FACTS
from hub.engine.project import Project, load_project
from hub.engine.workflow import Endpoint, Inputs, OnEvent, Workflow
from hub.ingest.signatures import AUTH_TYPES
from hub.testing import run_project
from hub.testing.coverage import coverage_of
from hub.testing.playing import Played
from hub.testing.reading import read_all
from hub.testing.setting import Setting
from hub.testing.stage import Stage
from tests import language_page

LEAD = "11111111-1111-4111-8111-111111111111"
NOW = "2025-10-19T12:00:00Z"
VISIT = {
    "lead_id": LEAD,
    "name": "Ada",
    "email": "ada@example.com",
    "starts_at": "2025-10-22T14:00:00Z",
    "outcome": "showed",
    "tags": ["new", "vip"],
}
PAYLOADS: tuple[Mapping[str, Any], ...] = (
    VISIT,
    {name: value for name, value in VISIT.items() if name != "email"} | {"outcome": "no_show"},
    VISIT | {"outcome": "cancelled", "tags": []},
    VISIT | {"starts_at": "2025-10-18T14:00:00Z"},
)
COMES = {"after": "1h", "emit": "visit.confirmed", "key": LEAD, "data": {"by": "Ada"}}
TIMELINES: tuple[list[Any], ...] = ([], [COMES], [COMES | {"emit": "visit.declined"}])
EXAMPLES = list(language_page.examples())
_DO = re.compile(r"\bdo: ([a-z_.]+)")
_FAIL = re.compile(r"\bfail: (\w+)")


def name_of(example: language_page.Example) -> str:
    return Path(example.path).stem


def ways_to_begin(workflow: Workflow) -> list[dict[str, Any]]:
    """Everything that may come in."""
    trigger = workflow.trigger
    if isinstance(trigger, Endpoint):
        return [
            {"payload": payload, "timeline": timeline}
            for payload, timeline in product(PAYLOADS, TIMELINES)
        ]
    if isinstance(trigger, OnEvent):
        return [{"timeline": timeline} for timeline in TIMELINES if timeline]
    return [{"inputs": {"lead_id": LEAD}} if isinstance(trigger, Inputs) else {}]


def trials(example: language_page.Example) -> Iterator[dict[str, Any]]:
    """Ways to run an example; with failing actions only where it takes up whatever fails."""
    begun = ways_to_begin(language_page.project().workflows[name_of(example)])
    broken = {action: {"fails": "unavailable"} for action in _DO.findall(example.text)}
    takes_up = "on_error:" in example.text and example.path not in language_page.tested()
    moods = [{}, {"mocks": broken}] if takes_up else [{}]
    for number, (given, mood) in enumerate(product(begun, moods)):
        yield {"name": f"way {number}", "now": NOW, **given, **mood, "expect": {"runs": 1}}


@cache
def project() -> Project:
    """The project of the page, with the ways to run its examples instead of its tests."""
    files = {
        f"workflows/tests/{name_of(each)}.yaml": json.dumps(
            {"hub": 1, "workflow": name_of(each), "tests": list(trials(each))}
        )
        for each in EXAMPLES
    }
    return load_project(
        {**language_page.files(), **files},
        actions=all_actions(),
        auth_types=AUTH_TYPES,
        dialects=DIALECT_FACTS,
    )


def played(name: str) -> tuple[Stage, ...]:
    """The example, begun in every way."""
    setting = Setting(project())
    [file] = [each for each in read_all(project()) if each.workflow == name]
    assert [str(each) for each in file.findings] == []
    stages = tuple(Stage(setting, trial) for trial in file.trials)
    for stage in stages:
        stage.play()
    return stages


def spoken_of(text: str) -> set[str]:
    """The failures that an example speaks of: its own, and that of a wait that has no handler."""
    own = set(_FAIL.findall(text))
    return own | ({"timeout"} if "timeout:" in text and "on_timeout:" not in text else set())


def code_of(run: Played) -> str | None:
    error = None if run.ending is None else run.ending.error
    return None if error is None else error["code"]


def test_the_tests_of_the_page_pass(tmp_path: Path):
    language_page.write(tmp_path)

    report = run_project(tmp_path)

    assert [str(each) for verdict in report.failed for each in verdict.problems] == []
    assert [str(each) for each in report.findings] == []
    shown = sum(each.text.count("- name:") for each in language_page.tests())
    assert len(report.verdicts) == shown > 0


def check_example(example: language_page.Example, stages: Iterable[Stage]) -> None:
    for stage in stages:
        runs = [each for each in stage.runs if each.workflow.name == name_of(example)]

        assert runs, f"{stage.trial.name} was not begun"
        assert all(each.ending is not None for each in runs), "something waits for ever"
        assert {code_of(each) for each in runs} - {None} <= spoken_of(example.text)
        assert all(each.response is not None for each in stage.exchanges)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_each_example_runs_to_its_end_fails_only_as_it_says_and_all_steps_are_run(tmp_path: Path):
    language_page.write(tmp_path)
    reached = {place for each in run_project(tmp_path).verdicts for place in each.reached}

    for example in EXAMPLES:
        stages = played(name_of(example))
        try:
            check_example(example, stages)
        except AssertionError as wrong:
            wrong.add_note(f"the example of {example.path}")
            raise
        for run in (each for stage in stages for each in stage.runs):
            reached |= {(workflow, step.position) for workflow, step in run.walked.values()}

    assert coverage_of(project().workflows.values(), reached).missing == {}
