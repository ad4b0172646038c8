"""Where a job may be: the rules and the free seats of a time, and moving a job there."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from hub.action import Attempt
from hub.domain.bookings import catalog, job_rows, offers, seats
from hub.domain.bookings.catalog import Offered
from hub.domain.bookings.hours import Span
from hub.domain.bookings.job_rows import PENDING
from hub.domain.bookings.rules import Needs, Seats, choose_seats, refusal
from hub.errors import Permanent

MOVABLE = ("pending-confirmation", "scheduled")


def refuse_time(db: Connection, service: Offered, start: datetime, *, now: datetime) -> None:
    """Raise `Permanent` with the rule that forbids this time, full or not."""
    if not service.is_active:
        raise Permanent("inactive", f"{service.name} cannot be booked at present")
    hours = catalog.hours_at(db, service, start)
    refused = refusal(start, now=now, hours=hours, policy=service.policy)
    if refused is not None:
        raise Permanent(refused.code, refused.message)


def free_seats(
    db: Connection, needs: Needs, during: Span, *, now: datetime, but_for: UUID | None = None
) -> Seats:
    """The seats for a job at this time; raises `slot_taken`.

    The places are locked. `but_for` is a job that gives up its own seats.
    """
    found = seats.taken_but_for_lapsed(db, needs, during, now=now, but_for=but_for)
    chosen = choose_seats(needs, found, during)
    if chosen is None:
        raise Permanent("slot_taken", "this time is fully booked")
    return chosen


def move_to(
    db: Connection,
    attempt: Attempt,
    service: Offered,
    job: Row[Any],
    *,
    during: Span,
    chosen: Seats,
    by: str,
    reason: str | None,
    now: datetime,
    **values: Any,
) -> Row[Any]:
    """Give a locked job its new time and these seats; who waits gets the old ones offered."""
    decide_by = job_rows.decide_by(service, job, during.start, now)
    holder = seats.Holder(job.tenant_id, job_id=job.id)
    seats.free(db, holder)
    seats.take(db, holder, chosen, during, lapses_at=decide_by)
    after = job_rows.change(
        db,
        attempt,
        job,
        by=by,
        now=now,
        why=reason,
        starts_at=during.start,
        ends_at=during.end,
        decide_by=decide_by,
        **values,
    )
    offers.offer_free(db, service, now=now)
    return after


def is_overdue(job: Row[Any], now: datetime) -> bool:
    """Whether nobody decided it in time: then it is over, whether or not anybody swept it (X37)."""
    return bool(job.status == PENDING and job.decide_by <= now)
