"""What the staff of a tenant do: book and move for others, see the list, mark who did not come.

The same rules hold for them as for anybody (X33). Where one forbids a time they are told which, and
what stands in the way; with a reason they may do it all the same, and the reason stays on the job.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select

from hub.action import Attempt, Clock, action
from hub.domain.bookings import catalog, job_rows, offers, seats
from hub.domain.bookings.catalog import Offered
from hub.domain.bookings.contacts import Client
from hub.domain.bookings.hours import Span
from hub.domain.bookings.job_rows import OCCUPYING, PENDING, BookedStatus, JobStatus, NewJob
from hub.domain.bookings.jobs import JobNow
from hub.domain.bookings.placing import MOVABLE, is_overdue, move_to
from hub.domain.bookings.rules import Needs, Seats, choose_seats, extra_seat, refusal
from hub.errors import Permanent
from hub.signature import Email
from hub.storage.tables import jobs, services, taken_seats

MOST_LISTED = 500
COLOURS: dict[JobStatus, tuple[str, str]] = {  # K-15
    "pending-confirmation": ("Pending confirmation", "orange"),
    "scheduled": ("Scheduled", "blue"),
    "in-progress": ("In progress", "yellow"),
    "completed": ("Completed", "green"),
    "cancelled": ("Cancelled", "red"),
}
_TENANT = "77777777-7777-4777-8777-777777777777"
_JOB = "44444444-4444-4444-8444-444444444444"


@dataclass(frozen=True)
class Conflict:
    """A job that is in the way; only for the staff of its tenant (X38)."""

    job_id: UUID
    service_name: str
    client_name: str
    status: JobStatus
    start: datetime
    end: datetime


@dataclass(frozen=True)
class StaffJob:
    """The job, or why there is none: the rule that forbids it and the jobs that are in the way."""

    is_done: bool
    conflicts: list[Conflict]
    job_id: UUID | None = None
    status: JobStatus | None = None
    start: datetime | None = None
    end: datetime | None = None
    version: int | None = None
    refused: str | None = None
    message: str | None = None


@dataclass(frozen=True)
class JobLine:
    """One line of the staff's list; label and colour are those of its status."""

    id: UUID
    status: JobStatus
    label: str
    colour: str
    version: int
    start: datetime
    end: datetime
    service_id: UUID
    service_name: str
    client_name: str
    client_email: Email
    is_no_show: bool
    booked_by: str
    client_phone: str | None = None
    decide_by: datetime | None = None
    reason: str | None = None
    override_reason: str | None = None


@dataclass(frozen=True)
class JobLines:
    """Jobs by their start."""

    jobs: list[JobLine]


@dataclass(frozen=True)
class _Found:
    """What the rules say of a time, and the seats that a job would have there."""

    chosen: Seats
    refused: str | None = None
    message: str | None = None
    conflicts: tuple[Conflict, ...] = ()

    @property
    def as_refusal(self) -> StaffJob:
        return StaffJob(
            is_done=False,
            conflicts=list(self.conflicts),
            refused=self.refused,
            message=self.message,
        )


_EXAMPLE = {
    "is_done": True,
    "conflicts": [],
    "job_id": _JOB,
    "status": "scheduled",
    "start": "2025-11-20T10:00:00Z",
    "end": "2025-11-20T11:00:00Z",
    "version": 1,
}


@action("jobs.create", effect="keyed", errors=("not_found",), example=_EXAMPLE)
def create(
    db: Connection,
    clock: Clock,
    attempt: Attempt,
    *,
    tenant_id: UUID,
    service_id: UUID,
    start: datetime,
    client: Client,
    status: BookedStatus = "scheduled",
    notes: str | None = None,
    override_reason: str | None = None,
) -> StaffJob:
    """Book for a client as staff; what stands in the way is named.

    With `override_reason` the job is made all the same, with its reason (K-03, X33).
    """
    service = catalog.offered(db, service_id, tenant_id=tenant_id)
    needs = catalog.needs_of(db, service)
    catalog.lock(db, service, needs)
    now = clock.now()
    made = db.execute(select(jobs).where(jobs.c.key == attempt.key)).one_or_none()
    if made is not None:
        return _done(made)
    during = Span(start, start + service.policy.duration)
    found = _look(db, service, needs, during, now=now)
    if found.refused is not None and override_reason is None:
        return found.as_refusal
    new = NewJob(
        client,
        during,
        status,
        "staff",
        notes=notes,
        override_reason=override_reason if found.refused is not None else None,
    )
    row = job_rows.create_with_seats(db, attempt, service, new, found.chosen, now=now)
    return _done(row)


