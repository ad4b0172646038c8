"""What an operator asks about voice agents: `hub report answers`, `hub explain-reply`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.acceptance.messages import sample
from tests.acceptance.story import Story
from tests.acceptance.terminal import Terminal

SAMPLES = Path(__file__).parents[1] / "samples"


@pytest.mark.usefixtures("lead")
def test_the_report_tells_callers_by_dialect_and_workflow(hub: Story, terminal: Terminal):
    hub.voice_agent("vapi-appointment-booked", sample("vapi/tool-calls"))

    told = terminal.type("report", "answers", "--json")

    assert told.code == 0
    assert [(line["dialect"], line["workflow"], line["callers"]) for line in told.lines] == [
        ("json", "lead-phone", 1),
        ("vapi.tool", "vapi-appointment-booked", 1),
    ]
    assert told.lines[1]["fallback_share"] == 0.0
    assert {"p50", "p95", "p99"} < set(told.lines[1])
    shown = terminal.type("report", "answers", "--since", "1h")
    assert shown.out.splitlines()[0].split()[:3] == ["dialect", "workflow", "callers"]
    assert terminal.type("report", "answers", "--since", "soon").code == 2


def test_a_period_in_which_nobody_waited_is_told(hub: Story, terminal: Terminal):
    assert hub.runs() == []
    assert terminal.type("report", "answers").out == "nobody waited for an answer\n"


def explained(terminal: Terminal, reply: Path, *more: str):
    return terminal.type("explain-reply", "vapi.tool", str(reply), *more, "--json")


def test_a_reply_that_vapi_drops_is_explained_part_by_part(terminal: Terminal, tmp_path: Path):
    request = str(SAMPLES / "vapi/tool-calls.json")
    good = SAMPLES / "vapi/responses/tool-calls-ok.json"
    value = json.loads(good.read_bytes())
    value["results"][0]["toolCallId"] = "call_other"
    wrong = tmp_path / "reply.json"
    wrong.write_text(json.dumps(value))

    used = explained(terminal, good, "--request", request)
    lost = explained(terminal, wrong, "--request", request)

    assert (used.code, used.json["fate"]) == (0, "used")
    assert lost.code == 1
    assert [each["fate"] for each in lost.lines] == ["ignored", "ignored"]
    assert "no call of the request has this id" in lost.lines[0]["why"]
    assert "No result returned" in lost.lines[1]["why"]
    assert explained(terminal, good, "--status", "500").code == 1


def test_what_cannot_be_a_request_is_said_in_one_line(terminal: Terminal, tmp_path: Path):
    request = tmp_path / "request.json"
    request.write_text("{")

    told = explained(terminal, SAMPLES / "vapi/tool-calls.json", "--request", str(request))

    assert told.code == 1
    assert told.err.startswith("hub: the request cannot be read: ")
