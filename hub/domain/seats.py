"""Whose the time of a mechanic is: numbered seats, and the one rule that no two overlap (D2).

A mechanic with capacity n has the seats 1 to n; each holds one at a time, from its start until
before its end, so back-to-back is legal. Whoever takes or frees a seat locks the session first, if
there is one, then the mechanic's row, then reservations: nobody waits in a circle. The exclusion
constraint of the table holds also against those who do not.

An overdue reservation blocks nobody: it is expired by whoever needs its time, in the same
transaction (X26).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select, update

from hub.action import Attempt, Clock
from hub.domain.limits import refuse_far
from hub.errors import Permanent
from hub.storage.statement import Statement, own_time
from hub.storage.tables import slot_reservations
from hub.values import format_instant

ReservationStatus = Literal["reserved", "confirmed", "expired", "cancelled"]

_LOCK = Statement(
    "SELECT capacity, offline_from, offline_until, clock_timestamp()"
    " FROM mechanics WHERE id = :mechanic_id FOR NO KEY UPDATE"
)
_LOOK = Statement(
    "SELECT capacity, offline_from, offline_until, clock_timestamp()"
    " FROM mechanics WHERE id = :mechanic_id"
)
_MEET = Statement("INSERT INTO mechanics (id) VALUES (:mechanic_id) ON CONFLICT DO NOTHING")
_EXPIRE = Statement(
    """
    UPDATE slot_reservations SET status = 'expired', ended_at = :now
     WHERE status = 'reserved' AND expires_at <= :now
       AND (key = :key OR mechanic_id = :mechanic_id
            AND tstzrange(starts_at, ends_at, '[)') && tstzrange(:start, :end, '[)'))
    """
)
_FREE_SEAT = Statement(
    """
    SELECT free.seat FROM generate_series(1, :capacity) AS free (seat)
     WHERE NOT EXISTS (
           SELECT FROM slot_reservations AS other
            WHERE other.mechanic_id = :mechanic_id AND other.seat = free.seat
              AND (other.status = 'confirmed'
                   OR other.status = 'reserved' AND other.expires_at > :now)
              AND tstzrange(other.starts_at, other.ends_at, '[)') && tstzrange(:start, :end, '[)')
              AND other.id IS DISTINCT FROM CAST(:except_id AS uuid))
     ORDER BY free.seat LIMIT 1
    """
)
_TAKE = Statement(
    """
    INSERT INTO slot_reservations (id, mechanic_id, seat, starts_at, ends_at, status, expires_at,
                                   kind, customer_id, session_id, key, confirmed_at, run_id, mode,
                                   reserved_at)
    VALUES (:id, :mechanic_id, :seat, :start, :end, :status, :expires_at, :kind, :customer_id,
            :session_id, :key, :confirmed_at, :run_id, :mode, :now)
    ON CONFLICT ON CONSTRAINT ex_slot_reservations_key DO NOTHING RETURNING id
    """
)


@dataclass(frozen=True)
class Slot:
    """A time of one mechanic: half open, `[start, end)`."""

    mechanic_id: UUID
    start: datetime
    end: datetime

    def __str__(self) -> str:
        return f"{format_instant(self.start)} to {format_instant(self.end)}"


@dataclass(frozen=True)
class Mechanic:
    """How many the mechanic serves at once, and when not at all; `now` is the caller's arrival."""

    capacity: int
    offline_from: datetime | None
    offline_until: datetime | None
    now: datetime

    def is_offline(self, start: datetime, end: datetime) -> bool:
        """Whether some of that time lies where the mechanic is away."""
        if self.offline_from is None or end <= self.offline_from:
            return False
        return self.offline_until is None or start < self.offline_until


@dataclass(frozen=True)
class Taken:
    """What a taker wants the new reservation to say."""

    key: str
    expires_at: datetime
    kind: str | None = None
    customer_id: UUID | None = None
    session_id: UUID | None = None  # with it the reservation is confirmed at once


def lock_mechanic(db: Connection, clock: Clock, *, mechanic_id: UUID) -> Mechanic:
    """Let nobody else take or free this mechanic's time; one never heard of is made known."""
    own = own_time(clock)
    locked = _LOCK.run(db, {"mechanic_id": mechanic_id}).first()
    if locked is None:
        _MEET.run(db, {"mechanic_id": mechanic_id})
        locked = _LOCK.run(db, {"mechanic_id": mechanic_id})[0]
    capacity, offline_from, offline_until, told = locked
    return Mechanic(capacity, offline_from, offline_until, own or told)


def look_at_mechanic(db: Connection, clock: Clock, *, mechanic_id: UUID) -> Mechanic:
    """The same without a lock; one never heard of has one seat."""
    found = _LOOK.run(db, {"mechanic_id": mechanic_id}).first()
    if found is None:
        return Mechanic(1, None, None, clock.now())
    capacity, offline_from, offline_until, told = found
    return Mechanic(capacity, offline_from, offline_until, own_time(clock) or told)