@action("jobs.move", effect="keyed", errors=("not_found", "conflict"), example=_EXAMPLE)
def move(
    db: Connection,
    clock: Clock,
    attempt: Attempt,
    *,
    tenant_id: UUID,
    job_id: UUID,
    start: datetime,
    from_version: int | None = None,
    reason: str | None = None,
    override_reason: str | None = None,
) -> StaffJob:
    """Move a job to another time as staff; what stands in the way is named.

    With `override_reason` it is moved all the same. A job that has begun or is over, or changed
    since `from_version`, is `conflict`.
    """
    found_job = job_rows.find(db, job_id, tenant_id=tenant_id)
    service = catalog.offered(db, found_job.service_id, tenant_id=tenant_id)
    needs = catalog.needs_of(db, service)
    catalog.lock(db, service, needs)
    job, now = job_rows.lock(db, job_id, tenant_id=tenant_id), clock.now()
    if job.status not in MOVABLE or is_overdue(job, now):
        raise Permanent("conflict", f"the job is {job.status}: it cannot be moved")
    if from_version is not None and job.version != from_version:
        raise Permanent("conflict", f"the job has changed: it is version {job.version} now")
    during = Span(start, start + (job.ends_at - job.starts_at))
    found = _look(db, service, needs, during, now=now, but_for=job.id)
    if found.refused is not None and override_reason is None:
        return found.as_refusal
    row = move_to(
        db,
        attempt,
        service,
        job,
        during=during,
        chosen=found.chosen,
        by="staff",
        reason=override_reason or reason,
        now=now,
        override_reason=override_reason if found.refused is not None else None,
    )
    return _done(row)


@action(
    "jobs.mark_no_show",
    effect="idempotent",
    errors=("not_found", "conflict"),
    example={"id": _JOB, "status": "cancelled", "version": 3},
)
def mark_no_show(
    db: Connection, clock: Clock, attempt: Attempt, *, tenant_id: UUID, job_id: UUID
) -> JobNow:
    """Note that the client of a job did not come: it is cancelled, and counts as a no-show.

    Before its start nobody can have stayed away: `conflict`.
    """
    found = job_rows.find(db, job_id, tenant_id=tenant_id)
    service = catalog.offered(db, found.service_id, tenant_id=tenant_id)
    catalog.lock(db, service, catalog.needs_of(db, service))
    job, now = job_rows.lock(db, job_id, tenant_id=tenant_id), clock.now()
    if job.is_no_show:
        return JobNow(job.id, job.status, job.version)
    if job.status not in ("scheduled", "in-progress") or job.starts_at > now:
        raise Permanent("conflict", f"the job is {job.status} and begins at {job.starts_at:%c}")
    after = job_rows.change(
        db, attempt, job, by="staff", now=now, why="no-show", status="cancelled", is_no_show=True
    )
    seats.free(db, seats.Holder(job.tenant_id, job_id=job.id))
    offers.offer_free(db, service, now=now)
    return JobNow(after.id, after.status, after.version)


