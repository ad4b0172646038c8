"""The seats that are taken, in the database: who has which, until when, and who lost it by now.

A seat with `lapses_at` blocks nobody from then on (X37): whoever wants the time takes it away
first, in the same transaction. Until then a pending job, or an offer to somebody who waits, has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError

from hub.domain.bookings.hours import Span
from hub.domain.bookings.rules import Needs, Place, Seats, Taken
from hub.errors import Permanent
from hub.storage.tables import job_changes, jobs, taken_seats, waiting

PENDING = "pending-confirmation"
EXPIRED = "nobody decided in time"
_EXCLUDED = "23P01"

_PLACE, _DURING = taken_seats.c.place_id, taken_seats.c.during
_TAKEN: Select[Any] = select(
    *(_PLACE, taken_seats.c.seat, taken_seats.c.job_id, taken_seats.c.lapses_at),
    *(func.lower(_DURING).label("start"), func.upper(_DURING).label("end")),
)


@dataclass(frozen=True)
class Holder:
    """Who has seats: a job, or somebody on the waiting list with an offer."""

    tenant_id: UUID
    job_id: UUID | None = None
    waiting_id: UUID | None = None


def taken(
    db: Connection,
    needs: Needs,
    during: Span,
    *,
    now: datetime,
    but_for: UUID | None = None,
) -> list[Taken]:
    """The seats that are taken at any of these places within this time; not those of one job."""
    return [
        Taken(row.place_id, row.seat, Span(row.start, row.end))
        for row in _rows(db, needs, during)
        if not _is_over(row, now) and (but_for is None or row.job_id != but_for)
    ]


def taken_but_for_lapsed(
    db: Connection, needs: Needs, during: Span, *, now: datetime, but_for: UUID | None = None
) -> list[Taken]:
    """The same for whoever wants the time: what has lapsed and is in the way is taken away.

    Its job is cancelled, its offer is over (X37). The places are locked.
    """
    if any(_is_over(row, now) for row in _rows(db, needs, during)):
        _lapse(db, _at(needs, during), now=now)
    return taken(db, needs, during, now=now, but_for=but_for)


def take(
    db: Connection,
    holder: Holder,
    seats: Seats,
    during: Span,
    *,
    lapses_at: datetime | None = None,
) -> None:
    """Take these seats. The database refuses what somebody has: `slot_taken`, nothing is done."""
    rows = [
        {
            "id": uuid4(),
            "tenant_id": holder.tenant_id,
            "place_id": place,
            "seat": seat,
            "during": Range(during.start, during.end),
            "job_id": holder.job_id,
            "waiting_id": holder.waiting_id,
            "lapses_at": lapses_at,
        }
        for place, seat in seats.items()
    ]
    try:
        db.execute(insert(taken_seats), rows)
    except IntegrityError as refused:
        if getattr(refused.orig, "sqlstate", None) != _EXCLUDED:
            raise
        raise Permanent("slot_taken", "somebody else has this time") from refused


def keep(db: Connection, job_id: UUID, *, lapses_at: datetime | None) -> None:
    """The job has its seats until then; without a time, for good."""
    db.execute(
        update(taken_seats).where(taken_seats.c.job_id == job_id).values(lapses_at=lapses_at)
    )


def hand_over(
    db: Connection, *, waiting_id: UUID, job_id: UUID, lapses_at: datetime | None
) -> None:
    """What was offered to somebody who waits is the job's from now on."""
    db.execute(
        update(taken_seats)
        .where(taken_seats.c.waiting_id == waiting_id)
        .values(waiting_id=None, job_id=job_id, lapses_at=lapses_at)
    )


def free(db: Connection, holder: Holder) -> None:
    """Give up all seats of a job or an offer."""
    which = (
        taken_seats.c.job_id == holder.job_id
        if holder.job_id is not None
        else taken_seats.c.waiting_id == holder.waiting_id
    )
    db.execute(delete(taken_seats).where(which))


def lapse_all(db: Connection, places: Sequence[Place], *, now: datetime) -> int:
    """Take away all that has lapsed at these places; gives how many jobs and offers were over."""
    return _lapse(db, _PLACE.in_([each.id for each in places]), now=now)


def _lapse(db: Connection, where: ColumnElement[bool], *, now: datetime) -> int:
    over = (
        db.execute(
            select(taken_seats.c.job_id, taken_seats.c.waiting_id)
            .where(where, taken_seats.c.lapses_at <= now)
            .distinct()
        )
    ).all()
    job_ids = sorted({row.job_id for row in over if row.job_id is not None})
    waiting_ids = sorted({row.waiting_id for row in over if row.waiting_id is not None})
    done = sum(_expire_job(db, job_id, now=now) for job_id in job_ids)
    return done + sum(_expire_offer(db, waiting_id, now=now) for waiting_id in waiting_ids)


def _expire_job(db: Connection, job_id: UUID, *, now: datetime) -> bool:
    """Cancel a pending job whose time to be decided is over; one that was decided stays."""
    expired = db.execute(
        update(jobs)
        .where(
            jobs.c.id == job_id,
            jobs.c.status == PENDING,
            jobs.c.decide_by <= now,
        )
        .values(
            status="cancelled",
            reason=EXPIRED,
            is_expired=True,
            version=jobs.c.version + 1,
            updated_at=now,
        )
        .returning(jobs.c.tenant_id, jobs.c.version, jobs.c.starts_at)
    ).one_or_none()
    if expired is None:
        return False
    db.execute(
        insert(job_changes).values(
            job_id=job_id,
            version=expired.version,
            status="cancelled",
            starts_at=expired.starts_at,
            by="deadline",
            reason=EXPIRED,
            at=now,
        )
    )
    free(db, Holder(expired.tenant_id, job_id=job_id))
    return True


def _expire_offer(db: Connection, waiting_id: UUID, *, now: datetime) -> bool:
    """End an offer that was not taken up; one that was stays."""
    over = db.execute(
        update(waiting)
        .where(
            waiting.c.id == waiting_id,
            waiting.c.status == "offered",
            waiting.c.offered_until <= now,
        )
        .values(status="lapsed")
    )
    if over.rowcount == 0:
        return False
    db.execute(delete(taken_seats).where(taken_seats.c.waiting_id == waiting_id))
    return True


def _rows(db: Connection, needs: Needs, during: Span) -> Sequence[Row[Any]]:
    return db.execute(_TAKEN.where(_at(needs, during))).all()


def _is_over(row: Row[Any], now: datetime) -> bool:
    return row.lapses_at is not None and row.lapses_at <= now


def _at(needs: Needs, during: Span) -> ColumnElement[bool]:
    places = [place.id for need in needs for place in need]
    overlaps: ColumnElement[bool] = _DURING.op("&&")(_range(during))
    return _PLACE.in_(places) & overlaps


def _range(span: Span) -> ColumnElement[Any]:
    return func.tstzrange(span.start, span.end)
