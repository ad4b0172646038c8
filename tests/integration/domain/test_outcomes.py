"""Outcomes: appointments that are kept, missed, called off or moved (X04, D4, D8, H-10, H-14)."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from hub.domain import appointments
from tests.integration.domain.desk import code_of

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def test_D4_X04_H_14_moving_keeps_the_number_and_holds_it_for_the_new_time(desk):
    lead = desk.holder()
    old, new = desk.now() + 48 * HOUR, desk.now() + 200 * HOUR
    booked = desk.book(lead, old)

    moved = desk.outcome(lead, "rescheduled", starts_at=old, new_starts_at=new)

    assert moved.phone_number == booked.phone_number
    assert moved.release_at == new + 24 * HOUR
    assert moved.new_appointment_id not in {None, booked.appointment_id}
    assert desk.appointments(lead) == [(old, "rescheduled"), (new, "scheduled")]


def test_x04_moving_to_an_earlier_time_brings_the_release_forward(desk):
    lead = desk.holder()
    desk.book(lead, desk.now() + 200 * HOUR)
    new = desk.now() + 48 * HOUR

    moved = desk.outcome(lead, "rescheduled", new_starts_at=new)

    assert moved.release_at == new + 24 * HOUR


def test_x04_moving_to_a_time_that_is_booked_already_joins_the_two(desk):
    lead = desk.holder()
    old, other = desk.now() + 48 * HOUR, desk.now() + 72 * HOUR
    desk.book(lead, old)
    booked = desk.book(lead, other)

    moved = desk.outcome(lead, "rescheduled", starts_at=old, new_starts_at=other)

    assert moved.new_appointment_id == booked.appointment_id
    assert desk.appointments(lead) == [(old, "rescheduled"), (other, "scheduled")]


@pytest.mark.parametrize("outcome", ["showed", "no_show", "cancelled", "rescheduled"])
@pytest.mark.parametrize("is_named", [True, False])
def test_D4_a_repeated_outcome_changes_nothing(desk, outcome, is_named):
    lead = desk.holder()
    at = desk.now() + HOUR
    desk.book(lead, at)
    desk.clock.advance(2 * HOUR)
    name = {"starts_at": at} if is_named else {}
    first = desk.outcome(lead, outcome, **name)
    history = desk.history(lead)
    desk.clock.advance(HOUR)

    again = desk.outcome(lead, outcome, **name)

    assert again.repeated
    assert (again.appointment_id, again.release_at) == (first.appointment_id, first.release_at)
    assert desk.history(lead) == history


@pytest.mark.parametrize("is_named", [True, False])
def test_D4_a_repeated_move_changes_nothing(desk, is_named):
    lead = desk.holder()
    old, new = desk.now() + 48 * HOUR, desk.now() + 72 * HOUR
    desk.book(lead, old)
    name = {"starts_at": old} if is_named else {}
    first = desk.outcome(lead, "rescheduled", new_starts_at=new, **name)

    again = desk.outcome(lead, "rescheduled", new_starts_at=new, **name)

    assert again.repeated
    assert again.release_at == first.release_at
    assert desk.appointments(lead) == [(old, "rescheduled"), (new, "scheduled")]


def test_D4_moves_told_by_the_first_time_follow_the_appointment(desk):
    lead = desk.holder()
    first, second, third = (desk.now() + day * 24 * HOUR for day in (2, 3, 4))
    desk.book(lead, first)
    desk.outcome(lead, "rescheduled", starts_at=first, new_starts_at=second)

    moved = desk.outcome(lead, "rescheduled", starts_at=first, new_starts_at=third)
    late_repeat = desk.outcome(lead, "rescheduled", starts_at=first, new_starts_at=second)

    assert (moved.repeated, late_repeat.repeated) == (False, True)
    assert late_repeat.release_at == moved.release_at == third + 24 * HOUR
    assert desk.appointments(lead) == [
        (first, "rescheduled"),
        (second, "rescheduled"),
        (third, "scheduled"),
    ]


def test_a_new_time_may_come_after_the_word_that_there_will_be_one(desk):
    lead = desk.holder()
    old, new = desk.now() + 48 * HOUR, desk.now() + 72 * HOUR
    desk.book(lead, old)
    desk.outcome(lead, "rescheduled")

    moved = desk.outcome(lead, "rescheduled", new_starts_at=new)

    assert not moved.repeated
    assert moved.release_at == new + 24 * HOUR


def test_without_a_name_the_latest_open_appointment_is_meant(desk):
    lead = desk.holder()
    first, last = desk.now() + 48 * HOUR, desk.now() + 72 * HOUR
    desk.book(lead, last)
    desk.book(lead, first)

    desk.outcome(lead, "cancelled")

    assert desk.appointments(lead) == [(first, "scheduled"), (last, "cancelled")]


def test_an_external_id_names_the_appointment(desk):
    lead = desk.holder()
    first, last = desk.now() + 48 * HOUR, desk.now() + 72 * HOUR
    desk.book(lead, first, external_id="uid-1")
    desk.book(lead, last, external_id="uid-2")

    desk.outcome(lead, "no_show", external_id="uid-1")

    assert desk.appointments(lead) == [(first, "no_show"), (last, "scheduled")]


def test_a_move_gives_the_new_appointment_its_external_id(desk):
    lead = desk.holder()
    desk.book(lead, desk.now() + 48 * HOUR, external_id="uid-1")
    new = desk.now() + 72 * HOUR
    moved = desk.outcome(
        lead, "rescheduled", external_id="uid-1", new_starts_at=new, new_external_id="uid-2"
    )

    with desk.transaction() as db:
        found = appointments.find(db, external_id="uid-2")

    assert found.appointment_id == moved.new_appointment_id
    assert (found.lead_id, found.starts_at, found.status) == (lead, new, "scheduled")


@pytest.mark.parametrize("named_by", ["external_id", "starts_at", None])
def test_D4_an_outcome_for_no_appointment_is_refused(desk, named_by):
    lead = desk.holder()
    name = {"external_id": "uid-9", "starts_at": desk.now() + HOUR}
    given = {} if named_by is None else {named_by: name[named_by]}

    assert code_of(desk.outcome, lead, "showed", **given) == "no_appointment"


def test_an_outcome_for_a_stranger_is_refused(desk):
    assert code_of(desk.outcome, uuid4(), "showed") == "no_appointment"


def test_another_outcome_without_a_name_is_refused_when_nothing_is_open(desk):
    lead = desk.holder()
    desk.book(lead, desk.now() + HOUR)
    desk.outcome(lead, "showed")

    assert code_of(desk.outcome, lead, "no_show") == "no_appointment"


def test_an_unnamed_repeat_means_the_appointment_that_was_closed_last(desk):
    lead = desk.holder()
    first, last = desk.now() + HOUR, desk.now() + 2 * HOUR
    desk.book(lead, first)
    desk.book(lead, last)
    desk.outcome(lead, "showed", starts_at=first)
    desk.clock.advance(SECOND)
    desk.outcome(lead, "no_show", starts_at=last)

    assert code_of(desk.outcome, lead, "showed") == "no_appointment"
    assert desk.outcome(lead, "no_show").repeated


@pytest.mark.parametrize(
    ("first", "correction", "hours_until_release"),
    [
        ("no_show", "showed", 24),
        ("showed", "no_show", 24),
        ("cancelled", "showed", 24),
        ("showed", "cancelled", 23),  # a correction takes no window back
    ],
)
def test_another_outcome_for_a_named_closed_appointment_corrects_it(
    desk, first, correction, hours_until_release
):
    lead = desk.holder()
    at = desk.now() + HOUR
    desk.book(lead, at)
    desk.clock.advance(HOUR)
    desk.outcome(lead, first)
    desk.clock.advance(HOUR)

    corrected = desk.outcome(lead, correction, starts_at=at)

    assert not corrected.repeated
    assert corrected.release_at == desk.now() + hours_until_release * HOUR
    assert desk.appointments(lead) == [(at, correction)]


def test_the_calendar_cancelling_a_moved_appointment_does_not_touch_the_new_one(desk):
    lead = desk.holder()
    old, new = desk.now() + 48 * HOUR, desk.now() + 72 * HOUR
    desk.book(lead, old)
    desk.outcome(lead, "rescheduled", starts_at=old, new_starts_at=new)

    told = desk.outcome(lead, "cancelled", starts_at=old)

    assert told.release_at == new + 24 * HOUR
    assert desk.appointments(lead) == [(old, "cancelled"), (new, "scheduled")]


@pytest.mark.parametrize(
    ("shift", "refusal"),
    [
        (timedelta(days=-1) - SECOND, "new_time_in_past"),
        (timedelta(days=1826) + SECOND, "appointment_too_far"),
    ],
)
def test_D8_a_new_time_outside_the_limits_changes_nothing(desk, shift, refusal):
    lead = desk.holder()
    at = desk.now() + 48 * HOUR
    desk.book(lead, at)
    before = desk.hold(lead)
    new = desk.now() + shift

    assert code_of(desk.outcome, lead, "rescheduled", new_starts_at=new) == refusal
    assert desk.appointments(lead) == [(at, "scheduled")]
    assert desk.hold(lead) == before


def test_an_outcome_after_the_number_is_gone_closes_the_appointment_all_the_same(desk):
    lead = desk.holder()
    at = desk.now() + HOUR
    desk.book(lead, at)
    desk.clock.advance(50 * HOUR)
    desk.sweep()

    recorded = desk.outcome(lead, "showed")

    assert (recorded.phone_number, recorded.release_at) == (None, None)
    assert desk.appointments(lead) == [(at, "showed")]


def test_x08_a_new_time_after_the_number_is_gone_is_refused_and_leaves_nothing(desk):
    lead = desk.holder()
    at = desk.now() + HOUR
    desk.book(lead, at)
    desk.clock.advance(50 * HOUR)
    desk.sweep()
    new = desk.now() + 48 * HOUR

    assert code_of(desk.outcome, lead, "rescheduled", new_starts_at=new) == "no_active_hold"
    assert desk.appointments(lead) == [(at, "scheduled")]
