"""The examples of docs/testing.md, taken out of it and played."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hub.bootstrap.actions import all_actions
from hub.bootstrap.project import DIALECT_FACTS
from hub.engine.language import trials
from hub.engine.project import Project, load_project
from hub.ingest.signatures import AUTH_TYPES
from hub.testing.coverage import coverage_of
from hub.testing.plan import Trial
from hub.testing.reading import check_trials, read_all
from hub.testing.telling import failure_text
from hub.testing.trying import Trials
from tests import readme

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/testing.md").read_text("utf-8")
TESTS = "workflows/tests/welcome.yaml"
REACHED = "reached, in 0.9 s"
SHOWN = re.compile(r"^```console\n\$ (.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def files() -> dict[str, str]:
    """Path → content; what the page adds to a file later stands behind what it began with."""
    found = {"hub.yaml": readme.settings()}
    for path, text in re.findall(r"^```\w+ (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        found[path] = f"{found[path]}\n{text}" if path in found else text
    return found


def project(changed: dict[str, str] | None = None) -> Project:
    return load_project(
        {**files(), **(changed or {})},
        actions=all_actions(),
        auth_types=AUTH_TYPES,
        dialects=DIALECT_FACTS,
    )


PROJECT = project()
TRIALS = [trial for file in read_all(PROJECT) for trial in file.trials]


def test_the_files_of_the_page_have_no_mistakes():
    assert [str(each) for each in [*PROJECT.findings, *check_trials(PROJECT)]] == []


@pytest.mark.parametrize(
    "trial", [each for each in TRIALS if not each.given.real], ids=lambda trial: trial.name
)
def test_an_example_of_the_page(trial: Trial):
    with Trials(PROJECT) as stage:
        verdict = stage.play(trial)

    assert verdict.is_passed, "\n".join([*map(str, verdict.problems), *verdict.timeline])


def test_the_page_says_how_many_examples_there_are_and_what_they_reach():
    with Trials(PROJECT) as stage:
        reached = {place for each in TRIALS for place in stage.play(each).reached}
    coverage = coverage_of(PROJECT.workflows.values(), reached)

    (_, shown), _ = SHOWN.findall(PAGE)
    assert shown.splitlines() == [
        f"welcome: {len(TRIALS)} passed",
        "",
        f"{len(TRIALS)} passed, {coverage.percent:.0f} % of {coverage.total} steps {REACHED}",
    ]


def test_the_failure_that_the_page_shows_is_what_is_told():
    text = files()[TESTS]
    planted = text.replace("did: [leads.create]\n", "did: [leads.create, phones.assign]\n")
    assert planted != text
    loaded = project({TESTS: planted})
    [busy] = [each for file in read_all(loaded) for each in file.trials if "busy" in each.name]

    with Trials(loaded) as stage:
        told = failure_text(stage.play(busy), {TESTS: planted})

    _, (_, shown) = SHOWN.findall(PAGE)
    assert told == shown.partition("busy\n")[2].rstrip("\n")


def test_every_key_of_a_test_is_documented():
    places = (
        trials.TEST,
        trials.REQUEST,
        trials.OUTCOME,
        trials.TIMELINE,
        trials.EXPECT,
        trials.RESPONSE,
        trials.SHOWN,
    )
    wanted = {
        *(name for place in places for name in place.names),
        *trials.STATUSES,
    } - {"hub", "name", "expect"}

    missing = [
        key for key in wanted if not re.search(rf"`{key}[`:]|[{{ ]{key}:|, {key}[,}}]", PAGE)
    ]
    assert sorted(missing) == []
