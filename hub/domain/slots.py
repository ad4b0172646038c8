"""Slots: a mechanic's time is reserved, then confirmed, expired or cancelled (R-03 to R-11).

A reservation that nobody confirms in time lapses. Who paid all the same gets the time if it is
still free, else `expired`, and the payment goes back (X28). What is confirmed is only given up
with its session (`sessions.cancel`) or for another time (`sessions.reschedule`), never by
`slots.release` (X27).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, func, select, update
from sqlalchemy.dialects.postgresql import insert

from hub.action import Attempt, Clock, action
from hub.domain import seats, session_rows
from hub.domain.seats import ReservationStatus, Slot
from hub.errors import Permanent
from hub.storage.tables import slot_reservations, slot_sweeps

HOLD = timedelta(minutes=15)
LONGEST_HOLD = timedelta(days=1)
_SWEEPS_KEPT = timedelta(days=30)
_MOST_LISTED = 200
_RESERVATION = "7d3c5f0a-2f0b-4a55-8c9d-0a51d5a1b001"
_REFUSALS = ("invalid_slot", "slot_in_past", "slot_too_far", "mechanic_offline")

Viewer = Literal["mechanic", "customer"]


@dataclass(frozen=True)
class Reservation:
    """The hold, and when it lapses. `created` is false when the same key had it already."""

    reservation_id: str
    expires_at: datetime
    created: bool = True


@dataclass(frozen=True)
class Confirmed:
    """The reservation is final. `retaken`: it had lapsed, and its time was still free."""

    status: ReservationStatus
    retaken: bool = False


@dataclass(frozen=True)
class Released:
    """Whether it was still held."""

    released: bool


@dataclass(frozen=True)
class Counted:
    """How many there were."""

    count: int


@dataclass(frozen=True)
class Availability:
    """Whether `slots.reserve` would take it now, and if not, the code of its refusal."""

    available: bool
    reason: str | None = None


@dataclass(frozen=True)
class ReservationFacts:
    """One reservation as its mechanic and its customer see it."""

    reservation_id: str
    mechanic_id: UUID
    start: datetime
    end: datetime
    status: ReservationStatus
    expires_at: datetime
    is_mechanic_offline: bool
    customer_id: UUID | None = None
    session_id: UUID | None = None
    type: str | None = None


@dataclass(frozen=True)
class Reservations:
    """Some of them, by their time."""

    reservations: list[ReservationFacts]


@action(
    "slots.reserve",
    effect="keyed",
    errors=("slot_taken", "key_reused", "invalid_hold", *_REFUSALS),
    example={"reservation_id": "res_1", "expires_at": "2025-11-10T15:15:00Z", "created": True},
)
def reserve(
    db: Connection,
    clock: Clock,
    attempt: Attempt,
    *,
    mechanic_id: UUID,
    start: datetime,
    end: datetime,
    hold: timedelta = HOLD,
    type: str | None = None,  # noqa: A002 - its name for authors
    customer_id: UUID | None = None,
    client_key: str | None = None,
) -> Reservation:
    """Hold a time slot; overlaps are refused by the database.

    The same key again gives the same reservation while it is live (X29): a client's key is its
    customer's own, without one the step's key holds. For another time it is `key_reused`.
    """
    if not timedelta(0) < hold <= LONGEST_HOLD:
        raise Permanent("invalid_hold", "a slot is held for up to a day")
    slot = Slot(mechanic_id, start, end)
    mechanic = seats.lock_mechanic(db, clock, mechanic_id=mechanic_id)
    key = f"step {attempt.key}" if client_key is None else f"client {customer_id} {client_key}"
    known = _live_with(db, key, now=mechanic.now)
    if known is not None:
        return _same(known, slot)
    seats.refuse(mechanic, slot)
    seats.expire_overdue(db, mechanic, slot, key=key)
    seat = seats.free_seat(db, mechanic, slot)
    if seat is None:
        raise Permanent("slot_taken", f"{slot} is taken")
    wanted = seats.Taken(key, mechanic.now + hold, kind=type, customer_id=customer_id)
    made = seats.take(db, attempt, mechanic, slot, seat=seat, wanted=wanted)
    return Reservation(str(made), wanted.expires_at)


@action(
    "slots.confirm",
    effect="idempotent",
    errors=("expired", "released", "conflict", "not_found", "mechanic_offline"),
    example={"status": "confirmed", "retaken": False},
)
def confirm(db: Connection, clock: Clock, *, reservation_id: str, session_id: str) -> Confirmed:
    """Make a reservation final and link it with its session, both ways (R-07).

    One that lapsed is taken again if its time is still free and has not begun, else it is
    `expired` (X28). A session that is not of this mechanic and time, or over, is a `conflict`.
    """
    session = session_rows.lock(db, seats.as_id(session_id))
    place = seats.find(db, seats.as_id(reservation_id))
    mechanic = seats.lock_mechanic(db, clock, mechanic_id=place.mechanic_id)
    row = seats.find(db, place.id, is_locked=True)
    slot = Slot(row.mechanic_id, row.starts_at, row.ends_at)
    if row.status == "confirmed" and row.session_id == session.id:
        return Confirmed("confirmed")
    if row.status == "cancelled":
        raise Permanent("released", "the reservation was given back")
    if row.status == "confirmed" or not _belong_together(row, session):
        raise Permanent("conflict", "the session is not the one that this reservation is for")
    if mechanic.is_offline(slot.start, slot.end):
        raise Permanent("mechanic_offline", f"the mechanic went away for {slot}")
    is_late = seats.is_overdue(row, mechanic.now)
    seat = _retaken(db, mechanic, slot) if is_late else row.seat
    db.execute(
        update(slot_reservations)
        .where(slot_reservations.c.id == row.id)
        .values(
            status="confirmed",
            seat=seat,
            session_id=session.id,
            confirmed_at=mechanic.now,
            ended_at=None,
            key=f"retaken {row.id}" if is_late else row.key,  # its own may be in use again
        )
    )
    session_rows.link(db, session, reservation_id=row.id)
    return Confirmed("confirmed", retaken=is_late)


@action(
    "slots.release",
    effect="idempotent",
    errors=("confirmed", "not_found"),
    example={"released": True},
)
def release(db: Connection, clock: Clock, *, reservation_id: str) -> Released:
    """Give a slot back at once; a confirmed one is refused (R-08, X27).

    One that lapsed is given up for good: who pays late does not get it any more.
    """
    place = seats.find(db, seats.as_id(reservation_id))
    mechanic = seats.lock_mechanic(db, clock, mechanic_id=place.mechanic_id)
    row = seats.find(db, place.id, is_locked=True)
    if row.status == "confirmed":
        raise Permanent("confirmed", "a confirmed slot is only given up with its session")
    return Released(released=seats.give_up(db, row, now=mechanic.now))


@action("slots.release_expired", effect="idempotent", example={"count": 0})
def release_expired(
    db: Connection, clock: Clock, attempt: Attempt, *, before: datetime | None = None
) -> Counted:
    """Expire reservations that nobody confirmed: tidying, they block nobody any more (R-09).

    None that is still held goes, whatever `before` says. What others have in hand is left to them.
    """
    now = clock.now()
    rows = slot_reservations.c
    overdue = (
        select(rows.id)
        .where(rows.status == "reserved", rows.expires_at <= min(before or now, now))
        .with_for_update(skip_locked=True)
    )
    expired = seats.end(db, rows.id.in_(overdue), now=now, status="expired")
    noted = insert(slot_sweeps).values(run_id=attempt.run_id, at=now, expired=len(expired))
    known = slot_sweeps.c.expired + noted.excluded.expired
    db.execute(noted.on_conflict_do_update(index_elements=["run_id"], set_={"expired": known}))
    db.execute(slot_sweeps.delete().where(slot_sweeps.c.at < now - _SWEEPS_KEPT))
    return Counted(len(expired))


@action("slots.check", effect="read", example={"available": True})
def check(
    db: Connection, clock: Clock, *, mechanic_id: UUID, start: datetime, end: datetime
) -> Availability:
    """Tell whether a slot could be reserved now: the same rule, without taking it (R-11)."""
    slot = Slot(mechanic_id, start, end)
    mechanic = seats.look_at_mechanic(db, clock, mechanic_id=mechanic_id)
    try:
        seats.refuse(mechanic, slot)
    except Permanent as refused:
        return Availability(available=False, reason=refused.code)
    if seats.free_seat(db, mechanic, slot) is None:
        return Availability(available=False, reason="slot_taken")
    return Availability(available=True)


@action(
    "slots.get",
    effect="read",
    errors=("not_found",),
    example={
        "reservation_id": _RESERVATION,
        "mechanic_id": "66666666-6666-4666-8666-666666666666",
        "start": "2025-11-12T15:00:00Z",
        "end": "2025-11-12T15:45:00Z",
        "status": "reserved",
        "expires_at": "2025-11-10T15:15:00Z",
        "is_mechanic_offline": False,
    },
)
def get(
    db: Connection, clock: Clock, *, reservation_id: str, viewer: Viewer, viewer_id: UUID
) -> ReservationFacts:
    """Read a reservation of one's own; another's is `not_found` (R-10, R-21)."""
    rows = slot_reservations.c
    own = _own(viewer, viewer_id)
    row = db.execute(
        select(slot_reservations).where(rows.id == seats.as_id(reservation_id), own)
    ).one_or_none()
    if row is None:
        raise Permanent("not_found", "there is no such reservation")
    return _facts(row, clock.now())


@action("slots.list", effect="read", example={"reservations": []})
def list_own(
    db: Connection,
    clock: Clock,
    *,
    viewer: Viewer,
    viewer_id: UUID,
    from_: datetime | None = None,
    until: datetime | None = None,
    limit: int = 100,
) -> Reservations:
    """The reservations of one mechanic or one customer, by their time (R-10, R-21).

    Those that lie in `[from, until)`, even in part; at most 200.
    """
    rows = slot_reservations.c
    wanted = func.tstzrange(from_, until, "[)")
    found = db.execute(
        select(slot_reservations)
        .where(
            _own(viewer, viewer_id),
            func.tstzrange(rows.starts_at, rows.ends_at, "[)").op("&&")(wanted),
        )
        .order_by(rows.starts_at, rows.reserved_at, rows.id)
        .limit(max(0, min(limit, _MOST_LISTED)))
    ).all()
    now = clock.now()
    return Reservations([_facts(row, now) for row in found])


def _live_with(db: Connection, key: str, *, now: datetime) -> Row[Any] | None:
    asked = select(slot_reservations).where(slot_reservations.c.key == key, seats.is_held(now))
    return db.execute(asked).one_or_none()


def _same(known: Row[Any], slot: Slot) -> Reservation:
    """What the key stands for already; raises `key_reused` when that is another time."""
    if Slot(known.mechanic_id, known.starts_at, known.ends_at) != slot:
        raise seats.key_reused()
    return Reservation(str(known.id), known.expires_at, created=False)


def _belong_together(row: Row[Any], session: Row[Any]) -> bool:
    return (
        session.status == "scheduled"
        and (session.mechanic_id, session.scheduled_for) == (row.mechanic_id, row.starts_at)
        and row.customer_id in {None, session.customer_id}
    )


def _retaken(db: Connection, mechanic: seats.Mechanic, slot: Slot) -> int:
    """A seat for a reservation that lapsed; raises `expired` when there is none, or too late."""
    if slot.start < mechanic.now:
        raise Permanent("expired", "the reservation lapsed, and its time has begun")
    seats.expire_overdue(db, mechanic, slot)
    seat = seats.free_seat(db, mechanic, slot)
    if seat is None:
        raise Permanent("expired", "the reservation lapsed, and another one has its time")
    return seat


def _own(viewer: Viewer, viewer_id: UUID) -> ColumnElement[bool]:
    rows = slot_reservations.c
    return (rows.mechanic_id if viewer == "mechanic" else rows.customer_id) == viewer_id


def _facts(row: Row[Any], now: datetime) -> ReservationFacts:
    return ReservationFacts(
        reservation_id=str(row.id),
        mechanic_id=row.mechanic_id,
        start=row.starts_at,
        end=row.ends_at,
        status="expired" if seats.is_overdue(row, now) else row.status,
        expires_at=row.expires_at,
        is_mechanic_offline=row.offline_at is not None,
        customer_id=row.customer_id,
        session_id=row.session_id,
        type=row.kind,
    )
