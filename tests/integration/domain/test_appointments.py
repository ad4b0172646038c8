"""Booking, moving and closing appointments: X04, X06, X08, D4, D8, H-14, H-16, H-30."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from hub.domain import appointments
from hub.errors import Permanent

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def code_of(call, *args, **given) -> str:
    with pytest.raises(Permanent) as refused:
        call(*args, **given)
    return refused.value.code


# ---------------------------------------------------------------------------------------- booking


def test_x06_the_same_booking_by_two_roads_is_one(desk):
    lead = desk.holder()
    at = desk.now() + 48 * HOUR

    tool_call = desk.book(lead, at, source="voice_call")
    calendar = desk.book(lead, at, source="calendar", external_id="uid-1")

    assert calendar.appointment_id == tool_call.appointment_id
    assert (tool_call.created, calendar.created) == (True, False)
    assert calendar.release_at == tool_call.release_at
    assert desk.appointments(lead) == [(at, "scheduled")]


def test_x06_the_later_road_teaches_the_appointment_its_external_id(desk):
    lead = desk.holder()
    at = desk.now() + 48 * HOUR
    booked = desk.book(lead, at)
    desk.book(lead, at, external_id="uid-1")
    desk.book(lead, at, external_id="uid-2")

    with desk.transaction() as db:
        found = appointments.find(db, external_id="uid-1")

    assert (found.found, found.appointment_id) == (True, booked.appointment_id)


def test_x01_one_instant_written_in_two_zones_is_one_appointment(desk):
    lead = desk.holder()
    desk.book(lead, datetime.fromisoformat("2025-10-22T10:00:00-04:00"))

    again = desk.book(lead, datetime.fromisoformat("2025-10-22T14:00:00+00:00"))

    assert not again.created
    assert again.release_at == datetime(2025, 10, 23, 14, tzinfo=UTC)


def test_two_times_in_one_call_are_two_appointments(desk):
    lead = desk.holder()
    first, second = desk.now() + 48 * HOUR, desk.now() + 72 * HOUR

    desk.book(lead, first, external_id="call-1")
    desk.book(lead, second, external_id="call-1")

    assert desk.appointments(lead) == [(first, "scheduled"), (second, "scheduled")]


def test_a_cancelled_time_can_be_booked_again(desk):
    lead = desk.holder()
    at = desk.now() + 48 * HOUR
    desk.book(lead, at)
    desk.outcome(lead, "cancelled")

    again = desk.book(lead, at)

    assert again.created
    assert again.release_at == at + 24 * HOUR
    assert sorted(desk.appointments(lead)) == [(at, "cancelled"), (at, "scheduled")]


def test_x08_h30_a_booking_without_a_number_is_refused_and_leaves_nothing(desk):
    lead = desk.lead()

    assert code_of(desk.book, lead, desk.now() + HOUR) == "no_active_hold"
    assert desk.appointments(lead) == []
    assert desk.history(lead) == []


def test_a_booking_for_a_stranger_is_refused(desk):
    assert code_of(desk.book, uuid4(), desk.now() + HOUR) == "unknown_lead"


@pytest.mark.parametrize(
    ("shift", "refusal"),
    [
        (timedelta(days=-1), None),
        (timedelta(days=-1) - SECOND, "appointment_in_past"),
        (timedelta(days=365 * 4), None),
        (timedelta(days=1826), None),  # 20 October 2030
        (timedelta(days=1826) + SECOND, "appointment_too_far"),
        (timedelta(days=40_000), "appointment_too_far"),
    ],
)
def test_d8_x08_an_appointment_lies_between_yesterday_and_five_years_ahead(desk, shift, refusal):
    lead = desk.holder()
    at = desk.now() + shift

    if refusal is None:
        assert desk.book(lead, at).created
    else:
        before = desk.hold(lead)
        assert code_of(desk.book, lead, at) == refusal
        assert desk.appointments(lead) == []
        assert desk.hold(lead) == before


def test_d8_five_years_after_the_29th_of_february_is_the_1st_of_march(desk):
    desk.clock.set(datetime(2028, 2, 29, 12, tzinfo=UTC))
    lead = desk.holder()
    limit = datetime(2033, 3, 1, 12, tzinfo=UTC)

    assert desk.book(lead, limit).created
    assert code_of(desk.book, lead, limit + SECOND) == "appointment_too_far"


def test_d8_a_hold_cannot_be_asked_for_beyond_the_last_appointment(desk):
    lead = desk.holder()
    at = desk.now() + HOUR

    refusal = code_of(desk.book, lead, at, hold_until=desk.now() + timedelta(days=1828))

    assert refusal == "appointment_too_far"


# --------------------------------------------------------------------------------------- outcomes


def test_x04_h14_moving_keeps_the_number_and_holds_it_for_the_new_time(desk):
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
def test_d4_a_repeated_outcome_changes_nothing(desk, outcome, is_named):
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
def test_d4_a_repeated_move_changes_nothing(desk, is_named):
    lead = desk.holder()
    old, new = desk.now() + 48 * HOUR, desk.now() + 72 * HOUR
    desk.book(lead, old)
    name = {"starts_at": old} if is_named else {}
    first = desk.outcome(lead, "rescheduled", new_starts_at=new, **name)

    again = desk.outcome(lead, "rescheduled", new_starts_at=new, **name)

    assert again.repeated
    assert again.release_at == first.release_at
    assert desk.appointments(lead) == [(old, "rescheduled"), (new, "scheduled")]


def test_d4_moves_told_by_the_first_time_follow_the_appointment(desk):
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
def test_d4_an_outcome_for_no_appointment_is_refused(desk, named_by):
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
def test_d8_a_new_time_outside_the_limits_changes_nothing(desk, shift, refusal):
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


# ---------------------------------------------------------------------------------------- finding


def test_an_open_appointment_is_found_before_a_closed_one(desk):
    lead = desk.holder()
    at = desk.now() + 48 * HOUR
    desk.book(lead, at, external_id="uid-1")
    desk.outcome(lead, "cancelled")
    booked = desk.book(lead, at, external_id="uid-1")

    with desk.transaction() as db:
        found = [
            appointments.find(db, external_id="uid-1"),
            appointments.find(db, lead_id=lead),
            appointments.find(db, lead_id=lead, starts_at=at),
        ]

    assert [each.appointment_id for each in found] == [booked.appointment_id] * 3


def test_what_is_not_there_is_not_found(desk):
    with desk.transaction() as db:
        found = appointments.find(db, external_id="uid-9")

    assert found == appointments.Found(found=False)


def test_a_search_for_nothing_is_refused(desk):
    with desk.transaction() as db:
        assert code_of(appointments.find, db) == "nothing_asked"
