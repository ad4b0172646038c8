"""What an operator sees of runs, and does to them: `hub run`, `runs`, `retry`, `cancel`."""

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

# ------------------------------------------------------------------------------------------ looking


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


# ----------------------------------------------------------------------------------------- starting


def test_a_workflow_is_started_by_hand_with_a_payload(hub: Story, terminal: Terminal):
    lead = hub.lead()
    number = hub.number()

    typed = terminal.type("run", "lead-phone", "--payload", "-", stdin=f'{{"lead_id": "{lead}"}}')
    hub.work_all()

    assert typed.code == 0
    assert str(hub.runs("lead-phone")[0].id) == typed.out.strip()
    assert hub.number_of(lead) == number
    assert "no worker is alive" in typed.err


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ('{"lead_id": "42"}', "/lead_id"),
        ("{}", "lead_id"),
        ('{"lead_id": "a", "lead_id": "b"}', "<stdin>"),
        ("[", "<stdin>"),
    ],
)
def test_a_payload_is_checked_as_at_the_door(
    hub: Story, terminal: Terminal, payload: str, said: str
):
    typed = terminal.type("run", "lead-phone", "--payload", "-", stdin=payload)

    assert typed.code == 1
    assert said in typed.err
    assert hub.runs() == []


def test_a_called_workflow_is_started_by_hand_with_inputs(hub: Story, terminal: Terminal):
    lead = hub.holder()
    time = (hub.now() + DAY).isoformat()

    typed = terminal.type(
        "run",
        "hold-phone-for-appointment",
        f"--input=lead_id={lead}",
        f"--input=appointment_time={time}",
        "--input=source=broker",
        "--mode=simulate",
        "--json",
    )
    hub.work_all()

    (run,) = hub.runs("hold-phone-for-appointment")
    assert typed.json["id"] == str(run.id)
    assert (run.status, run.mode) == ("succeeded", "simulate")
    assert hub.held_until(lead) == hub.now() + 2 * DAY


def test_a_run_in_mode_test_says_where_its_effects_went(hub: Story, terminal: Terminal):
    hub.holder()
    started = terminal.type("run", "release-expired-phones", "--mode=test", "--json").json["id"]
    hub.work_all()

    shown = terminal.type("runs", "show", started)

    assert "effects went to test_destinations, whatever their inputs say" in shown.out


def test_a_schedule_is_run_at_once_by_hand(hub: Story, terminal: Terminal):
    assert terminal.type("run", "release-expired-phones").code == 0
    hub.work_all()

    assert hub.runs("release-expired-phones")[0].status == "succeeded"
    assert terminal.type("run", "release-expired-phones", "--input=a=b").code == 1


def test_a_workflow_that_does_not_exist_is_said_with_those_that_do(terminal: Terminal):
    typed = terminal.type("run", "lead-phon")

    assert typed.code == 1
    assert "lead-phone" in typed.err


# ---------------------------------------------------------------------------------- doing it again


def test_E9_E20_a_failed_run_goes_on_at_the_failed_step_as_a_new_run(
    hub: Story, terminal: Terminal
):
    lead = hub.lead()
    failed = hub.call_ends(lead, "appointment_booked", at=hub.now() + DAY).run_id
    assert hub.run(failed).line.status == "failed"
    hub.number()
    hub.gives_phone(lead)

    typed = terminal.type("retry", failed)
    hub.work_all()

    (run,) = [each for each in hub.runs("vapi-call-ended") if each.id != failed]
    assert typed.out.strip() == str(run.id)
    assert (run.status, run.retry_of) == ("succeeded", failed)
    assert run.version == hub.run(failed).line.version
    assert hub.held_until(lead) == hub.now() + 2 * DAY
    assert len(hub.entries(lead, "call")) == 1  # what was done is not done again
    again = terminal.type("runs", "show", failed, "--json").json
    assert again["run_again_as"] == [str(run.id)]
    shown = terminal.type("runs", "show", run.id, "--json").json
    assert shown["request"]["path"] == "/webhook/vapi-call-ended"


