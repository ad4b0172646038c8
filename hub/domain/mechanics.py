"""Mechanics: how many customers one serves at a time, and when one is away (R-25)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, select, update

from hub.action import Clock, action
from hub.domain import seats
from hub.errors import Permanent
from hub.signature import Email
from hub.storage.tables import mechanics, sessions, slot_reservations

MOST_SEATS = 1000


@dataclass(frozen=True)
class Affected:
    """A paid session whose mechanic went offline after it was booked."""

    session_id: str
    start: datetime
    end: datetime
    kind: str
    timezone: str
    customer_id: UUID
    customer_email: Email | None = None


@dataclass(frozen=True)
class Presence:
    """Whether the mechanic is there, and whom a new absence leaves without one.

    Each session is named once for each absence, however often that is told.
    """

    is_online: bool
    affected: list[Affected]


@dataclass(frozen=True)
class Capacity:
    """How many seats there are now."""

    capacity: int


@action(
    "mechanics.set_presence",
    effect="idempotent",
    errors=("invalid_slot",),
    example={"is_online": False, "affected": []},
)
def set_presence(
    db: Connection,
    clock: Clock,
    *,
    mechanic_id: UUID,
    is_online: bool,
    from_: datetime | None = None,
    until: datetime | None = None,
) -> Presence:
    """Note that a mechanic is there again, or away from now (`from`) on, perhaps `until` then.

    No new slot is given away in an absence, and none is confirmed. Sessions that are booked in it
    stay booked, are marked, and are named, so that somebody decides what becomes of them (R-25).
    """
    mechanic = seats.lock_mechanic(db, clock, mechanic_id=mechanic_id)
    begins_at = None if is_online else from_ or mechanic.now
    ends_at = None if is_online else until
    if begins_at is not None and ends_at is not None and ends_at <= begins_at:
        raise Permanent("invalid_slot", "the absence ends before it begins")
    db.execute(
        update(mechanics)
        .where(mechanics.c.id == mechanic_id)
        .values(offline_from=begins_at, offline_until=ends_at)
    )
    in_absence = None if begins_at is None else func.tstzrange(begins_at, ends_at, "[)")
    _unmark(db, mechanic_id, in_absence)
    if in_absence is None:
        return Presence(is_online=True, affected=[])
    return Presence(is_online=False, affected=_marked(db, mechanic, mechanic_id, in_absence))


@action(
    "mechanics.set_capacity",
    effect="idempotent",
    errors=("invalid_input",),
    example={"capacity": 2},
)
def set_capacity(db: Connection, clock: Clock, *, mechanic_id: UUID, capacity: int) -> Capacity:
    """Say how many a mechanic serves at a time, 1 to 1,000; what is booked already stays."""
    if not 1 <= capacity <= MOST_SEATS:
        raise Permanent("invalid_input", f"a mechanic has 1 to {MOST_SEATS} seats")
    seats.lock_mechanic(db, clock, mechanic_id=mechanic_id)
    is_meant = mechanics.c.id == mechanic_id
    db.execute(update(mechanics).where(is_meant).values(capacity=capacity))
    return Capacity(capacity)


def _times() -> Any:
    rows = slot_reservations.c
    return func.tstzrange(rows.starts_at, rows.ends_at, "[)")


def _unmark(db: Connection, mechanic_id: UUID, in_absence: Any | None) -> None:
    """Sessions outside the absence that is known now are nobody's concern any more."""
    rows = slot_reservations.c
    which = [rows.mechanic_id == mechanic_id, rows.offline_at.is_not(None)]
    if in_absence is not None:
        which.append(~_times().op("&&")(in_absence))
    db.execute(update(slot_reservations).where(*which).values(offline_at=None))


def _marked(
    db: Connection, mechanic: seats.Mechanic, mechanic_id: UUID, in_absence: Any
) -> list[Affected]:
    rows = slot_reservations.c
    marked = db.scalars(
        update(slot_reservations)
        .where(
            rows.mechanic_id == mechanic_id,
            rows.status == "confirmed",
            rows.ends_at > mechanic.now,
            rows.offline_at.is_(None),
            _times().op("&&")(in_absence),
        )
        .values(offline_at=mechanic.now)
        .returning(rows.session_id)
    ).all()
    booked = select(sessions, rows.starts_at, rows.ends_at.label("until")).where(
        sessions.c.id.in_(marked), rows.session_id == sessions.c.id, rows.status == "confirmed"
    )
    return [_affected(row) for row in db.execute(booked.order_by(rows.starts_at, sessions.c.id))]


def _affected(row: Row[Any]) -> Affected:
    return Affected(
        session_id=str(row.id),
        start=row.starts_at,
        end=row.until,
        kind=row.kind,
        timezone=row.timezone,
        customer_id=row.customer_id,
        customer_email=row.customer_email,
    )
