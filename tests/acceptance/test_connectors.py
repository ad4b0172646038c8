"""Steps that write to services outside, through the whole hub: lost answers, and the mode."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import OpenStory
from tests.acceptance.story import HOUR, SAMPLE_LEAD, Story
from tests.fakes.airtable import FakeAirtable
from tests.fakes.hubspot import FakeHubspot
from tests.fakes.llm import FakeLlm
from tests.fakes.postgrest import FakePostgrest
from tests.fakes.services import FakeService
from tests.fakes.slack import FakeSlack
from tests.fakes.vapi import FakeVapi
from tests.processes.link import Link

ASSISTANT = "2bec425c-0000-4000-8000-3f0ff5f25d01"
TESTER = "+12025550199"
# action → its inputs, and words of its request
IDEMPOTENT: dict[str, tuple[dict[str, Any], bytes]] = {
    "airtable.upsert": (
        {"table": "Leads", "fields": {"Email": "ada@example.com"}, "merge_on": ["Email"]},
        b"PATCH /v0",
    ),
    "hubspot.upsert_contact": ({"email": "ada@example.com"}, b"POST /crm"),
    "supabase.upsert": (
        {"table": "leads", "row": {"email": "ada@example.com"}, "on_conflict": ["email"]},
        b"POST /rest",
    ),
}
ONCE: dict[str, tuple[dict[str, Any], bytes]] = {
    "supabase.insert": ({"table": "leads", "row": {"email": "bob@example.com"}}, b"POST /rest"),
    "vapi.start_call": ({"to": "+12025550147", "assistant": ASSISTANT}, b"POST /call"),
}
LOOKED_UP = {"vapi.start_call"}  # who can be asked whether it was done is asked (X15)
READING: dict[str, dict[str, Any]] = {"llm.text": {"prompt": "Who is Ada, who owes 4711?"}}
KEYS = {"airtable": "token", "hubspot": "token", "supabase": "key", "vapi": "api_key"}


@dataclass(frozen=True)
class Outside:
    """The services, and the way to each."""

    airtable: FakeAirtable
    hubspot: FakeHubspot
    supabase: FakePostgrest
    vapi: FakeVapi
    llm: FakeLlm
    ways: dict[str, Link]

    def effects(self, action: str) -> int:
        """How often it was done."""
        return {
            "airtable": len(self.airtable.records["Leads"]),
            "hubspot": len(self.hubspot.contacts),
            "supabase": len(self.supabase.rows),
            "vapi": len(self.vapi.calls),
        }[action.partition(".")[0]]


@pytest.fixture
def outside(project: Path, slack: FakeSlack) -> Iterator[Outside]:
    """The services, their connections in hub.yaml, and a workflow for each action."""
    with ExitStack() as closing:
        fakes: dict[str, FakeService] = {
            "airtable": FakeAirtable(),
            "hubspot": FakeHubspot(),
            "supabase": FakePostgrest(),
            "vapi": FakeVapi(),
            "llm": FakeLlm(),
        }
        ways = {}
        for name, fake in fakes.items():
            closing.enter_context(fake)
            ways[name] = closing.enter_context(Link(f"127.0.0.1:{fake.port}"))
        paths = {"airtable": "/v0", "supabase": "/rest/v1", "llm": "/v1"}
        options = {"airtable": {"base": "app1"}, "vapi": {"phone_number_id": "pn-1"}}
        connections = {
            name: {
                "type": name,
                "base_url": f"http://127.0.0.1:{way.port}{paths.get(name, '')}",
                "credentials": {KEYS.get(name, "api_key"): f"{name.upper()}_KEY"},
                "options": options.get(name, {"model": "small-1"} if name == "llm" else {}),
            }
            for name, way in ways.items()
        }
        _write_settings(project, connections, [slack.port, *(way.port for way in ways.values())])
        for action, (given, _) in {**IDEMPOTENT, **ONCE}.items():
            _write_flow(project, action, given)
        for action, given in READING.items():
            _write_flow(project, action, given)
        yield Outside(**fakes, ways=ways)  # type: ignore[arg-type]


def _write_settings(project: Path, connections: dict[str, Any], ports: list[int]) -> None:
    file = project / "hub.yaml"
    text = file.read_text()
    written = "".join(f"  {name}: {json.dumps(each)}\n" for name, each in connections.items())
    secrets = "".join(f"  - {name.upper()}_KEY\n" for name in connections)
    text = text.replace("connections:\n", f"connections:\n{written}", 1)
    text = text.replace("  - SLACK_BOT_TOKEN\n", f"  - SLACK_BOT_TOKEN\n{secrets}", 1)
    file.write_text(text.replace(f"ports: [{ports[0]}]", f"ports: {ports}"))


def _write_flow(project: Path, action: str, given: dict[str, Any]) -> None:
    (project / "workflows" / f"{flow(action)}.yaml").write_text(
        f"""\