def test_E20_it_asks_before_sending_something_a_second_time(hub: Story, terminal: Terminal):
    done = hub.call_ends(hub.lead(), "callback_requested").run_id
    assert len(hub.slack.messages) == 1

    refused = terminal.type("retry", done)

    assert refused.code == 1
    assert "ask_for_callback (slack.post) was done" in refused.err
    hub.work_all()
    assert len(hub.runs("vapi-call-ended")) == 1

    assert terminal.type("retry", done, "--yes").code == 0
    hub.work_all()
    assert len(hub.slack.messages) == 2


def test_a_run_can_be_done_again_from_any_step_it_reached(hub: Story, terminal: Terminal):
    done = hub.call_ends(hub.lead(), "callback_requested").run_id

    unknown = terminal.type("retry", done, "--from", "nowhere")
    again = terminal.type("retry", done, "--from", "ask_for_callback", "--yes", "--json").json
    hub.work_all()

    assert unknown.code == 1
    assert "record, lead, ask_for_callback" in unknown.err
    assert "record" in again["taken_over"]
    assert len(hub.slack.messages) == 2


def test_a_request_that_came_again_since_is_not_run_again_unasked(hub: Story, terminal: Terminal):
    lead = hub.lead()
    failed = hub.call_ends(lead, "appointment_booked", at=hub.now() + DAY).run_id
    hub.number()
    hub.gives_phone(lead)
    second = hub.call_ends(lead, "appointment_booked", at=hub.now() + DAY).run_id
    assert second != failed

    typed = terminal.type("retry", failed)

    assert typed.code == 1
    assert f"made run {second}" in typed.err


def test_a_repeated_request_finds_the_run_that_was_run_again(hub: Story, terminal: Terminal):
    lead = hub.lead()
    failed = hub.call_ends(lead, "appointment_booked", at=hub.now() + DAY).run_id
    hub.number()
    hub.gives_phone(lead)
    again = terminal.type("retry", failed, "--json").json["id"]
    hub.work_all()

    assert str(hub.call_ends(lead, "appointment_booked", at=hub.now() + DAY).run_id) == again


def test_a_run_that_is_not_over_is_not_run_again(hub: Story, terminal: Terminal):
    queued = terminal.type("run", "release-expired-phones").out.strip()

    typed = terminal.type("retry", queued)

    assert (typed.code, "is queued" in typed.err) == (1, True)
    assert len(hub.runs()) == 1


def test_a_run_is_cancelled_and_says_when(hub: Story, terminal: Terminal):
    queued = terminal.type("run", "release-expired-phones").out.strip()

    asked = terminal.type("cancel", queued)
    hub.work_all()

    assert "as soon as a worker sees it" in asked.out
    assert hub.runs()[0].status == "cancelled"
    assert "is over (cancelled)" in terminal.type("cancel", queued).err
    assert terminal.type("cancel", uuid4()).code == 1


def test_a_payload_that_is_not_json_is_told_with_line_and_column(terminal: Terminal):
    typed = terminal.type("run", "lead-phone", "--payload", "-", stdin='{\n  "lead_id": x\n}')

    assert typed.code == 1
    assert ":2:14: The body is not JSON." in typed.err


def test_a_workflow_that_is_not_there_is_told_with_the_one_that_was_meant(terminal: Terminal):
    started = terminal.type("run", "lead-phoen")
    listed = terminal.type("runs", "--workflow", "lead-phoen")

    assert started.code == 1
    assert "there is no workflow lead-phoen: did you mean 'lead-phone'?" in started.err
    assert listed.out == "no runs\n"
    assert listed.err == "hub: there is no workflow lead-phoen: did you mean 'lead-phone'?\n"
    assert terminal.type("runs", "--workflow", "lead-phone").err == ""
