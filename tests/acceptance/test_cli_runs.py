"""What an operator sees of runs: `hub runs`."""

from __future__ import annotations

import json
from copy import deepcopy
from uuid import uuid4

import pytest
from sqlalchemy import text

from hub.storage.answers import Answer
from tests.acceptance.messages import sample
from tests.acceptance.story import DAY, SAMPLE_LEAD, Story
from tests.acceptance.terminal import Terminal


def test_the_run_list_says_what_others_rely_on(hub: Story, terminal: Terminal):
    lead = hub.holder()

    listed = terminal.type("runs", "--json")

    assert listed.code == 0
    assert {
        "id",
        "workflow",
        "version",
        "status",
        "created_at",
        "ended_at",
        "mode",
        "dedupe_key",
        "error",
    } <= set(listed.json)
    assert (listed.json["workflow"], listed.json["status"]) == ("lead-phone", "succeeded")
    assert str(lead) not in listed.out


def test_a_caller_who_complains_names_the_request_and_gets_to_its_run(
    hub: Story, terminal: Terminal
):
    lead = hub.holder()
    answer = hub.gives_phone(lead)
    request_id = answer.headers["X-Request-Id"]

    (line,) = terminal.type("runs", "--request", request_id, "--json").lines
    shown = terminal.type("runs", "show", line["id"], "--json")

    assert shown.json["request"]["id"] == request_id
    refused = terminal.type("runs", "--request", str(uuid4()))
    assert refused.out == "no runs\n"
    assert "the line `request` with its id in the log of `hub web` says" in refused.err


