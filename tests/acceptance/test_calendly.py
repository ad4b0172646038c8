"""Calendly reports bookings; one that is moved by two events, in either order (wire-formats 8)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from hub.storage.runs import ClaimedRun
from tests.acceptance.messages import sample
from tests.acceptance.story import DAY, HOUR, SAMPLE_TIME, Story

MOVED_TO = SAMPLE_TIME.replace(day=5, hour=15)
CREATED = sample("calendly/invitee.created")
CANCELED = sample("calendly/invitee.canceled")
OLD_HALF = sample("calendly/invitee.canceled-rescheduled")
NEW_HALF = sample("calendly/invitee.created-rescheduled")
NO_SHOW = sample("calendly/invitee_no_show.created")
FLOW = "calendly-appointment-outcome"

Given = Callable[[Story, UUID], object]


def without_lead(event: Any) -> Any:
    """The event as it comes for a booking that was not made by a link of ours."""
    stripped = deepcopy(event)
    stripped["payload"]["tracking"]["utm_content"] = "newsletter-7"
    return stripped


def by_calendar(hub: Story, _: UUID) -> None:
    hub.calendly(CREATED)


def by_voice(hub: Story, lead: UUID) -> None:
    hub.calls_tool(lead, SAMPLE_TIME)


def outcomes(hub: Story, lead: UUID) -> list[tuple[str, bool]]:
    return [(each.outcome, each.is_duplicate) for each in hub.entries(lead, "appointment")]


def test_a_booking_holds_the_number_and_is_told_once(hub: Story, lead: UUID):
    answer = hub.calendly(CREATED)
    hub.calendly(CREATED)

    assert (answer.status, answer.json) == (200, {})
    assert hub.appointments(lead) == [(SAMPLE_TIME, "scheduled")]
    assert hub.held_until(lead) == SAMPLE_TIME + DAY
    assert len(hub.runs(FLOW)) == len(hub.slack.messages) == 1


@pytest.mark.parametrize("links", [lambda event: event, without_lead], ids=["our link", "no link"])
@pytest.mark.parametrize("halves", [(OLD_HALF, NEW_HALF), (NEW_HALF, OLD_HALF)])
def test_X04_a_move_is_one_outcome_whichever_event_comes_first(
    hub: Story, lead: UUID, halves: tuple[Any, Any], links: Callable[[Any], Any]
):
    hub.calendly(CREATED)
    number = hub.number_of(lead)

    for half in halves:
        assert hub.calendly(links(half)).status == 200
        assert hub.number_of(lead) == number

    assert hub.appointments(lead) == [(SAMPLE_TIME, "rescheduled"), (MOVED_TO, "scheduled")]
    assert outcomes(hub, lead) == [("rescheduled", False)]
    assert hub.held_until(lead) == MOVED_TO + DAY
    assert hub.about(lead).appointment_scheduled_at == MOVED_TO
    assert {run.status for run in hub.runs(FLOW)} == {"succeeded"}


def test_E16_a_move_is_one_outcome_when_both_events_come_at_once(hub: Story, lead: UUID):
    hub.calendly(CREATED)
    for half in (OLD_HALF, NEW_HALF):
        hub.calendly(half, is_worked=False)
    both = [hub.claim(), hub.claim()]
    at_once = threading.Barrier(2)

    def work(run: ClaimedRun) -> None:
        at_once.wait()
        hub.hub.executor.work(run, is_stopping=lambda: False)

    with ThreadPoolExecutor(2) as workers:
        list(workers.map(work, both))
    hub.work_all()

    assert hub.appointments(lead) == [(SAMPLE_TIME, "rescheduled"), (MOVED_TO, "scheduled")]
    assert outcomes(hub, lead) == [("rescheduled", False)]
    assert {run.status for run in hub.runs(FLOW)} == {"succeeded"}


@pytest.mark.parametrize("halves", [(OLD_HALF, NEW_HALF), (NEW_HALF, OLD_HALF)])
def test_a_move_of_what_was_booked_by_voice_closes_the_old_time_too(
    hub: Story, lead: UUID, halves: tuple[Any, Any]
):
    """Calendly's ids of the old booking never came: only its time says which one it is."""
    hub.calls_tool(lead, SAMPLE_TIME)

    for half in halves:
        hub.calendly(half)

    assert hub.appointments(lead) == [(SAMPLE_TIME, "rescheduled"), (MOVED_TO, "scheduled")]
    assert outcomes(hub, lead) == [("rescheduled", False)]
    assert hub.held_until(lead) == MOVED_TO + DAY


