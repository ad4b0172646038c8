"""What becomes of a booking: what it leaves, decided, moved, cancelled (K-10 to K-14, X30, X37)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.domain.bookings.contacts import Client
from tests.integration.bookings.office import (
    BOB,
    HOUR,
    TUESDAY,
    Office,
    at,
    attempt,
)
from tests.integration.domain.desk import code_of

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


def test_whoever_decides_on_what_changed_meanwhile_is_refused(office: Office):
    job = office.book(office.service(), at(21, 10)).id
    office.move(job, at(21, 12))

    assert code_of(office.cancel, job, by="client", from_version=1) == "conflict"
    assert office.job(job).status == "scheduled"
    assert office.cancel(job, from_version=2).version == 3
    assert office.cancel(job, from_version=2).version == 3
    assert code_of(office.cancel, job, from_version=1) == "conflict"


@pytest.mark.parametrize(
    ("region", "written", "stored"),
    [
        ("US", "(415) 555-0123", "+14155550123"),
        ("DE", "030 901820", "+4930901820"),
        ("DE", "+1 415 555 0123", "+14155550123"),
        (None, "+1 415 555 0123", "+14155550123"),
        (None, "(415) 555-0123", "(415) 555-0123"),
        ("US", "later", "later"),
    ],
)
def test_R_19_a_phone_is_stored_as_one_of_the_tenants_region(
    office: Office, region: str | None, written: str, stored: str
):
    service = office.service(office.tenant(phone_region=region))

    job = office.book(service, at(21, 10), Client("Ada", "ada@example.com", phone=written)).id

    assert office.job(job).client_phone == stored
    assert [row.phone for row in office.rows("contacts")] == [stored]


def test_a_region_that_is_none_is_refused(office: Office):
    assert code_of(office.tenant, phone_region="XX") == "invalid_input"


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
