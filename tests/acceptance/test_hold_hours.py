"""How many hours a number stays: the scenarios of the trade, to the second (H-29, H-25).

Whoever changes 24 h or 18 h anywhere sees these fail.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from tests.acceptance.story import DAY, HOUR, Story

IN_2_DAYS = timedelta(days=2)


@pytest.fixture
def lead(hub: Story) -> UUID:
    """A lead with a number and an appointment in two days."""
    lead = hub.holder("Ada", email="ada@example.com")
    hub.books(lead, hub.now() + IN_2_DAYS)
    return lead


def label(hub: Story) -> str:
    (line,) = hub.holds()
    return line.label


def test_H_29_an_appointment_in_2_days_leaves_72_hours(hub: Story, lead: UUID):
    assert hub.hours_held(lead) == 72.0


def test_H_29_showed_leaves_24_hours(hub: Story, lead: UUID):
    hub.later(IN_2_DAYS + HOUR)
    assert hub.hours_held(lead) == 23.0

    hub.outcome(lead, "showed")

    assert hub.hours_held(lead) == 24.0


def test_H_29_no_show_leaves_24_hours(hub: Story, lead: UUID):
    hub.later(IN_2_DAYS + 20 * HOUR)

    hub.outcome(lead, "no_show")

    assert hub.hours_held(lead) == 24.0


def test_H_29_cancelled_is_releasable_now_and_available_after_the_sweep(hub: Story, lead: UUID):
    number = hub.number_of(lead)
    assert number is not None

    hub.outcome(lead, "cancelled")
    assert hub.hours_held(lead) == 0.0
    assert not hub.is_available(number)

    hub.sweep()
    assert hub.is_available(number)


def test_H_29_a_moved_appointment_leaves_24_hours_after_the_new_time(hub: Story, lead: UUID):
    hub.outcome(lead, "rescheduled", new_appointment_time=hub.now() + 4 * DAY)

    assert hub.hours_held(lead) == 120.0


def test_H_29_without_an_appointment_18_hours_are_left(hub: Story):
    assert hub.hours_held(hub.holder()) == 18.0


def test_H_29_a_booking_in_an_hour_leaves_25_hours(hub: Story):
    lead = hub.holder()

    hub.books(lead, hub.now() + HOUR)

    assert hub.hours_held(lead) == 25.0


def test_H_29_a_booking_of_an_hour_ago_is_taken_and_leaves_23_hours(hub: Story):
    lead = hub.holder()

    hub.books(lead, hub.now() - HOUR)

    assert hub.hours_held(lead) == 23.0


def test_H_25_the_monitor_names_lead_number_appointment_release_and_what_it_waits_for(
    hub: Story, lead: UUID
):
    (line,) = hub.holds()

    assert (line.lead_name, line.email) == ("Ada Byron", "ada@example.com")
    assert line.number == hub.number_of(lead)
    assert line.appointment_at == hub.now() + IN_2_DAYS
    assert line.release_at == hub.held_until(lead)
    assert line.label == "pending (48.0 hrs)"
    assert line.last_outcome is None


def test_H_25_the_label_follows_the_flows(hub: Story, lead: UUID):
    hub.later(IN_2_DAYS + HOUR)
    assert label(hub) == "follow-up window"

    hub.outcome(lead, "showed")
    (line,) = hub.holds()
    assert (line.label, line.last_outcome) == ("follow-up window", "showed")

    hub.later(DAY)
    assert label(hub) == "grace over"

    hub.sweep()
    assert hub.holds() == []


def test_H_25_the_holds_are_listed_by_appointment(hub: Story, lead: UUID):
    waiting = hub.holder("Joan")
    sooner = hub.holder("Grace")
    hub.books(sooner, hub.now() + DAY)

    assert [line.lead_id for line in hub.holds()] == [sooner, lead, waiting]
    assert hub.holds()[-1].label == "no appointment"


def test_H_26_nothing_is_overdue_as_long_as_the_job_runs(hub: Story, lead: UUID):
    for _ in range(80):
        hub.later(HOUR)
        hub.sweep()
        assert hub.overdue() == []
    assert hub.number_of(lead) is None
