"""One booking, by whatever roads it comes, is confirmed to the team once (H-06, H-09)."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from tests.acceptance.conftest import OpenStory
from tests.acceptance.messages import sample
from tests.acceptance.story import DAY, HOUR, SAMPLE_LEAD, SAMPLE_TIME, Story

# ------------------------------------------------------------------------- H-06, X06: by both roads


@pytest.mark.parametrize("tool_call_comes_first", [True, False])
def test_H_06_X06_one_booking_by_both_roads_has_one_effect_and_one_notification(
    hub: Story, lead: UUID, *, tool_call_comes_first: bool
):
    def ends() -> None:
        hub.call_ends(lead, "appointment_booked", at=SAMPLE_TIME, call="c1")

    def calls() -> None:
        hub.calls_tool(lead, SAMPLE_TIME, call="c1")

    for happens in (calls, ends) if tool_call_comes_first else (ends, calls):
        happens()

    assert hub.appointments(lead) == [(SAMPLE_TIME, "scheduled")]
    assert [entry.outcome for entry in hub.entries(lead, "phone")] == ["assigned", "extended"]
    assert len(hub.slack.requests) == 1


def test_X06_the_same_instant_in_another_zone_is_the_same_booking(hub: Story, lead: UUID):
    hub.voice_agent("vapi-appointment-booked", sample("hub/appointment-booked"))
    hub.voice_agent("vapi-appointment-booked", sample("hub/appointment-booked-offset"))

    assert hub.appointments(lead) == [(SAMPLE_TIME, "scheduled")]
    assert len(hub.slack.messages) == 1


def test_X06_a_slot_that_is_booked_again_after_a_cancellation_is_news(hub: Story, lead: UUID):
    hub.calls_tool(lead, SAMPLE_TIME, tool_call="t1")
    hub.outcome(lead, "cancelled")
    hub.calls_tool(lead, SAMPLE_TIME, tool_call="t2")

    assert [status for _, status in hub.appointments(lead)] == ["cancelled", "scheduled"]
    assert len(hub.slack.messages) == 2


# ------------------------------------------------------------------------------- H-09: confirmation


def test_H_09_one_confirmation_goes_out_for_each_booking(hub: Story, lead: UUID):
    hub.books(lead, SAMPLE_TIME)
    hub.books(lead, SAMPLE_TIME + DAY)
    hub.books(lead, SAMPLE_TIME)

    assert [message.channel for message in hub.slack.messages] == ["#bookings"] * 2
    assert [message.text[:11] for message in hub.slack.messages] == ["Zoë booked "] * 2


def test_H_09_a_failed_confirmation_is_retried_and_the_hold_stays(hub: Story, lead: UUID):
    hub.slack.is_busy(retry_after=30)

    answer = hub.calls_tool(lead, SAMPLE_TIME)

    assert answer.json["results"][0]["result"].startswith("Booked for ")
    assert hub.held_until(lead) == SAMPLE_TIME + DAY
    assert hub.slack.messages == []
    run = hub.last_run().line
    assert run.status == "waiting"

    hub.later(timedelta(seconds=29))
    assert hub.slack.messages == []

    hub.later(timedelta(seconds=31))
    assert len(hub.slack.messages) == 1
    assert hub.run(run.id).line.status == "succeeded"
    assert hub.step(run.id, "slack.post").attempts == 2


def test_H_09_a_confirmation_that_fails_for_good_undoes_nothing(hub: Story, lead: UUID):
    hub.slack.fails_with("channel_not_found")

    hub.calls_tool(lead, SAMPLE_TIME)

    run = hub.last_run().line
    assert run.status == "succeeded"
    step = hub.step(run.id, "slack.post")
    assert (step.status, step.error and step.error["code"]) == ("failed", "channel_not_found")
    assert hub.held_until(lead) == SAMPLE_TIME + DAY


def test_H_09_a_confirmation_that_was_refused_may_be_sent_by_the_other_road(hub: Story, lead: UUID):
    hub.slack.fails_with("channel_not_found")

    hub.calls_tool(lead, SAMPLE_TIME, call="c1")
    hub.call_ends(lead, "appointment_booked", at=SAMPLE_TIME, call="c1")

    assert len(hub.slack.messages) == 1


def test_H_09_an_unclear_confirmation_is_never_sent_twice_and_the_run_list_shows_it(
    hub: Story, lead: UUID
):
    """E8: the message may have been posted, so it is not posted again by any road."""
    hub.slack.fails_with("internal_error")

    hub.calls_tool(lead, SAMPLE_TIME, call="c1")
    hub.later(HOUR)
    hub.call_ends(lead, "appointment_booked", at=SAMPLE_TIME, call="c1")
    hub.later(HOUR)

    assert len(hub.slack.requests) == 1
    assert hub.held_until(lead) == SAMPLE_TIME + DAY
    (booked,) = hub.runs("vapi-appointment-booked")
    (ended,) = hub.runs("vapi-call-ended")
    assert (booked.status, booked.is_maybe_done) == ("succeeded", True)
    step = hub.step(ended.id, "slack.post")
    assert step.error is not None
    assert (step.error["code"], step.error["maybe_done"]) == ("outcome_unknown", True)


# --------------------------------------------------------------------------------------- simulation


@pytest.mark.parametrize("mode", ["simulate", "test"])
def test_D10_outside_of_live_everything_is_done_but_nothing_leaves(
    open_story: OpenStory, mode: str
):
    """In mode `test` because no channel is listed as a destination."""
    hub = open_story(mode=mode)
    lead = hub.holder("Zoë", SAMPLE_LEAD)

    answer = hub.voice_agent("vapi-appointment-booked", sample("vapi/tool-calls"))

    assert answer.json["results"][0]["result"].startswith("Booked for ")
    assert hub.held_until(lead) == SAMPLE_TIME + DAY
    assert hub.slack.nothing_was_sent
    run = hub.last_run().line
    assert (run.status, run.mode) == ("succeeded", mode)
    assert hub.step(run.id, "slack.post").is_simulated
    assert {entry.mode for entry in hub.entries(lead, "phone")} == {mode}


@pytest.mark.parametrize(
    ("accepted", "now", "sent"), [("simulate", "live", 0), ("live", "test", 1)]
)
def test_D10_a_run_keeps_the_mode_it_was_accepted_in_when_the_hub_has_another(
    open_story: OpenStory, accepted: str, now: str, sent: int
):
    before = open_story(mode=accepted)
    lead = before.lead()
    run = before.call_ends(lead, "callback_requested", is_worked=False).run_id

    hub = open_story(mode=now)
    hub.work_all()

    assert (hub.run(run).line.status, hub.run(run).line.mode) == ("succeeded", accepted)
    assert len(hub.slack.requests) == sent
    hub.call_ends(lead, "callback_requested", call="c2")
    assert hub.last_run().line.mode == now
