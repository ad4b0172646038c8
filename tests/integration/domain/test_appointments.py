"""Booking and finding appointments: X01, X06, X08, D8, H-30."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from hub.domain import appointments
from tests.integration.domain.desk import code_of

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


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


def test_h23_the_longest_time_that_any_road_asked_for_holds_the_number(desk):
    lead = desk.holder()
    at = desk.now() + 48 * HOUR
    asked = [at + hours * HOUR for hours in (30, 60, 40)]

    released = [desk.book(lead, at, hold_until=until).release_at for until in asked]
    without = desk.book(lead, at).release_at

    assert [*released, without] == [asked[0], asked[1], asked[1], asked[1]]


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
def test_D8_x08_an_appointment_lies_between_yesterday_and_five_years_ahead(desk, shift, refusal):
    lead = desk.holder()
    at = desk.now() + shift

    if refusal is None:
        assert desk.book(lead, at, hold_until=at + 24 * HOUR).created
    else:
        before = desk.hold(lead)
        assert code_of(desk.book, lead, at) == refusal
        assert desk.appointments(lead) == []
        assert desk.hold(lead) == before


def test_D8_five_years_after_the_29th_of_february_is_the_1st_of_march(desk):
    desk.clock.set(datetime(2028, 2, 29, 12, tzinfo=UTC))
    lead = desk.holder()
    limit = datetime(2033, 3, 1, 12, tzinfo=UTC)

    assert desk.book(lead, limit).created
    assert code_of(desk.book, lead, limit + SECOND) == "appointment_too_far"


def test_D8_a_hold_cannot_be_asked_for_beyond_the_last_appointment(desk):
    lead = desk.holder()
    at = desk.now() + HOUR

    refusal = code_of(desk.book, lead, at, hold_until=desk.now() + timedelta(days=1828))

    assert refusal == "appointment_too_far"


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
