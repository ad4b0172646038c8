"""Cal.com reports bookings and no-shows, by the samples of its events."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.acceptance.messages import sample
from tests.acceptance.story import DAY, HOUR, SAMPLE_LEAD, SAMPLE_TIME, Story

UID = "bFJeNb2uX8ANpT3JL5EfXw"
NEW_UID = "newUid9ANpT3JL5EfXw"
MOVED_TO = SAMPLE_TIME.replace(day=5, hour=15)

CREATED = sample("calcom/BOOKING_CREATED")
RESCHEDULED = sample("calcom/BOOKING_RESCHEDULED")
NO_SHOW = sample("calcom/BOOKING_NO_SHOW_UPDATED")
TAKEN_BACK = sample("calcom/BOOKING_NO_SHOW_UPDATED-unmarked")


def at(event: Any, created_at: str) -> Any:
    """The same event, made at another time."""
    return {**deepcopy(event), "createdAt": created_at}


def without_lead(event: Any) -> Any:
    """The event as it comes for a booking that was not made by a link of ours."""
    stripped = deepcopy(event)
    stripped["payload"]["responses"].pop("lead_id", None)
    return stripped


# ------------------------------------------------------------------------------------- bookings


def test_H_07_a_created_booking_holds_the_number(hub: Story, lead: UUID):
    answer = hub.calcom(CREATED)

    assert (answer.status, answer.json) == (200, {})
    assert hub.appointments(lead) == [(SAMPLE_TIME, "scheduled")]
    assert hub.held_until(lead) == SAMPLE_TIME + DAY
    assert len(hub.slack.messages) == 1


def test_X06_the_same_booking_by_voice_and_by_calendar_is_one(hub: Story, lead: UUID):
    hub.calls_tool(lead, SAMPLE_TIME)
    hub.calcom(CREATED)

    assert hub.appointments(lead) == [(SAMPLE_TIME, "scheduled")]
    assert len(hub.slack.messages) == 1


def test_X06_an_appointment_made_by_voice_learns_its_id_in_the_calendar(hub: Story, lead: UUID):
    hub.calls_tool(lead, SAMPLE_TIME)
    hub.calcom(CREATED)
    hub.until(SAMPLE_TIME + HOUR)

    hub.calcom(NO_SHOW)

    assert hub.appointments(lead) == [(SAMPLE_TIME, "no_show")]


def test_a_repeated_event_makes_one_run(hub: Story, lead: UUID):
    hub.calcom(CREATED)
    hub.calcom(CREATED)

    (run,) = hub.runs("calcom-appointment-outcome")
    assert hub.delivery(run.id).repeats == 1
    assert hub.held_until(lead) == SAMPLE_TIME + DAY


def test_a_requested_booking_is_not_booked_yet(hub: Story, lead: UUID):
    until = hub.held_until(lead)

    assert hub.calcom(sample("calcom/BOOKING_REQUESTED")).status == 200

    assert hub.held_until(lead) == until
    assert hub.appointments(lead) == []
    assert hub.last_run().result == {"ignored": "BOOKING_REQUESTED"}


def test_a_booking_by_a_stranger_is_ignored(hub: Story, lead: UUID):
    assert hub.calcom(without_lead(CREATED)).status == 200

    assert hub.appointments(lead) == []
    assert hub.last_run().result == {"ignored": "booking without a lead"}


def test_H_30_a_booking_for_a_lead_without_number_is_ignored_with_the_reason(hub: Story):
    hub.lead("Zoë", SAMPLE_LEAD)

    assert hub.calcom(CREATED).status == 200

    run = hub.last_run()
    assert (run.line.status, run.result) == ("succeeded", {"ignored": "no_active_hold"})
    assert hub.slack.nothing_was_sent


# ------------------------------------------------------------------------------------- no-shows


def test_H_12_a_no_show_finds_its_appointment_by_the_bookings_uid(hub: Story, lead: UUID):
    hub.calcom(CREATED)
    hub.until(SAMPLE_TIME + HOUR)

    assert hub.calcom(NO_SHOW).status == 200

    assert hub.appointments(lead) == [(SAMPLE_TIME, "no_show")]
    assert hub.held_until(lead) == hub.now() + DAY
    assert hub.about(lead).status == "no_show"


def test_a_no_show_that_is_taken_back_is_none(hub: Story, lead: UUID):
    hub.calcom(CREATED)
    hub.until(SAMPLE_TIME + HOUR)

    hub.calcom(TAKEN_BACK)

    assert hub.appointments(lead) == [(SAMPLE_TIME, "scheduled")]
    assert hub.last_run().result == {"ignored": "no-show taken back"}


def test_X06_marked_taken_back_and_marked_again_are_three_events(hub: Story, lead: UUID):
    hub.calcom(CREATED)
    hub.until(SAMPLE_TIME + HOUR)
    hub.calcom(at(NO_SHOW, "2025-12-03T20:00:00.000Z"))
    until = hub.held_until(lead)
    hub.later(HOUR)

    hub.calcom(at(TAKEN_BACK, "2025-12-03T20:30:00.000Z"))
    hub.calcom(at(NO_SHOW, "2025-12-03T21:00:00.000Z"))

    assert len(hub.runs("calcom-appointment-outcome")) == 4
    assert hub.appointments(lead) == [(SAMPLE_TIME, "no_show")]
    assert hub.held_until(lead) == until
    entries = hub.entries(lead, "appointment")
    assert [entry.is_duplicate for entry in entries] == [False, True]  # H-17


def test_a_no_show_of_an_unknown_booking_is_ignored(hub: Story, lead: UUID):
    assert hub.calcom(NO_SHOW).status == 200

    assert hub.last_run().result == {"ignored": "booking without a lead"}
    assert hub.entries(lead, "appointment") == []


def test_the_end_of_a_meeting_says_nothing_about_who_came(hub: Story, lead: UUID):
    hub.calcom(CREATED)
    until = hub.held_until(lead)
    hub.until(SAMPLE_TIME + HOUR)

    assert hub.calcom(sample("calcom/MEETING_ENDED")).status == 200

    assert hub.appointments(lead) == [(SAMPLE_TIME, "scheduled")]
    assert hub.held_until(lead) == until
    assert hub.last_run().result == {"ignored": "MEETING_ENDED"}


# --------------------------------------------------------------------------- moved and cancelled


def test_H_14_X04_a_moved_booking_keeps_the_number(hub: Story, lead: UUID):
    hub.calcom(CREATED)
    number = hub.number_of(lead)

    assert hub.calcom(RESCHEDULED).status == 200

    assert hub.appointments(lead) == [(SAMPLE_TIME, "rescheduled"), (MOVED_TO, "scheduled")]
    assert hub.held_until(lead) == MOVED_TO + DAY
    assert hub.number_of(lead) == number
    assert hub.about(lead).appointment_scheduled_at == MOVED_TO
    assert len(hub.rows_of_history(lead)) == 1


def test_a_moved_booking_is_found_by_its_old_uid_when_it_names_no_lead(hub: Story, lead: UUID):
    hub.calcom(CREATED)

    hub.calcom(without_lead(RESCHEDULED))

    assert hub.appointments(lead) == [(SAMPLE_TIME, "rescheduled"), (MOVED_TO, "scheduled")]


def test_H_13_a_cancelled_booking_is_found_by_its_new_uid(hub: Story, lead: UUID):
    """The cancellation names no lead: the chain of uids leads to it."""
    hub.calcom(CREATED)
    hub.calcom(RESCHEDULED)

    assert hub.calcom(sample("calcom/BOOKING_CANCELLED")).status == 200

    assert hub.appointments(lead) == [(SAMPLE_TIME, "rescheduled"), (MOVED_TO, "cancelled")]
    assert hub.held_until(lead) == hub.now()
    assert hub.about(lead).status == "cancelled"
    hub.sweep()
    assert hub.number_of(lead) is None


def test_H_13_a_rejected_booking_frees_the_number(hub: Story, lead: UUID):
    hub.calcom(CREATED)

    assert hub.calcom(sample("calcom/BOOKING_REJECTED")).status == 200

    assert hub.appointments(lead) == [(SAMPLE_TIME, "cancelled")]
    assert hub.held_until(lead) == hub.now()


def test_a_move_of_a_booking_we_never_saw_books_the_new_time(hub: Story, lead: UUID):
    assert hub.calcom(RESCHEDULED).status == 200

    assert hub.held_until(lead) == MOVED_TO + DAY


def test_a_move_of_an_unknown_booking_without_a_number_is_ignored_with_a_reason(hub: Story):
    hub.lead("Zoë", SAMPLE_LEAD)

    assert hub.calcom(RESCHEDULED).status == 200

    assert hub.last_run().result == {"ignored": "no_active_hold"}


# -------------------------------------------------------------------------------- other messages


def test_a_test_delivery_without_signature_is_401(hub: Story):
    assert hub.post("/webhook/calcom", sample("calcom/PING")).status == 401


@pytest.mark.parametrize("name", ["PING", "custom-template"])
def test_what_is_no_booking_event_is_answered_and_makes_no_run(hub: Story, name: str):
    assert hub.calcom(sample(f"calcom/{name}")).status == 200
    assert hub.runs() == []


def test_an_event_that_cannot_be_used_is_recorded_so_that_the_subscription_lives(
    hub: Story, lead: UUID
):
    wrong = deepcopy(CREATED)
    wrong["payload"]["startTime"] = "soon"

    assert hub.calcom(wrong).status == 200

    assert hub.runs("calcom-appointment-outcome") == []
    assert hub.appointments(lead) == []


def test_meetings_that_start_and_cameras_that_miss_guests_change_nothing(hub: Story, lead: UUID):
    hub.calcom(CREATED)
    until = hub.held_until(lead)

    for name in ("MEETING_STARTED", "AFTER_GUESTS_CAL_VIDEO_NO_SHOW"):
        assert hub.calcom(sample(f"calcom/{name}")).status == 200

    assert hub.appointments(lead) == [(SAMPLE_TIME, "scheduled")]
    assert hub.held_until(lead) == until


def test_H_17_every_outcome_that_the_calendar_reports_is_a_row(hub: Story, lead: UUID):
    hub.calcom(CREATED)
    hub.calcom(RESCHEDULED)
    hub.later(timedelta(minutes=1))
    hub.calcom(sample("calcom/BOOKING_CANCELLED"))

    entries = hub.entries(lead, "appointment")
    assert [entry.outcome for entry in entries] == ["rescheduled", "cancelled"]
    assert {entry.who for entry in entries} == {"apply-appointment-outcome"}
