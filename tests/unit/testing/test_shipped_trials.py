"""The tests of our own flows pass, and they reach every step."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.bootstrap import read_project
from hub.engine.project import Project
from hub.testing.coverage import coverage_of
from hub.testing.reading import check_trials, read_all
from hub.testing.trying import Trials, Verdict

ROOT = Path(__file__).parents[3]
LEAST_COVERED = 100  # percent


@pytest.fixture(scope="module")
def project() -> Project:
    return read_project(ROOT).project


@pytest.mark.long
def test_the_tests_of_our_flows_pass_reach_every_step_and_say_the_same_each_time(project: Project):
    trials = [trial for file in read_all(project) for trial in file.trials if not trial.given.real]
    with Trials(project) as stage:
        verdicts = [stage.play(trial) for trial in trials]
        again = [stage.play(trial) for trial in reversed(trials)][::-1]

    assert [failed(each) for each in verdicts if not each.is_passed] == []
    reached = {place for verdict in verdicts for place in verdict.reached}
    coverage = coverage_of(project.workflows.values(), reached)
    assert coverage.percent >= LEAST_COVERED, dict(coverage.missing)
    assert [each.timeline for each in verdicts] == [each.timeline for each in again]


def failed(verdict: Verdict) -> str:
    return "\n".join([verdict.trial.id, *map(str, verdict.problems), *verdict.timeline])


def test_their_files_have_no_mistakes(project: Project):
    assert [str(each) for each in check_trials(project)] == []