def refuse(mechanic: Mechanic, slot: Slot) -> None:
    """Raise `Permanent` for a time that nobody may take, whether or not it is free."""
    if slot.start >= slot.end:
        raise Permanent("invalid_slot", f"{slot} ends before it begins")
    if slot.start < mechanic.now:
        raise Permanent("slot_in_past", f"{format_instant(slot.start)} has already passed")
    refuse_far(slot.end, mechanic.now, code="slot_too_far")
    if mechanic.is_offline(slot.start, slot.end):
        raise Permanent("mechanic_offline", f"the mechanic is away at {slot}")


def free_seat(
    db: Connection, mechanic: Mechanic, slot: Slot, *, except_id: UUID | None = None
) -> int | None:
    """The first seat that is free for the whole time; overdue reservations do not count.

    Nor does the one named, which the caller is about to give up.
    """
    found = _FREE_SEAT.run(db, {**_place(slot), **_at(mechanic), "except_id": except_id}).first()
    return None if found is None else int(found[0])


def expire_overdue(db: Connection, mechanic: Mechanic, slot: Slot, *, key: str = "") -> None:
    """Expire what is overdue in this time, and what has this key: its locked mechanic's (X26)."""
    _EXPIRE.run(db, {**_place(slot), "now": mechanic.now, "key": key})


def take(
    db: Connection, attempt: Attempt, mechanic: Mechanic, slot: Slot, *, seat: int, wanted: Taken
) -> UUID:
    """Put a reservation into a free seat of the locked mechanic; with a session it is confirmed.

    Gives its id; raises `key_reused` when another one that is live has the key.
    """
    is_confirmed = wanted.session_id is not None
    made = _TAKE.run(
        db,
        {
            **_place(slot),
            "id": uuid4(),
            "seat": seat,
            "status": "confirmed" if is_confirmed else "reserved",
            "expires_at": wanted.expires_at,
            "kind": wanted.kind,
            "customer_id": wanted.customer_id,
            "session_id": wanted.session_id,
            "key": wanted.key,
            "confirmed_at": mechanic.now if is_confirmed else None,
            "run_id": attempt.run_id,
            "mode": attempt.mode,
            "now": mechanic.now,
        },
    ).first()
    if made is None:
        raise key_reused()
    return cast("UUID", made[0])


def key_reused() -> Permanent:
    """The refusal of a key that has its meaning already."""
    return Permanent("key_reused", "the key stands for a reservation of another time")


def end(
    db: Connection,
    which: ColumnElement[bool],
    *,
    now: datetime,
    status: Literal["expired", "cancelled"] = "cancelled",
) -> list[UUID]:
    """End the live reservations that `which` names, whose mechanic is locked; gives their ids."""
    ended = db.scalars(
        update(slot_reservations)
        .where(which, slot_reservations.c.status.in_(("reserved", "confirmed")))
        .values(status=status, ended_at=now)
        .returning(slot_reservations.c.id)
    )
    return list(ended)


def give_up(db: Connection, row: Row[Any], *, now: datetime) -> bool:
    """Cancel a locked reservation for good; whether it kept others out until now.

    Also one that lapsed: who pays late does not get it any more.
    """
    is_it = slot_reservations.c.id == row.id
    if row.status == "expired":
        db.execute(update(slot_reservations).where(is_it).values(status="cancelled"))
    return bool(end(db, is_it, now=now))


def find(db: Connection, reservation_id: UUID | None, *, is_locked: bool = False) -> Row[Any]:
    """The reservation; raises `not_found`. Before it is locked its mechanic is."""
    asked = select(slot_reservations).where(slot_reservations.c.id == reservation_id)
    row = db.execute(asked.with_for_update() if is_locked else asked).one_or_none()
    if row is None:
        raise Permanent("not_found", "there is no such reservation")
    return row


def is_overdue(row: Row[Any], now: datetime) -> bool:
    """Whether nobody confirmed it in time; it may still be written as `reserved`."""
    return bool(row.status == "expired" or (row.status == "reserved" and row.expires_at <= now))


def is_held(now: datetime) -> ColumnElement[bool]:
    """Rows that keep others out at this instant."""
    rows = slot_reservations.c
    return or_(rows.status == "confirmed", and_(rows.status == "reserved", rows.expires_at > now))


def as_id(text: str) -> UUID | None:
    """The id that a text is; nothing else finds a row."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _place(slot: Slot) -> dict[str, object]:
    return {"mechanic_id": slot.mechanic_id, "start": slot.start, "end": slot.end}


def _at(mechanic: Mechanic) -> dict[str, object]:
    return {"capacity": mechanic.capacity, "now": mechanic.now}
