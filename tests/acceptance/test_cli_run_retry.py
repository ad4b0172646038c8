"""What an operator does to runs: `hub run`, `retry`, `cancel`."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.acceptance.story import DAY, Story
from tests.acceptance.terminal import Terminal

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
