"""What may be booked, and what becomes of it: K-01 to K-14, X36, X37."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import partial
from uuid import uuid4

import pytest

from hub.domain.bookings.contacts import Client
from tests.integration.bookings.office import (
    ADA,
    BOB,
    DAY,
    EVERY_DAY,
    HOUR,
    TUESDAY,
    Office,
    at,
    outcome,
)
from tests.integration.domain.desk import code_of

# ------------------------------------------------------------------------------------ availability


@pytest.mark.parametrize("status", ["pending-confirmation", "scheduled", "in-progress"])
def test_K01_availability_hides_what_occupying_jobs_overlap(office: Office, status):
    service = office.service(step_minutes=30)
    begins = "pending-confirmation" if status == "pending-confirmation" else "scheduled"
    job = office.book(service, at(21, 10), status=begins).id
    if status == "in-progress":
        office.set_status(job, status)

    free = office.free(service, TUESDAY)

    assert at(21, 9) in free
    assert at(21, 11) in free
    assert not {at(21, 9, 30), at(21, 10), at(21, 10, 30)} & set(free)


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_K01_and_shows_what_is_over_or_cancelled(office: Office, status):
    service = office.service()
    before = office.free(service, TUESDAY)
    job = office.book(service, at(21, 10)).id
    if status == "completed":
        office.set_status(job, "in-progress")
    office.set_status(job, status)

    assert office.free(service, TUESDAY) == before


def test_availability_is_what_a_booking_would_get_and_nothing_else(office: Office):
    service = office.service(step_minutes=30, notice_minutes=120, timezone="America/New_York")
    office.book(service, at(20, 16))
    free = office.free(service, date(2025, 10, 20))

    for number in range(48):
        start = at(20, 0) + number * HOUR / 2 + 4 * HOUR
        answer = outcome(partial(office.book, service, start, BOB))
        assert (answer == "done") == (start in free), answer
        for row in office.rows("jobs", starts_at=start, status="scheduled"):
            if answer == "done":
                office.cancel(row.id)


@pytest.mark.parametrize(
    ("first", "last"), [("2025-10-22", "2025-10-21"), ("2025-10-21", "2026-10-21"), ("soon", "x")]
)
def test_availability_of_a_range_that_is_none_is_refused(office: Office, first, last):
    service = office.service()

    assert code_of(office.free, service, first, last) == "invalid_range"


# -------------------------------------------------------------------------------- rules of booking


def test_K02_K08_as_many_as_there_are_seats_and_not_one_more(office: Office):
    service = office.service(max_bookings_per_slot=2)

    office.book(service, at(21, 10), ADA)
    office.book(service, at(21, 10), BOB)

    eve = Client("Eve", "eve@example.org")
    assert code_of(office.book, service, at(21, 10), eve) == "slot_taken"
    assert office.book(service, at(21, 11), eve).created


def test_K02_back_to_back_is_no_overlap(office: Office):
    service = office.service()

    for hour in range(9, 17):
        office.book(service, at(21, hour), ADA)

    assert office.free(service, TUESDAY) == []


def test_K04_a_time_that_has_passed(office: Office):
    service = office.service(step_minutes=15)
    office.clock.set(at(21, 10, 1))

    assert code_of(office.book, service, at(21, 10)) == "in_the_past"
    assert office.book(service, at(21, 10, 15)).created


@pytest.mark.parametrize("start", [at(21, 8), at(21, 16, 30), at(21, 17), at(21, 10, 7), at(21, 0)])
def test_K05_outside_of_the_working_hours_or_between_two_starts(office: Office, start):
    service = office.service(step_minutes=30)

    assert code_of(office.book, service, start) == "outside_hours"


def test_K05_X36_hours_are_those_of_the_services_zone(office: Office):
    tenant = office.tenant("Asia/Tokyo")  # 9 to 17 there is 0 to 8 UTC
    here, there = office.service(tenant), office.service(tenant, timezone="America/New_York")

    assert office.free(here, TUESDAY)[0] == at(21, 0)
    assert office.free(there, TUESDAY)[0] == at(21, 13)
    assert code_of(office.book, here, at(21, 13)) == "outside_hours"
    assert office.book(there, at(21, 13)).created


def test_K06_X36_the_same_day_is_that_of_the_services_zone(office: Office):
    all_day = dict.fromkeys(range(1, 8), ("00:00-24:00",))
    zone = "Pacific/Auckland"  # 01:00 of the 21st there
    service = office.service(weekly=all_day, timezone=zone, allows_same_day=False)

    assert code_of(office.book, service, at(21, 10)) == "same_day"
    assert office.book(service, at(21, 11)).created


def test_K07_beyond_the_advance_window_and_nearer_than_the_notice(office: Office):
    service = office.service(advance_days=2, notice_minutes=60, step_minutes=30)

    assert code_of(office.book, service, at(23, 9)) == "outside_window"
    assert code_of(office.book, service, at(20, 12, 30)) == "outside_window"
    assert office.book(service, at(22, 16)).created
    assert office.book(service, at(20, 13)).created


def test_K09_an_inactive_service(office: Office):
    service = office.service(is_active=False)

    assert code_of(office.book, service, at(21, 10)) == "inactive"
    assert code_of(office.free, service, TUESDAY) == "inactive"


def test_a_service_that_is_not_there(office: Office):
    assert code_of(office.book, uuid4(), at(21, 10)) == "not_found"
    assert code_of(office.free, uuid4(), TUESDAY) == "not_found"


def test_closed_days_and_special_hours_replace_those_of_the_week(office: Office):
    special = {date(2025, 10, 21): (), date(2025, 10, 22): ("18:00-20:00",)}
    service = office.service(days=special)

    assert office.free(service, TUESDAY) == []
    assert office.free(service, date(2025, 10, 22)) == [at(22, 18), at(22, 19)]
    assert code_of(office.book, service, at(22, 10)) == "outside_hours"


# --------------------------------------------------------------------------------- multi-resource


def test_K27_a_job_takes_a_person_and_a_thing_and_others_cannot_have_them(office: Office):
    tenant = office.tenant()
    ana, ben = office.resource(tenant, "Ana"), office.resource(tenant, "Ben")
    bay = office.resource(tenant, "Bay", kind="equipment")
    repair = office.service(tenant, needs={"person": [ana, ben], "place": [bay]})
    advice = office.service(tenant, needs={"person": [ana, ben]}, max_bookings_per_slot=5)

    office.book(repair, at(21, 10))  # Ana and the bay
    office.book(advice, at(21, 10), BOB)  # Ben

    eve = Client("Eve", "eve@example.org")
    assert code_of(office.book, advice, at(21, 10), eve) == "slot_taken"
    assert at(21, 10) not in office.free(repair, TUESDAY)
    assert {row.place_id for row in office.rows("taken_seats")} == {repair, ana, bay, advice, ben}


def test_K27_who_alone_can_meet_a_need_is_left_for_it(office: Office):
    tenant = office.tenant()
    ana, ben = office.resource(tenant, "Ana"), office.resource(tenant, "Ben")
    service = office.service(tenant, needs={"anybody": [ana, ben], "expert": [ana]})

    office.book(service, at(21, 10))

    assert {row.place_id for row in office.rows("taken_seats")} == {service, ana, ben}


def test_K27_a_need_that_nobody_meets_any_more_is_a_full_service(office: Office):
    tenant = office.tenant()
    ana = office.resource(tenant, "Ana", is_active=False)
    service = office.service(tenant, needs={"person": [ana]})

    assert office.free(service, TUESDAY) == []
    assert code_of(office.book, service, at(21, 10)) == "slot_taken"


def test_X32_the_database_itself_refuses_a_seat_that_somebody_has(office: Office):
    from hub.domain.bookings import seats  # noqa: PLC0415 - beside the rules, on purpose
    from hub.domain.bookings.hours import Span  # noqa: PLC0415

    service = office.service()
    job = office.book(service, at(21, 10))
    tenant = office.job(job.id).tenant_id

    def sit_down() -> None:
        with office.transaction() as db:
            holder = seats.Holder(tenant, job_id=job.id)
            seats.take(db, holder, {service: 1}, Span(at(21, 10, 30), at(21, 11, 30)))

    assert code_of(sit_down) == "slot_taken"


# ------------------------------------------------------------------------------------ across zones


@pytest.mark.parametrize(
    ("zone", "day", "first"),
    [
        ("America/New_York", date(2025, 11, 1), datetime(2025, 11, 1, 13, tzinfo=UTC)),
        ("America/New_York", date(2025, 11, 3), datetime(2025, 11, 3, 14, tzinfo=UTC)),
        ("Europe/Berlin", date(2025, 10, 25), datetime(2025, 10, 25, 7, tzinfo=UTC)),
        ("Europe/Berlin", date(2025, 10, 27), datetime(2025, 10, 27, 8, tzinfo=UTC)),
    ],
)
def test_X36_nine_in_the_morning_stays_nine_across_a_clock_change(office, zone, day, first):
    service = office.service(timezone=zone, weekly=EVERY_DAY)

    assert office.free(service, day)[0] == first
    assert office.book(service, first).start == first
    assert office.free(service, day, day + DAY)[-1] > first
