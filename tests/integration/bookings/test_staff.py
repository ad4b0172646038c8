"""What the staff of a tenant do: K-03, K-15, K-21, X33, X38, no-shows."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from hub.domain.bookings.contacts import Client
from tests.integration.bookings.office import ADA, HOUR, at
from tests.integration.domain.desk import code_of

BOB = Client("Bob", "bob@example.net")
EVE = Client("Eve", "eve@example.org")


def test_K03_an_overlapping_job_is_refused_with_the_jobs_and_times_that_are_in_the_way(office):
    tenant = office.tenant()
    service = office.service(tenant, step_minutes=30)
    first = office.book(service, at(21, 10), BOB)

    refused = office.create(tenant, service, at(21, 10, 30))

    assert (refused.is_done, refused.refused) == (False, "slot_taken")
    (conflict,) = refused.conflicts
    assert (conflict.job_id, conflict.client_name) == (first.id, "Bob")
    assert (conflict.start, conflict.end) == (at(21, 10), at(21, 11))
    assert len(office.rows("jobs")) == 1


def test_K03_a_resource_that_another_service_has_is_named_too(office):
    tenant = office.tenant()
    ana = office.resource(tenant)
    first, second = (office.service(tenant, needs={"person": [ana]}) for _ in range(2))
    made = office.book(first, at(21, 10), BOB)

    refused = office.create(tenant, second, at(21, 10))

    assert [conflict.job_id for conflict in refused.conflicts] == [made.id]


def test_X33_the_same_rules_hold_for_staff_capacity_included(office):
    tenant = office.tenant()
    service = office.service(tenant, max_bookings_per_slot=2, advance_days=5)

    assert office.create(tenant, service, at(21, 10), client=ADA).is_done
    assert office.create(tenant, service, at(21, 10), client=BOB).is_done
    assert office.create(tenant, service, at(21, 10), client=EVE).refused == "slot_taken"
    assert office.create(tenant, service, at(21, 20)).refused == "outside_hours"
    assert office.create(tenant, service, at(29, 10)).refused == "outside_window"
    assert office.create(tenant, service, at(20, 9)).refused == "in_the_past"


def test_X33_with_a_reason_it_is_booked_all_the_same_and_the_reason_stays(office):
    tenant = office.tenant()
    service = office.service(tenant)
    office.book(service, at(21, 10), BOB)

    made = office.create(tenant, service, at(21, 10), override_reason="an emergency")
    regular = office.create(tenant, service, at(21, 11), override_reason="not needed")

    assert (made.is_done, regular.is_done) == (True, True)
    reasons = {row.starts_at: row.override_reason for row in office.rows("jobs", booked_by="staff")}
    assert reasons == {at(21, 10): "an emergency", at(21, 11): None}


def test_X33_who_sits_beyond_the_last_seat_is_not_joined_by_others_when_a_seat_gets_free(office):
    tenant = office.tenant()
    service = office.service(tenant)
    first = office.book(service, at(21, 10), BOB)
    office.create(tenant, service, at(21, 10), override_reason="an emergency")
    office.cancel(first.id)

    assert at(21, 10) not in office.free(service, at(21, 0).date())
    assert code_of(office.book, service, at(21, 10), EVE) == "slot_taken"


def test_staff_move_a_job_under_the_same_rules_or_with_a_reason(office):
    tenant = office.tenant()
    service = office.service(tenant)
    job, other = office.book(service, at(21, 10)), office.book(service, at(21, 11), BOB)

    refused = office.move_by_staff(tenant, job.id, at(21, 11))
    moved = office.move_by_staff(tenant, job.id, at(21, 12), from_version=1)

    assert [conflict.job_id for conflict in refused.conflicts] == [other.id]
    assert (moved.is_done, moved.start, moved.version) == (True, at(21, 12), 2)
    assert code_of(office.move_by_staff, tenant, job.id, at(21, 13), from_version=1) == "conflict"
    agreed = office.move_by_staff(tenant, job.id, at(21, 11), override_reason="agreed by phone")
    assert (agreed.is_done, agreed.start) == (True, at(21, 11))
    assert office.move_by_staff(tenant, job.id, at(21, 15)).is_done
    assert [row.override_reason for row in office.rows("jobs", id=job.id)] == [None]


def test_every_version_of_a_job_stays_in_its_history(office):
    tenant = office.tenant()
    service = office.service(tenant, require_confirmation=True)
    job = office.book(service, at(21, 10)).id
    office.confirm(job)
    office.move(job, at(21, 12), by="client")
    office.cancel(job, reason="ill")

    history = sorted(office.rows("job_changes", job_id=job), key=lambda row: row.version)

    assert [(row.status, row.starts_at, row.by, row.reason) for row in history] == [
        ("pending-confirmation", at(21, 10), "client", None),
        ("scheduled", at(21, 10), "staff", None),
        ("scheduled", at(21, 12), "client", None),
        ("cancelled", at(21, 12), "staff", "ill"),
    ]


def test_K24_nobody_came_is_a_mark_that_can_be_set_when_the_job_has_begun(office):
    tenant = office.tenant()
    job = office.book(office.service(tenant), at(21, 10)).id

    assert code_of(office.nobody_came, tenant, job) == "conflict"
    office.clock.set(at(21, 10, 15))
    first, again = office.nobody_came(tenant, job), office.nobody_came(tenant, job)

    assert first == again
    assert [(line.status, line.is_no_show) for line in office.list_jobs(tenant)] == [
        ("cancelled", True)
    ]


def test_K15_each_of_the_five_statuses_has_its_label_and_colour(office):
    tenant = office.tenant()
    service = office.service(tenant, max_bookings_per_slot=9)
    roads = {
        "pending-confirmation": [],
        "scheduled": ["scheduled"],
        "in-progress": ["scheduled", "in-progress"],
        "completed": ["scheduled", "in-progress", "completed"],
        "cancelled": ["cancelled"],
    }
    for name, road in roads.items():
        client = Client(name, f"{name}@example.com")
        job = office.book(service, at(21, 10), client, status="pending-confirmation").id
        for status in road:
            office.set_status(job, status)

    shown = {line.status: (line.label, line.colour) for line in office.list_jobs(tenant)}

    assert shown == {
        "scheduled": ("Scheduled", "blue"),
        "in-progress": ("In progress", "yellow"),
        "completed": ("Completed", "green"),
        "cancelled": ("Cancelled", "red"),
        "pending-confirmation": ("Pending confirmation", "orange"),
    }


def test_a_list_can_be_narrowed(office):
    tenant = office.tenant()
    service = office.service(tenant)
    for hour in (10, 11, 12):
        office.book(service, at(21, hour), Client("C", f"c{hour}@example.com"))

    lines = office.list_jobs(tenant, first=at(21, 11), last=at(21, 12), status="scheduled")

    assert [line.start for line in lines] == [at(21, 11)]
    assert len(office.list_jobs(tenant, limit=2)) == 2
    assert code_of(office.list_jobs, tenant, limit=0) == "invalid_input"


@pytest.mark.parametrize("status", ["in-progress", "completed", "cancelled"])
def test_staff_cannot_move_what_has_begun_or_is_over(office, status):
    tenant = office.tenant()
    job = office.book(office.service(tenant), at(21, 10)).id
    if status == "completed":
        office.set_status(job, "in-progress")
    office.set_status(job, status)

    reason = "I want to"
    code = code_of(office.move_by_staff, tenant, job, at(22, 10), override_reason=reason)
    assert code == "conflict"


def test_staff_may_write_down_what_was_done_in_the_past_with_a_reason(office):
    tenant = office.tenant()
    made = office.create(
        tenant, office.service(tenant), office.now() - 2 * HOUR, override_reason="walked in"
    )

    assert made.is_done
    assert made.end == office.now() - HOUR


def test_a_service_that_nobody_knows_is_refused_to_staff(office):
    assert code_of(office.create, office.tenant(), uuid4(), at(21, 10)) == "not_found"


def test_the_clock_of_a_pending_job_that_staff_move_begins_again(office):
    tenant = office.tenant()
    service = office.service(tenant, require_confirmation=True, decide_within_minutes=60)
    job = office.book(service, at(22, 10)).id
    office.clock.advance(timedelta(minutes=59))
    office.move_by_staff(tenant, job, at(22, 11))
    office.clock.advance(timedelta(minutes=59))

    assert office.confirm(job).status == "scheduled"