@pytest.mark.parametrize("booked", [by_calendar, by_voice])
def test_a_move_whose_new_time_never_comes_is_told_after_a_day(
    hub: Story, lead: UUID, booked: Given
):
    booked(hub, lead)
    until = hub.held_until(lead)

    hub.calendly(OLD_HALF)
    assert outcomes(hub, lead) == []  # moved, not cancelled: the number stays
    assert hub.held_until(lead) == until
    hub.later(DAY + timedelta(minutes=1))

    assert hub.appointments(lead) == [(SAMPLE_TIME, "rescheduled")]
    assert outcomes(hub, lead) == [("rescheduled", False)]
    assert hub.held_until(lead) == hub.now() + 2 * HOUR


def test_a_move_whose_old_time_never_comes_is_whole_all_the_same(hub: Story, lead: UUID):
    hub.calendly(CREATED)

    hub.calendly(NEW_HALF)
    hub.later(2 * DAY)

    assert hub.appointments(lead) == [(SAMPLE_TIME, "rescheduled"), (MOVED_TO, "scheduled")]
    assert outcomes(hub, lead) == [("rescheduled", False)]


def test_every_half_may_come_again(hub: Story, lead: UUID):
    hub.calendly(CREATED)

    for half in (OLD_HALF, OLD_HALF, NEW_HALF, OLD_HALF, NEW_HALF):
        hub.later(timedelta(minutes=10))
        assert hub.calendly(half).status == 200

    assert len(hub.runs(FLOW)) == 3
    assert outcomes(hub, lead) == [("rescheduled", False)]


def test_a_booking_that_was_moved_can_be_cancelled(hub: Story, lead: UUID):
    """An invitee keeps `old_invitee` for ever: that alone is no move."""
    hub.calendly(CREATED)
    hub.calendly(NEW_HALF)
    cancelled = deepcopy(NEW_HALF)
    cancelled["event"] = "invitee.canceled"
    cancelled["payload"]["status"] = "canceled"

    hub.calendly(cancelled)

    assert hub.appointments(lead) == [(SAMPLE_TIME, "rescheduled"), (MOVED_TO, "cancelled")]
    assert hub.held_until(lead) == hub.now()


def test_a_cancelled_booking_frees_the_number(hub: Story, lead: UUID):
    hub.calendly(CREATED)

    hub.calendly(without_lead(CANCELED))

    assert hub.appointments(lead) == [(SAMPLE_TIME, "cancelled")]
    assert hub.held_until(lead) == hub.now()


def test_a_no_show_is_marked_and_taking_it_back_says_nothing(hub: Story, lead: UUID):
    hub.calendly(CREATED)
    hub.until(SAMPLE_TIME + HOUR)

    hub.calendly(NO_SHOW)
    hub.calendly(sample("calendly/invitee_no_show.deleted"))

    assert hub.appointments(lead) == [(SAMPLE_TIME, "no_show")]
    assert hub.last_run().result == {"ignored": "invitee_no_show.deleted"}


@pytest.mark.parametrize(
    "body",
    [
        {"event": "event_type.updated", "payload": {"uri": "x", "updated_at": "y"}},
        {"event": "invitee.created"},
        {"event": "invitee.created", "payload": {"scheduled_event": {"start_time": "soon"}}},
        {},
    ],
)
def test_whatever_is_signed_is_answered_with_200_so_that_the_subscription_lives(
    hub: Story, lead: UUID, body: Any
):
    assert hub.calendly(body).status == 200
    assert hub.appointments(lead) == []