@action(
    "jobs.list",
    effect="read",
    errors=("invalid_input",),
    example={
        "jobs": [
            {
                "id": _JOB,
                "status": "scheduled",
                "label": "Scheduled",
                "colour": "blue",
                "version": 1,
                "start": "2025-11-20T10:00:00Z",
                "end": "2025-11-20T11:00:00Z",
                "service_id": "33333333-3333-4333-8333-333333333333",
                "service_name": "Boiler check",
                "client_name": "Ada",
                "client_email": "ada@example.com",
                "is_no_show": False,
                "booked_by": "client",
            }
        ]
    },
)
def list_jobs(
    db: Connection,
    *,
    tenant_id: UUID,
    first: datetime | None = None,
    last: datetime | None = None,
    status: JobStatus | None = None,
    limit: int = 100,
) -> JobLines:
    """The jobs of a tenant by their start, with the labels and colours of their status (K-15).

    `first` and `last` are instants; a job counts that begins between them.
    """
    if not 1 <= limit <= MOST_LISTED:
        raise Permanent("invalid_input", f"limit must be 1 to {MOST_LISTED}")
    wanted = (
        select(jobs, services.c.name.label("service_name"))
        .join(services, services.c.id == jobs.c.service_id)
        .where(jobs.c.tenant_id == tenant_id)
        .order_by(jobs.c.starts_at, jobs.c.id)
        .limit(limit)
    )
    if first is not None:
        wanted = wanted.where(jobs.c.starts_at >= first)
    if last is not None:
        wanted = wanted.where(jobs.c.starts_at < last)
    if status is not None:
        wanted = wanted.where(jobs.c.status == status)
    return JobLines([_line(row) for row in db.execute(wanted)])


def _look(
    db: Connection,
    service: Offered,
    needs: Needs,
    during: Span,
    *,
    now: datetime,
    but_for: UUID | None = None,
) -> _Found:
    """What the rules say of a time for staff, and the seats to take if they do not care."""
    taken = seats.taken_but_for_lapsed(db, needs, during, now=now, but_for=but_for)
    chosen = choose_seats(needs, taken, during)
    if chosen is None:
        chosen = _beyond(needs, taken)
        in_the_way = tuple(_conflicts(db, service, needs, during, but_for=but_for))
        return _Found(chosen, "slot_taken", "this time is fully booked", in_the_way)
    if not service.is_active:
        return _Found(chosen, "inactive", f"{service.name} cannot be booked at present")
    hours = catalog.hours_at(db, service, during.start)
    refused = refusal(during.start, now=now, hours=hours, policy=service.policy)
    if refused is None:
        return _Found(chosen)
    return _Found(chosen, refused.code, refused.message)


def _beyond(needs: Needs, taken: Any) -> Seats:
    """A seat at every need all the same: beyond the last one of the first place that meets it."""
    chosen: dict[UUID, int] = {}
    for need in needs:
        left = [place for place in need if place.id not in chosen]
        if left:
            by_seat = [(extra_seat(place, taken), index) for index, place in enumerate(left)]
            seat, index = min(by_seat)
            chosen[left[index].id] = seat
    return chosen


def _conflicts(
    db: Connection, service: Offered, needs: Needs, during: Span, *, but_for: UUID | None
) -> list[Conflict]:
    """The tenant's jobs that have seats of these places then."""
    places = [place.id for need in needs for place in need]
    wanted = (
        select(jobs, services.c.name.label("service_name"))
        .join(services, services.c.id == jobs.c.service_id)
        .where(
            jobs.c.tenant_id == service.tenant_id,
            jobs.c.starts_at < during.end,
            jobs.c.ends_at > during.start,
            jobs.c.status.in_(OCCUPYING),
            jobs.c.id.in_(select(taken_seats.c.job_id).where(taken_seats.c.place_id.in_(places))),
        )
        .order_by(jobs.c.starts_at, jobs.c.id)
    )
    return [
        Conflict(
            job_id=row.id,
            service_name=row.service_name,
            client_name=row.client_name,
            status=row.status,
            start=row.starts_at,
            end=row.ends_at,
        )
        for row in db.execute(wanted)
        if row.id != but_for
    ]


def _done(row: Row[Any]) -> StaffJob:
    return StaffJob(
        is_done=True,
        conflicts=[],
        job_id=row.id,
        status=row.status,
        start=row.starts_at,
        end=row.ends_at,
        version=row.version,
    )


def _line(row: Row[Any]) -> JobLine:
    label, colour = COLOURS[row.status]
    return JobLine(
        id=row.id,
        status=row.status,
        label=label,
        colour=colour,
        version=row.version,
        start=row.starts_at,
        end=row.ends_at,
        service_id=row.service_id,
        service_name=row.service_name,
        client_name=row.client_name,
        client_email=row.client_email,
        is_no_show=row.is_no_show,
        booked_by=row.booked_by,
        client_phone=row.client_phone,
        decide_by=row.decide_by if row.status == PENDING else None,
        reason=row.reason,
        override_reason=row.override_reason,
    )
