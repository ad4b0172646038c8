"""What may be booked, and what becomes of it: K-01 to K-14, X36, X37.

Length: a rule is a test, and there are many.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import partial
from uuid import uuid4

import pytest

from hub.domain.bookings.contacts import Client
from tests.integration.bookings.office import (
    ADA,
    DAY,
    EVERY_DAY,
    HOUR,
    Office,
    at,
    attempt,
    outcome,
)
from tests.integration.domain.desk import code_of

BOB = Client("Bob", "bob@example.net")
TUESDAY = date(2025, 10, 21)


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


# --------------------------------------------------------------------------- what a booking leaves


def test_K10_the_same_address_twice_is_one_contact_of_each_tenant(office: Office):
    service, other = office.service(), office.service()
    office.book(service, at(21, 10), Client("Ada", "Ada@Example.com", phone="+14155550123"))
    office.book(service, at(21, 11), Client("Ada Byron", "ada@example.com"))
    office.book(other, at(21, 10), Client("Ada", "ada@example.com"))

    contacts = office.rows("contacts")

    assert len(contacts) == 2
    assert {(row.name, row.phone) for row in contacts} == {
        ("Ada Byron", "+14155550123"),
        ("Ada", None),
    }
    assert {row.client_name for row in office.rows("jobs")} == {"Ada", "Ada Byron"}


def test_K11_a_service_that_requires_confirmation_begins_with_pending(office: Office):
    asked = office.book(office.service(require_confirmation=True), at(23, 10))
    at_once = office.book(office.service(), at(23, 10))

    assert (asked.status, asked.decide_by) == ("pending-confirmation", office.now() + 48 * HOUR)
    assert (at_once.status, at_once.decide_by) == ("scheduled", None)


def test_X37_who_decides_does_so_before_the_job_begins(office: Office):
    asked = office.book(office.service(require_confirmation=True), at(21, 10))

    assert asked.decide_by == at(21, 10)


def test_K12_confirming_twice_is_confirming_once(office: Office):
    job = office.book(office.service(require_confirmation=True), at(21, 10)).id

    first, again = office.confirm(job), office.confirm(job)

    assert first == again
    assert (first.status, first.version) == ("scheduled", 2)
    assert [row.lapses_at for row in office.rows("taken_seats")] == [None]


def test_K13_declined_with_a_reason_the_slot_is_free(office: Office):
    service = office.service(require_confirmation=True)
    job = office.book(service, at(21, 10)).id

    office.decline(job, "We are closed that day.")

    assert (office.job(job).status, office.job(job).reason) == (
        "cancelled",
        "We are closed that day.",
    )
    assert office.book(service, at(21, 10), BOB).created


@pytest.mark.parametrize("decide", ["confirm", "decline"])
def test_K14_what_is_not_pending_cannot_be_decided(office: Office, decide):
    service = office.service()
    cancelled, done = (office.book(service, at(21, hour)).id for hour in (10, 11))
    office.cancel(cancelled)
    office.set_status(done, "in-progress")

    assert code_of(getattr(office, decide), cancelled) == "conflict"
    assert code_of(getattr(office, decide), done) == "conflict"


def test_X37_what_nobody_decided_in_time_blocks_nobody_and_is_told_once(office: Office):
    service = office.service(require_confirmation=True, decide_within_minutes=60)
    late = office.book(service, at(21, 10)).id
    office.clock.advance(HOUR)

    assert at(21, 10) in office.free(service, TUESDAY)
    assert code_of(office.confirm, late) == "conflict"
    assert office.book(service, at(21, 10), BOB).created
    assert (office.job(late).status, office.job(late).reason) == (
        "cancelled",
        "nobody decided in time",
    )
    assert [job.id for job in office.expire()] == [late]
    assert office.expire() == []


def test_X37_the_sweep_cancels_what_nobody_needed(office: Office):
    service = office.service(require_confirmation=True, decide_within_minutes=60)
    late = office.book(service, at(21, 10)).id
    kept = office.book(service, at(21, 11)).id
    office.confirm(kept)
    assert office.expire() == []
    office.clock.advance(HOUR)

    assert [job.id for job in office.expire()] == [late]
    assert (office.job(late).status, office.job(kept).status) == ("cancelled", "scheduled")


def test_a_second_click_within_ten_minutes_finds_the_job_of_the_first(office: Office):
    service = office.service(max_bookings_per_slot=3)
    first = office.book(service, at(21, 10))
    again = office.book(service, at(21, 10), Client("Ada", "ADA@example.com"))
    office.clock.advance(timedelta(minutes=10))
    for_a_friend = office.book(service, at(21, 10))

    assert (again.id, again.created) == (first.id, False)
    assert for_a_friend.created


def test_book_cancel_and_book_the_same_time_again(office: Office):
    service = office.service()
    first = office.book(service, at(21, 10)).id
    office.cancel(first)

    again = office.book(service, at(21, 10))

    assert again.created
    assert again.id != first


def test_the_same_step_books_once(office: Office):
    service = office.service(max_bookings_per_slot=3)
    key = attempt().key

    first = office.book(service, at(21, 10), key=key)
    office.clock.advance(HOUR)
    again = office.book(service, at(21, 10), key=key)

    assert (again.id, again.created) == (first.id, True)


# ------------------------------------------------------------------------------------- the machine


def test_every_move_that_the_machine_does_not_have_is_refused(office: Office):
    service = office.service(max_bookings_per_slot=50)
    roads = {
        "pending-confirmation": [],
        "scheduled": ["scheduled"],
        "in-progress": ["scheduled", "in-progress"],
        "completed": ["scheduled", "in-progress", "completed"],
        "cancelled": ["cancelled"],
    }
    legal = {
        ("pending-confirmation", "scheduled"),
        ("pending-confirmation", "cancelled"),
        ("scheduled", "in-progress"),
        ("scheduled", "cancelled"),
        ("in-progress", "completed"),
        ("in-progress", "cancelled"),
    }
    number = 0
    for begin, road in roads.items():
        for goal in ("scheduled", "in-progress", "completed", "cancelled"):
            number += 1
            client = Client("C", f"c{number}@example.com")
            job = office.book(service, at(21, 10), client, status="pending-confirmation").id
            for step in road:
                office.set_status(job, step)
            version = office.job(job).version

            if (begin, goal) in legal or begin == goal:
                after = office.set_status(job, goal)
                assert (after.status, after.version) == (goal, version + (begin != goal))
            else:
                assert code_of(office.set_status, job, goal) == "conflict"
                assert office.job(job).status == begin


# ------------------------------------------------------------------------------------------ moving


def test_a_job_moves_with_its_seat_and_its_version(office: Office):
    service = office.service()
    job = office.book(service, at(21, 10)).id

    moved = office.move(job, at(22, 11), from_version=1)

    assert (moved.start, moved.end, moved.version) == (at(22, 11), at(22, 12), 2)
    assert at(21, 10) in office.free(service, TUESDAY)
    assert office.move(job, at(22, 11), from_version=1) == moved
    assert code_of(office.move, job, at(22, 12), from_version=1) == "conflict"


def test_a_job_may_move_into_its_own_time(office: Office):
    service = office.service(step_minutes=30)
    job = office.book(service, at(21, 10)).id

    assert office.move(job, at(21, 10, 30)).start == at(21, 10, 30)


def test_X30_a_job_that_cannot_have_the_new_time_keeps_the_old_one(office: Office):
    service = office.service()
    job, other = office.book(service, at(21, 10)).id, office.book(service, at(21, 11)).id

    assert code_of(office.move, job, at(21, 11)) == "slot_taken"
    assert code_of(office.move, job, at(21, 20)) == "outside_hours"
    assert office.job(job).start == at(21, 10)
    assert office.job(other).start == at(21, 11)
    assert office.job(job).version == 1


def test_a_pending_job_that_moves_has_time_to_be_decided_again(office: Office):
    service = office.service(require_confirmation=True, decide_within_minutes=120)
    job = office.book(service, at(22, 10)).id
    office.clock.advance(HOUR)
    office.move(job, at(22, 12))
    office.clock.advance(HOUR)

    assert office.expire() == []
    assert office.confirm(job).status == "scheduled"


@pytest.mark.parametrize("status", ["in-progress", "cancelled"])
def test_what_has_begun_or_is_over_cannot_be_moved(office: Office, status):
    job = office.book(office.service(), at(21, 10)).id
    office.set_status(job, status)

    assert code_of(office.move, job, at(22, 10)) == "conflict"


def test_K27_a_client_may_change_a_job_until_the_service_says_it_is_too_late(office: Office):
    service = office.service(change_notice_minutes=120)
    job = office.book(service, at(21, 10)).id
    office.clock.set(at(21, 8))
    office.move(job, at(21, 11), by="client")
    office.clock.set(at(21, 9, 1))

    assert code_of(office.move, job, at(22, 10), by="client") == "too_late"
    assert code_of(office.cancel, job, by="client") == "too_late"
    assert office.cancel(job, by="staff").status == "cancelled"


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
