"""Jobs: booked under the rules of their service, decided, done, moved or cancelled.

    pending-confirmation ─→ scheduled ─→ in-progress ─→ completed
             └───────────────┴──────────────┴─→ cancelled

A job has its seats while it is one of the first three. Every change is one transaction that locks
the service first, so of two who want the last seat one gets it and the other is refused (X32).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, Row

from hub.action import Attempt, Clock, action
from hub.domain.bookings import catalog, job_rows, offers, seats
from hub.domain.bookings.catalog import Offered
from hub.domain.bookings.contacts import Client
from hub.domain.bookings.hours import Span
from hub.domain.bookings.job_rows import (
    NEXT,
    OCCUPYING,
    PENDING,
    BookedStatus,
    JobStatus,
    NewJob,
    NextStatus,
)
from hub.domain.bookings.placing import MOVABLE, free_seats, is_overdue, move_to, refuse_time
from hub.errors import Permanent
from hub.signature import Email
from hub.values import format_instant

Changer = Literal["client", "staff"]

REFUSALS = (
    "slot_taken",
    "outside_hours",
    "outside_window",
    "in_the_past",
    "same_day",
    "inactive",
    "not_found",
)
_JOB = "44444444-4444-4444-8444-444444444444"
_SECOND_CLICK = timedelta(minutes=10)


@dataclass(frozen=True)
class Job:
    """The booking; one that waits for a decision does so until `decide_by`.

    `created` is false when it was made before: the same client asked for the same time again.
    """

    id: UUID
    status: JobStatus
    start: datetime
    end: datetime
    version: int
    created: bool
    decide_by: datetime | None = None


@dataclass(frozen=True)
class JobView:
    """A job with all that a message about it says; `version` grows with each change of it."""

    id: UUID
    status: JobStatus
    version: int
    start: datetime
    end: datetime
    service_id: UUID
    service_name: str
    tenant_id: UUID
    timezone: str
    client_name: str
    client_email: Email
    contractor_name: str
    contractor_email: Email
    client_phone: str | None = None
    client_timezone: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class JobNow:
    """The job after its change."""

    id: UUID
    status: JobStatus
    version: int


@dataclass(frozen=True)
class JobMoved:
    """The job at its new time."""

    id: UUID
    status: JobStatus
    start: datetime
    end: datetime
    version: int


@action(
    "jobs.book",
    effect="keyed",
    errors=REFUSALS,
    example={
        "id": _JOB,
        "status": "pending-confirmation",
        "start": "2025-11-20T10:00:00Z",
        "end": "2025-11-20T11:00:00Z",
        "version": 1,
        "created": True,
        "decide_by": "2025-11-20T09:00:00Z",
    },
)
def book(
    db: Connection,
    clock: Clock,
    attempt: Attempt,
    *,
    service_id: UUID,
    start: datetime,
    client: Client,
    status: BookedStatus | None = None,
    notes: str | None = None,
) -> Job:
    """Check the booking rules and create the job in one transaction.

    Without a status it is the one that the service begins with (K-11). A pending job has its time
    until `decide_by` (X37). Who asks for the same once more within ten minutes gets the same job.
    """
    service, now = catalog.offered(db, service_id), clock.now()
    needs = catalog.needs_of(db, service)
    during = Span(start, start + service.policy.duration)
    refuse_time(db, service, start, now=now)  # before anybody is held up
    catalog.lock(db, service, needs)
    made = job_rows.made_before(db, attempt, service, client, start, since=now - _SECOND_CLICK)
    if made is not None:
        return as_job(made, created=made.key == attempt.key)
    chosen = free_seats(db, needs, during, now=now)
    begins = status or (PENDING if service.require_confirmation else "scheduled")
    new = NewJob(client, during, begins, "client", notes=notes)
    return as_job(job_rows.create_with_seats(db, attempt, service, new, chosen, now=now))


@action(
    "jobs.get",
    effect="read",
    errors=("not_found",),
    example={
        "id": _JOB,
        "status": "scheduled",
        "version": 2,
        "start": "2025-11-20T10:00:00Z",
        "end": "2025-11-20T11:00:00Z",
        "service_id": "33333333-3333-4333-8333-333333333333",
        "service_name": "Boiler check",
        "tenant_id": "77777777-7777-4777-8777-777777777777",
        "timezone": "America/New_York",
        "client_name": "Ada",
        "client_email": "ada@example.com",
        "client_phone": "+14155550123",
        "client_timezone": "Europe/Paris",
        "contractor_name": "Bob Builder",
        "contractor_email": "bob@example.com",
    },
)
def get(db: Connection, *, job_id: UUID, tenant_id: UUID | None = None) -> JobView:
    """Read a job, with its service and its client; a tenant sees no other tenant's (K-21)."""
    job = job_rows.find(db, job_id, tenant_id=tenant_id)
    service = catalog.offered(db, job.service_id)
    return JobView(
        id=job.id,
        status=job.status,
        version=job.version,
        start=job.starts_at,
        end=job.ends_at,
        service_id=service.id,
        service_name=service.name,
        tenant_id=job.tenant_id,
        timezone=service.timezone,
        client_name=job.client_name,
        client_email=job.client_email,
        contractor_name=service.contractor_name,
        contractor_email=service.contractor_email,
        client_phone=job.client_phone,
        client_timezone=job.client_timezone,
        reason=job.reason,
    )