def test_a_request_that_made_no_run_tells_why_in_the_log_and_to_who_asks(
    hub: Story, terminal: Terminal, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO")
    request_id = hub.calcom(sample("calcom/PING")).headers["X-Request-Id"]

    (line,) = [vars(each) for each in caplog.records if each.message == "request"]
    asked = terminal.type("runs", "--request", request_id)
    listed = terminal.type("runs", "--ignored", "--workflow", line["workflow"])

    assert (line["status"], line["reason"]) == (200, "test delivery")
    assert "took it and noted: test delivery" in asked.out
    assert request_id in listed.out
    assert "test delivery" in listed.out
    assert terminal.type("runs", "--ignored", "--workflow", line["workflow"], "--json").json[
        "reason"
    ]


def test_a_tool_call_that_is_refused_tells_why(hub: Story, terminal: Terminal):
    body = deepcopy(sample("vapi/tool-calls-minimal"))
    (call,) = body["message"]["toolCallList"]
    call.update(name="sing", function={"name": "sing", "arguments": {}})
    answer = hub.voice_agent("vapi-appointment-booked", body)

    asked = terminal.type("runs", "--request", answer.headers["X-Request-Id"])

    assert answer.json["results"][0]["error"] in asked.out


def test_runs_that_wait_in_an_older_version_are_listed_by_the_checker(
    hub: Story, terminal: Terminal
):
    hub.holder()
    quiet = terminal.type("check", "--running")
    with hub.transaction() as db:
        db.execute(text("UPDATE runs SET status = 'waiting', ended_at = NULL, version = 'old'"))

    told = terminal.type("check", "--running")
    lines = terminal.type("check", "--running", "--json").lines
    (line,) = [each for each in lines if "current_version" in each]

    assert (quiet.code, told.code) == (0, 0)
    assert quiet.out.splitlines()[-1] == "no runs in older versions"
    assert "lead-phone" in told.out
    assert (line["workflow"], line["version"], line["status"]) == ("lead-phone", "old", "waiting")
    assert line["current_version"] != "old"


def test_the_run_list_can_be_narrowed(hub: Story, terminal: Terminal):
    hub.gives_phone(hub.lead())  # no number: refused, which is a success of the run
    hub.call_ends(hub.lead(), "appointment_booked", at=hub.now() + DAY)

    failed = terminal.type("runs", "--json", "--status", "failed")
    phones = terminal.type("runs", "--json", "--workflow", "lead-phone")

    assert failed.json["workflow"] == "vapi-call-ended"
    assert failed.json["error"]["code"] == "no_active_hold"
    assert phones.json["workflow"] == "lead-phone"
    assert "no_active_hold" in terminal.type("runs").out
    assert terminal.type("runs", "--status", "waiting").out == "no runs\n"


def test_an_effect_that_may_have_happened_is_flagged(hub: Story, terminal: Terminal):
    hub.holder()
    with hub.transaction() as db:
        db.execute(text("UPDATE runs SET is_maybe_done = true"))

    assert "maybe done" in terminal.type("runs").out
    assert terminal.type("runs", "--json").json["maybe_done"] is True


def test_a_run_is_told_with_every_step_the_request_and_the_answer(hub: Story, terminal: Terminal):
    lead = hub.holder()
    hub.calls_tool(lead, hub.now() + DAY)
    run_id = hub.runs("vapi-appointment-booked")[0].id

    told = terminal.type("runs", "show", run_id, "--json").json

    steps = {step["path"]: step for step in told["steps"]}
    booked = steps["hold/appointment"]
    assert (booked["id"], booked["action"], booked["status"], booked["attempts"]) == (
        "appointment",
        "appointments.book",
        "succeeded",
        1,
    )
    assert booked["input"]["lead_id"] == str(lead)
    assert booked["result"]["created"] is True
    assert {"started_at", "ended_at", "duration_ms", "error"} <= set(booked)
    assert told["request"]["path"] == "/webhook/vapi-appointment-booked"
    assert told["request"]["body"]["message"]["type"] == "tool-calls"
    assert told["response"]["status"] == 200
    assert told["response"]["body"].startswith("Booked for")
    shown = terminal.type("runs", "show", run_id).out
    assert "hold/appointment" in shown
    assert "answered 200" in shown


def test_what_a_voice_agent_heard_at_the_deadline_is_told_as_such(hub: Story, terminal: Terminal):
    hub.holder(lead_id=SAMPLE_LEAD)
    hub.voice_agent("vapi-appointment-booked", sample("vapi/tool-calls-minimal"))
    run_id = hub.runs("vapi-appointment-booked")[0].id
    told = Answer(run_id, 202, "It is being saved.", fallback_after=8.0).as_row()
    with hub.transaction() as db:
        db.execute(
            text("UPDATE runs SET response = :told WHERE id = :id"),
            {"id": run_id, "told": json.dumps(told)},
        )

    shown = terminal.type("runs", "show", run_id).out

    assert "answered in the form of vapi.tool  It is being saved." in shown
    assert "this was `otherwise`: the run had not replied after 8 s" in shown
    assert "202" not in shown.rsplit("answered", 1)[1]


def test_a_run_that_nobody_waited_for_answered_202(hub: Story, terminal: Terminal):
    answer = hub.call_ends(hub.lead(), "no_answer")

    told = terminal.type("runs", "show", answer.run_id, "--json").json

    assert (told["response"]["status"], told["response"]["body"]) == (202, answer.json)
    shown = terminal.type("runs", "show", answer.run_id).out
    assert "accepted at once: the caller did not wait for the run" in shown
    assert "answered" not in shown


def test_S6_secrets_that_a_caller_sends_in_its_body_are_never_shown(hub: Story, terminal: Terminal):
    hub.holder(lead_id=SAMPLE_LEAD)
    body = sample("vapi/tool-calls-inline-secret")
    hub.voice_agent("vapi-appointment-booked", body)
    run_id = hub.runs("vapi-appointment-booked")[0].id

    told = terminal.type("runs", "show", run_id, "--json")

    assert hub.delivery(run_id).is_sealed
    assert told.json["request"]["body"]["message"]["type"] == "tool-calls"
    assert '"secret"' in json.dumps(body)
    assert '"secret"' not in told.out


def test_a_run_that_does_not_exist_is_said_in_one_line(terminal: Terminal):
    nobody = uuid4()

    asked = terminal.type("runs", "show", nobody)

    assert (asked.code, asked.err) == (1, f"hub: there is no run {nobody}\n")
