"""What is over is told once: pending jobs that nobody decided in time (X37)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, select, update

from hub.action import Clock, action
from hub.domain.bookings import catalog, offers, seats
from hub.storage.tables import jobs


@dataclass(frozen=True)
class ExpiredJob:
    """A job that nobody decided in time."""

    id: UUID
    version: int
    reason: str


@dataclass(frozen=True)
class ExpiredJobs:
    """Those that nobody was told of yet."""

    jobs: list[ExpiredJob]


@dataclass(frozen=True)
class Told:
    """Whether it was new."""

    is_new: bool


@action("jobs.expire_overdue", effect="idempotent", example={"jobs": []})
def expire_overdue(db: Connection, clock: Clock, *, limit: int = 100) -> ExpiredJobs:
    """Cancel pending jobs whose time to be decided is over; list those nobody was told of.

    Whoever needed the time may have cancelled one before: it is listed too, until `jobs.told`.
    """
    now = clock.now()
    overdue = db.scalars(
        select(jobs.c.service_id)
        .where(jobs.c.status == seats.PENDING, jobs.c.decide_by <= now)
        .distinct()
        .order_by(jobs.c.service_id)
        .limit(max(limit, 0))
    ).all()
    for service_id in overdue:
        service = catalog.offered(db, service_id)
        needs = catalog.needs_of(db, service)
        catalog.lock(db, service, needs)
        seats.lapse_all(db, needs[0], now=now)
        offers.offer_free(db, service, now=now)
    rows = db.execute(
        select(jobs.c.id, jobs.c.version, jobs.c.reason)
        .where(jobs.c.is_expired, jobs.c.expiry_told_at.is_(None))
        .order_by(jobs.c.decide_by, jobs.c.id)
        .limit(max(limit, 0))
    )
    return ExpiredJobs([ExpiredJob(row.id, row.version, row.reason) for row in rows])


@action(
    "jobs.told_of_expiry",
    effect="idempotent",
    example={"is_new": True},
)
def told_of_expiry(db: Connection, clock: Clock, *, job_id: UUID) -> Told:
    """Note that everybody who must know was told that the job expired."""
    told = db.execute(
        update(jobs)
        .where(jobs.c.id == job_id, jobs.c.is_expired, jobs.c.expiry_told_at.is_(None))
        .values(expiry_told_at=clock.now())
    )
    return Told(is_new=told.rowcount > 0)