@action(
    "jobs.set_status",
    effect="idempotent",
    errors=("not_found", "conflict", "too_late"),
    example={"id": _JOB, "status": "scheduled", "version": 2},
)
def set_status(
    db: Connection,
    clock: Clock,
    attempt: Attempt,
    *,
    job_id: UUID,
    status: NextStatus,
    from_: list[JobStatus] | None = None,
    from_version: int | None = None,
    reason: str | None = None,
    tenant_id: UUID | None = None,
    by: Changer = "staff",
) -> JobNow:
    """Change the status of a job.

    `from` are those it may have now. A job that has the status already stays as it is, unless
    `from` leaves that status out; what the machine does not allow is `conflict` (K-12, K-14), and
    so is a job that changed since `from_version`, which is what whoever asks has seen. A pending
    job whose time to be decided is over cannot be confirmed any more. A client who cancels later
    than the service allows is `too_late`.
    """
    service, job = _locked(db, job_id, tenant_id)
    is_allowed = from_ is None or job.status in from_
    if job.status == status and is_allowed and _is_seen(job, from_version):
        return JobNow(job.id, job.status, job.version)
    _refuse_unseen(job, from_version)
    if not is_allowed or status not in NEXT[job.status]:
        raise Permanent("conflict", f"the job is {job.status}: it cannot become {status} so")
    now = clock.now()
    if status != "cancelled" and is_overdue(job, now):
        raise Permanent("conflict", f"nobody decided until {format_instant(job.decide_by)}")
    if by == "client":
        _refuse_late(service, job, now)
    decided = {"decided_at": now} if job.status == PENDING else {}
    told = {"reason": reason} if status == "cancelled" else {}
    after = job_rows.change(
        db, attempt, job, by=by, now=now, why=reason, status=status, **decided, **told
    )
    if status in OCCUPYING:
        seats.keep(db, job.id, lapses_at=None)
    else:
        seats.free(db, seats.Holder(job.tenant_id, job_id=job.id))
        offers.offer_free(db, service, now=now)
    return JobNow(after.id, after.status, after.version)


@action(
    "jobs.reschedule",
    effect="keyed",
    errors=(*REFUSALS, "conflict", "too_late"),
    example={
        "id": _JOB,
        "status": "scheduled",
        "start": "2025-11-21T10:00:00Z",
        "end": "2025-11-21T11:00:00Z",
        "version": 3,
    },
)
def reschedule(
    db: Connection,
    clock: Clock,
    attempt: Attempt,
    *,
    job_id: UUID,
    start: datetime,
    from_version: int | None = None,
    tenant_id: UUID | None = None,
    by: Changer = "staff",
    reason: str | None = None,
) -> JobMoved:
    """Move a job to another time, under the rules of booking, in one transaction.

    The new time is taken before the old one is free, and where it cannot be had the job stays where
    it is. `from_version` is what whoever asks has seen: if the job changed since, it is `conflict`.
    Once more to the same time changes nothing.
    """
    service, job = _locked(db, job_id, tenant_id)
    if job.status in MOVABLE and job.starts_at == start and _is_seen(job, from_version):
        return as_moved(job)
    if job.status not in MOVABLE:
        raise Permanent("conflict", f"the job is {job.status}: it cannot be moved")
    _refuse_unseen(job, from_version)
    now = clock.now()
    if is_overdue(job, now):
        raise Permanent("conflict", f"nobody decided until {format_instant(job.decide_by)}")
    if by == "client":
        _refuse_late(service, job, now)
    during = Span(start, start + (job.ends_at - job.starts_at))
    refuse_time(db, service, start, now=now)
    needs = catalog.needs_of(db, service)
    chosen = free_seats(db, needs, during, now=now, but_for=job.id)
    after = move_to(
        db,
        attempt,
        service,
        job,
        during=during,
        chosen=chosen,
        by=by,
        reason=reason,
        now=now,
    )
    return as_moved(after)


def as_job(row: Row[Any], *, created: bool = True) -> Job:
    """The row as whoever booked is told."""
    return Job(
        id=row.id,
        status=row.status,
        start=row.starts_at,
        end=row.ends_at,
        version=row.version,
        created=created,
        decide_by=row.decide_by,
    )


def as_moved(row: Row[Any]) -> JobMoved:
    """The row as whoever moved it is told."""
    return JobMoved(row.id, row.status, row.starts_at, row.ends_at, row.version)


def _locked(db: Connection, job_id: UUID, tenant_id: UUID | None) -> tuple[Offered, Row[Any]]:
    """The job and its service, locked, with what the service needs."""
    found = job_rows.find(db, job_id, tenant_id=tenant_id)
    service = catalog.offered(db, found.service_id)
    catalog.lock(db, service, catalog.needs_of(db, service))
    return service, job_rows.lock(db, job_id)


def _is_seen(job: Row[Any], from_version: int | None) -> bool:
    return from_version is None or from_version in (job.version, job.version - 1)


def _refuse_unseen(job: Row[Any], from_version: int | None) -> None:
    """Who decides on a job that somebody else changed meanwhile must look again."""
    if from_version is not None and job.version != from_version:
        raise Permanent("conflict", f"the job has changed: it is version {job.version} now")


def _refuse_late(service: Offered, job: Row[Any], now: datetime) -> None:
    latest: datetime = job.starts_at - service.change_notice
    if now > latest:
        raise Permanent("too_late", f"this could be changed until {format_instant(latest)}")
