"""The tests of our own flows pass, and they reach every step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.bootstrap import read_project
from hub.testing.coverage import coverage_of
from hub.testing.plan import Trial
from hub.testing.reading import check_trials, read_all
from hub.testing.trying import Trials

ROOT = Path(__file__).parents[3]
PROJECT = read_project(ROOT).project
TRIALS = [trial for file in read_all(PROJECT) for trial in file.trials if not trial.given.real]
LEAST_COVERED = 100  # percent


@pytest.fixture(scope="module")
def stage() -> Iterator[Trials]:
    with Trials(PROJECT) as opened:
        yield opened


def test_their_files_have_no_mistakes():
    assert [str(each) for each in check_trials(PROJECT)] == []


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.id)
def test_our_flow(stage: Trials, trial: Trial):
    verdict = stage.play(trial)

    assert verdict.is_passed, "\n".join([*map(str, verdict.problems), *verdict.timeline])


def test_they_reach_the_steps_of_our_flows(stage: Trials):
    reached = {place for trial in TRIALS for place in stage.play(trial).reached}
    coverage = coverage_of(PROJECT.workflows.values(), reached)

    assert coverage.percent >= LEAST_COVERED, dict(coverage.missing)


def test_a_test_gives_the_same_verdict_each_time_and_in_any_order(stage: Trials):
    first = [stage.play(trial) for trial in TRIALS]
    again = [stage.play(trial) for trial in reversed(TRIALS)][::-1]

    assert [each.timeline for each in first] == [each.timeline for each in again]
