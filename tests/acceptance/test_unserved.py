"""A workflow with an action nobody implemented is told everywhere, and served nowhere."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.bootstrap import actions
from hub.bootstrap.actions import all_actions
from hub.storage import tables
from tests.acceptance.conftest import OpenStory
from tests.acceptance.story import Story
from tests.acceptance.terminal import Terminal

HEAD = "# yaml-language-server: $schema=workflow.schema.json\nhub: 1\ntitle: Asks the oracle\n"
STEPS = """\
steps:
  - id: said
    do: oracle.ask
    with:
      question: When?
"""
ASKS = f"{HEAD}endpoint:\n  auth: broker\n  respond: accepted\n{STEPS}"
SWEEPS = f"{HEAD}schedule:\n  every: 15m\n{STEPS}"
MISSING = "oracle.ask has no implementation yet"


@pytest.fixture
def project(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The project with two more workflows, in a hub that knows the oracle and cannot ask it."""
    known = (*actions.BUILT_IN, "tests.fakes.oracle")
    monkeypatch.setattr(actions, "BUILT_IN", known)
    all_actions.cache_clear()
    for name, text in (("asks", ASKS), ("asks-at-times", SWEEPS)):
        (project / "workflows" / f"{name}.yaml").write_text(text)
    yield project
    monkeypatch.undo()
    all_actions.cache_clear()


def test_its_endpoint_answers_503_with_the_reason_and_stores_nothing(hub: Story):
    answer = hub.broker("asks", {"any": "thing"})

    assert answer.status == 503
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert MISSING in answer.json["title"]
    assert hub.rows(tables.deliveries) == []
    assert hub.rows(tables.runs) == []


def test_its_schedule_is_not_planned_and_the_others_are(hub: Story):
    planned = [row.workflow for row in hub.rows(tables.schedules)]

    assert "asks-at-times" not in hub.hub.scheduled
    assert "asks-at-times" not in planned
    assert "release-expired-phones" in planned


def test_what_its_schedule_misses_is_kept_for_when_it_is_served(
    open_story: OpenStory, project: Path
):
    file = project / "workflows" / "asks-at-times.yaml"
    file.write_text(f"{HEAD}schedule:\n  every: 15m\nsteps:\n  - log: All is well\n")
    planned = [row.next_at for row in open_story().rows(tables.schedules, workflow=file.stem)]

    file.write_text(SWEEPS)
    again = open_story()

    assert planned
    kept = [row.next_at for row in again.rows(tables.schedules, workflow=file.stem)]
    assert kept == planned


def test_hub_run_refuses_it_and_says_why(hub: Story):
    typed = Terminal.of(hub).type("run", "asks-at-times")

    assert typed.code == 1
    assert typed.err.endswith(f"hub: asks-at-times is not served: {MISSING}; see `hub actions`\n")
    assert hub.rows(tables.runs) == []


def test_hub_doctor_lists_it_as_a_warning(hub: Story):
    lines = {line["check"]: line for line in Terminal.of(hub).type("doctor", "--json").lines}

    assert lines["actions"]["status"] == "warning"
    assert f"asks: {MISSING}" in lines["actions"]["rows"]
    assert f"asks-at-times: {MISSING}" in lines["actions"]["rows"]


def test_the_start_says_it_in_the_log(open_story: OpenStory, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING):
        open_story()

    (told,) = [each for each in caplog.messages if each.startswith("not served")]
    assert "asks, asks-at-times" in told


def test_hub_check_notes_it_and_counts_it_as_no_mistake(project: Path):
    terminal = Terminal(project, {})
    file = project / "workflows" / "asks.yaml"

    typed = terminal.type("check", file, "--strict")
    note = terminal.type("check", file, "--json").json

    assert (typed.code, typed.out.splitlines()[-1].endswith("no mistakes, 1 note")) == (0, True)
    assert "asks.yaml:8:5: note HUB701" in typed.out
    assert (note["severity"], note["code"], note["line"]) == ("note", "HUB701", 8)


def test_hub_openapi_leaves_its_endpoint_out(project: Path):
    paths = json.loads(Terminal(project, {}).type("openapi").out)["paths"]

    assert "/webhook/asks" not in paths
    assert "/webhook/lead-phone" in paths


def test_hub_actions_shows_what_is_declared_only(project: Path):
    terminal = Terminal(project, {})

    listed = terminal.type("actions").out.splitlines()
    lines = {line["name"]: line for line in terminal.type("actions", "--json").lines}

    assert [each for each in listed if "oracle.ask" in each and "declared only" in each]
    assert [each for each in listed if "slack.post" in each and "declared only" not in each]
    assert "nobody implemented it yet" in terminal.type("actions", "oracle.ask").out
    assert (lines["oracle.ask"]["implemented"], lines["slack.post"]["implemented"]) == (False, True)
