"""The rows of jobs, under locks: making one, changing it, and the history of its versions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, and_, insert, or_, select, update

from hub.action import Attempt
from hub.domain.bookings import contacts, seats
from hub.domain.bookings.catalog import Offered
from hub.domain.bookings.contacts import Client
from hub.domain.bookings.hours import Span
from hub.domain.bookings.rules import Seats
from hub.errors import Permanent
from hub.storage.tables import contacts as contact_rows
from hub.storage.tables import job_changes, jobs

JobStatus = Literal["pending-confirmation", "scheduled", "in-progress", "completed", "cancelled"]
BookedStatus = Literal["scheduled", "pending-confirmation"]
NextStatus = Literal["scheduled", "in-progress", "completed", "cancelled"]
By = Literal["client", "staff", "waiting-list"]

PENDING: Literal["pending-confirmation"] = "pending-confirmation"
OCCUPYING = ("pending-confirmation", "scheduled", "in-progress")  # has its seats (K-01)
NEXT: dict[str, tuple[str, ...]] = {
    "pending-confirmation": ("scheduled", "cancelled"),
    "scheduled": ("in-progress", "cancelled"),
    "in-progress": ("completed", "cancelled"),
    "completed": (),
    "cancelled": (),
}


@dataclass(frozen=True)
class NewJob:
    """A job as it begins."""

    client: Client
    during: Span
    status: BookedStatus
    by: By
    notes: str | None = None
    override_reason: str | None = None


def made_before(
    db: Connection,
    attempt: Attempt,
    service: Offered,
    client: Client,
    start: datetime,
    *,
    since: datetime,
) -> Row[Any] | None:
    """The job that this step made already (E7), or that the client made with a first click.

    A click counts as the first one as long as its job stands: who cancelled may book again.
    """
    of_client = select(contact_rows.c.id).where(
        contact_rows.c.tenant_id == service.tenant_id,
        contact_rows.c.email_key == contacts.email_key(client.email),
    )
    return db.execute(
        select(jobs)
        .where(
            or_(
                jobs.c.key == attempt.key,
                and_(
                    jobs.c.service_id == service.id,
                    jobs.c.contact_id.in_(of_client),
                    jobs.c.starts_at == start,
                    jobs.c.status.in_(OCCUPYING),
                    jobs.c.created_at > since,
                ),
            )
        )
        .order_by((jobs.c.key == attempt.key).desc(), jobs.c.created_at)
        .limit(1)
    ).one_or_none()


def create(
    db: Connection, attempt: Attempt, service: Offered, new: NewJob, *, now: datetime
) -> Row[Any]:
    """Store the job with its contact; its seats are taken by the caller (K-23)."""
    client = contacts.reachable(new.client, service.phone_region)
    contact_id = contacts.upsert(db, client, tenant_id=service.tenant_id, now=now)
    row = db.execute(
        insert(jobs)
        .values(
            id=uuid4(),
            tenant_id=service.tenant_id,
            service_id=service.id,
            contact_id=contact_id,
            status=new.status,
            starts_at=new.during.start,
            ends_at=new.during.end,
            decide_by=_decide_by(service, new.status, new.during.start, now),
            client_name=client.name,
            client_email=client.email,
            client_phone=client.phone,
            client_timezone=client.timezone,
            notes=new.notes,
            override_reason=new.override_reason,
            booked_by=new.by,
            key=attempt.key,
            run_id=attempt.run_id,
            mode=attempt.mode,
            created_at=now,
            updated_at=now,
        )
        .returning(jobs)
    ).one()
    _note(db, attempt, row, by=new.by, reason=new.override_reason, now=now)
    return row


def create_with_seats(
    db: Connection,
    attempt: Attempt,
    service: Offered,
    new: NewJob,
    chosen: Seats,
    *,
    now: datetime,
) -> Row[Any]:
    """Store the job and take its seats; a pending one has them until it must be decided."""
    row = create(db, attempt, service, new, now=now)
    holder = seats.Holder(service.tenant_id, job_id=row.id)
    lapses_at = row.decide_by if row.status == PENDING else None
    seats.take(db, holder, chosen, new.during, lapses_at=lapses_at)
    return row


def find(db: Connection, job_id: UUID, *, tenant_id: UUID | None = None) -> Row[Any]:
    """The job; raises `not_found`, also when it is another tenant's than the one named (K-21)."""
    return _one(db, select(jobs), job_id, tenant_id)


def lock(db: Connection, job_id: UUID, *, tenant_id: UUID | None = None) -> Row[Any]:
    """The same, and nobody else changes it. Its service is locked before."""
    return _one(db, select(jobs).with_for_update(), job_id, tenant_id)


def change(
    db: Connection,
    attempt: Attempt,
    job: Row[Any],
    *,
    by: str,
    now: datetime,
    why: str | None = None,
    **values: Any,
) -> Row[Any]:
    """Give a locked job its next version; `why` is for its history."""
    row = db.execute(
        update(jobs)
        .where(jobs.c.id == job.id)
        .values(version=jobs.c.version + 1, updated_at=now, **values)
        .returning(jobs)
    ).one()
    _note(db, attempt, row, by=by, reason=why, now=now)
    return row


def decide_by(service: Offered, job: Row[Any], start: datetime, now: datetime) -> datetime | None:
    """Until when a job that begins at `start` now has its seats: for good, unless it is pending."""
    return _decide_by(service, job.status, start, now)


def _decide_by(service: Offered, status: str, start: datetime, now: datetime) -> datetime | None:
    """A decision that comes after the start helps nobody: the start is the latest."""
    return min(now + service.decide_within, max(start, now)) if status == PENDING else None


def _one(db: Connection, wanted: Any, job_id: UUID, tenant_id: UUID | None) -> Row[Any]:
    wanted = wanted.where(jobs.c.id == job_id)
    if tenant_id is not None:
        wanted = wanted.where(jobs.c.tenant_id == tenant_id)
    row: Row[Any] | None = db.execute(wanted).one_or_none()
    if row is None:
        raise Permanent("not_found", f"there is no job {job_id}")
    return row


def _note(
    db: Connection,
    attempt: Attempt,
    row: Row[Any],
    *,
    by: str,
    reason: str | None,
    now: datetime,
) -> None:
    db.execute(
        insert(job_changes).values(
            job_id=row.id,
            version=row.version,
            status=row.status,
            starts_at=row.starts_at,
            by=by,
            reason=reason,
            run_id=attempt.run_id,
            at=now,
        )
    )