hub: 1
title: Reaches a service
endpoint:
  auth: broker
  payload: schemas/lead-phone.json
  respond: accepted
steps:
  - id: reach
    do: {action}
    timeout: 2s
    with: {json.dumps(given)}
"""
    )


def flow(action: str) -> str:
    return action.replace(".", "-").replace("_", "-")


def secrets_of(outside: Outside) -> dict[str, str]:
    return {
        "AIRTABLE_KEY": outside.airtable.token,
        "HUBSPOT_KEY": outside.hubspot.token,
        "SUPABASE_KEY": outside.supabase.key,
        "VAPI_KEY": outside.vapi.api_key,
        "LLM_KEY": outside.llm.api_key,
    }


def reach(hub: Story, action: str) -> Any:
    """The run that a request for it started, once all is over."""
    answer = hub.broker(flow(action), {"lead_id": str(SAMPLE_LEAD)})
    assert answer.status == 202
    for _ in range(3):
        hub.later(HOUR)
    return hub.run(answer.run_id)


def test_E6_E8_after_a_lost_answer_nothing_is_written_twice_or_lost_in_silence(
    open_story: OpenStory, outside: Outside
):
    hub = open_story(**secrets_of(outside))
    for action, (_, words) in {**IDEMPOTENT, **ONCE}.items():
        before = outside.effects(action)
        way = outside.ways[action.partition(".")[0]]
        way.sprung.clear()
        way.lose_answer(words)

        line = reach(hub, action).line

        assert way.sprung.is_set(), action
        assert outside.effects(action) == before + 1, action
        if action in IDEMPOTENT or action in LOOKED_UP:
            assert (line.status, line.is_maybe_done) == ("succeeded", False), action
        else:
            assert (line.status, line.is_maybe_done) == ("failed", True), action


def test_a_call_that_finds_all_lines_busy_is_made_later(open_story: OpenStory, outside: Outside):
    hub = open_story(**secrets_of(outside))
    outside.vapi.lines = 0
    answer = hub.broker(flow("vapi.start_call"), {"lead_id": str(SAMPLE_LEAD)})
    outside.vapi.lines = 1
    hub.later(HOUR)

    assert hub.run(answer.run_id).line.status == "succeeded"
    assert len(outside.vapi.calls) == 1


def test_D10_in_simulate_nothing_is_written_and_in_test_only_a_tester_is_called(
    open_story: OpenStory, outside: Outside
):
    simulating = open_story(mode="simulate", **secrets_of(outside))
    for action in {**IDEMPOTENT, **ONCE}:
        assert reach(simulating, action).line.status == "succeeded"
    assert all(getattr(outside, name).nothing_was_sent for name in KEYS)

    testing = open_story(mode="test", ADMIN_TEST_PHONES=TESTER, **secrets_of(outside))
    for action in {**IDEMPOTENT, **ONCE}:
        assert reach(testing, action).line.status == "succeeded"
    (called,) = outside.vapi.calls.values()
    assert called["customer"] == {"number": TESTER}
    assert [outside.effects(action) for action in IDEMPOTENT] == [0, 0, 0]


def test_S6_a_language_model_key_and_prompt_reach_no_log(
    open_story: OpenStory, outside: Outside, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("DEBUG")
    hub = open_story(**secrets_of(outside))
    outside.llm.says("Nobody.")
    outside.ways["llm"].lose_answer(b"POST /v1")
    outside.llm.says("Nobody.")

    line = reach(hub, "llm.text").line

    assert outside.ways["llm"].sprung.is_set()
    assert line.status == "succeeded"
    assert "4711" not in caplog.text
    assert outside.llm.api_key not in caplog.text
