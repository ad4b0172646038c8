"""Sessions that are cancelled or moved, each with its slot in one transaction (X27, X30).

A session's `version` grows with each of both: it is the sequence of its calendar entry, and
reminders belong to one version (X31). Whoever changes a session locks it first, then its
mechanic.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, update

from hub.action import Attempt, Clock, action
from hub.domain import seats, session_rows
from hub.domain.seats import Slot
from hub.domain.session_rows import EXAMPLE, SessionFacts, SessionStatus
from hub.errors import Permanent
from hub.storage.tables import slot_reservations
from hub.values import format_instant


@dataclass(frozen=True)
class Moved:
    """The session after it was moved; `repeated`: it had that time already."""

    session: SessionFacts
    repeated: bool


@dataclass(frozen=True)
class Cancelled:
    """The session after it was cancelled; `repeated`: it was before."""

    status: SessionStatus
    repeated: bool
    session: SessionFacts


@dataclass(frozen=True)
class Settled:
    """`booked`: the payment is for a session; `given_up`: for none, ever; `unknown`: not ours."""

    state: Literal["booked", "given_up", "unknown"]


@action(
    "sessions.cancel",
    effect="idempotent",
    errors=("not_found", "conflict", "too_late"),
    example={
        "status": "cancelled",
        "repeated": False,
        "session": {**EXAMPLE, "status": "cancelled"},
    },
)
def cancel(
    db: Connection, clock: Clock, *, session_id: str, customer_id: UUID | None = None
) -> Cancelled:
    """Cancel a session and give its slot back, in one transaction.

    A customer cancels an own session before its time (`not_found`, `too_late`); without one the
    hub or its staff does. What began or is over is a `conflict`.
    """
    row = session_rows.lock(db, seats.as_id(session_id), customer_id=customer_id)
    if row.status == "cancelled":
        return Cancelled("cancelled", repeated=True, session=session_rows.facts(row))
    if row.status not in {"pending", "scheduled"}:
        raise Permanent("conflict", f"the session is {row.status}")
    mechanic = seats.lock_mechanic(db, clock, mechanic_id=row.mechanic_id)
    begins_at = row.scheduled_for
    if customer_id is not None and begins_at is not None and begins_at <= mechanic.now:
        raise Permanent("too_late", f"the session began at {format_instant(begins_at)}")
    seats.end(db, slot_reservations.c.session_id == row.id, now=mechanic.now)
    changed = session_rows.change(
        db, row, status="cancelled", cancelled_at=mechanic.now, version=row.version + 1
    )
    return Cancelled("cancelled", repeated=False, session=session_rows.facts(changed))


@action(
    "sessions.reschedule",
    effect="idempotent",
    errors=(
        "not_found",
        "conflict",
        "too_late",
        "slot_taken",
        "invalid_slot",
        "slot_in_past",
        "slot_too_far",
        "mechanic_offline",
    ),
    example={"session": EXAMPLE, "repeated": False},
)
def reschedule(
    db: Connection,
    clock: Clock,
    attempt: Attempt,
    *,
    session_id: str,
    scheduled_for: datetime,
    by: str,
    ends_at: datetime | None = None,
    customer_id: UUID | None = None,
) -> Moved:
    """Move a session: its new time is taken and the old one freed at once, or nothing (X30).

    It keeps its length unless `ends_at` says otherwise. The time that it has already changes
    nothing. `by` stands in its history (R-13). A waiver holds for its day and is signed anew.
    """
    row = session_rows.lock(db, seats.as_id(session_id), customer_id=customer_id)
    if row.status != "scheduled" or row.reservation_id is None:
        raise Permanent("conflict", f"the session is {row.status}, and has no slot to move")
    mechanic = seats.lock_mechanic(db, clock, mechanic_id=row.mechanic_id)
    old = seats.find(db, row.reservation_id, is_locked=True)
    slot = Slot(
        row.mechanic_id, scheduled_for, ends_at or scheduled_for + (old.ends_at - old.starts_at)
    )
    if slot == Slot(old.mechanic_id, old.starts_at, old.ends_at):
        return Moved(session_rows.facts(row), repeated=True)
    if old.starts_at <= mechanic.now:
        raise Permanent("too_late", f"the session began at {format_instant(old.starts_at)}")
    seats.refuse(mechanic, slot)
    seat = seats.free_seat(db, mechanic, slot, except_id=old.id)
    if seat is None:
        raise Permanent("slot_taken", f"{slot} is taken: the old time stays")
    taken = _take_instead(db, attempt, mechanic, slot, seat=seat, old=old)
    moved = session_rows.change(
        db,
        row,
        scheduled_for=slot.start,
        ends_at=slot.end,
        reservation_id=taken,
        metadata={**row.metadata, "reservation_id": str(taken)},
        reschedule_history=[*row.reschedule_history, _entry(old, slot, at=mechanic.now, by=by)],
        version=row.version + 1,
        waiver_signed_at=None,
        waiver_signed_by=None,
    )
    return Moved(session_rows.facts(moved), repeated=False)


@action("sessions.settle_payment", effect="idempotent", example={"state": "booked"})
def settle_payment(
    db: Connection, clock: Clock, *, payment_intent_id: str, reservation_id: str
) -> Settled:
    """Decide what a payment is for that came long ago: for a session, or it must go back (X27).

    What no session has by now is given up in the same transaction: whoever still works at it finds
    its reservation `released`, and undoes the rest.
    """
    booked = session_rows.find_paid(db, payment_intent_id)
    if booked is not None and booked.status != "cancelled" and booked.reservation_id is not None:
        return Settled("booked")
    try:
        place = seats.find(db, seats.as_id(reservation_id))
    except Permanent:
        return Settled("unknown")
    mechanic = seats.lock_mechanic(db, clock, mechanic_id=place.mechanic_id)
    row = seats.find(db, place.id, is_locked=True)
    if row.status != "confirmed":  # else another payment has it, and this one is too much
        seats.give_up(db, row, now=mechanic.now)
    return Settled("given_up")


def _take_instead(
    db: Connection,
    attempt: Attempt,
    mechanic: seats.Mechanic,
    slot: Slot,
    *,
    seat: int,
    old: Row[Any],
) -> UUID:
    """Free the old time and take the new one, which is known to be free."""
    seats.expire_overdue(db, mechanic, slot)
    seats.end(db, slot_reservations.c.id == old.id, now=mechanic.now)
    taken = seats.take(
        db,
        attempt,
        mechanic,
        slot,
        seat=seat,
        wanted=seats.Taken(
            f"move {uuid4()}",
            mechanic.now,
            kind=old.kind,
            customer_id=old.customer_id,
            session_id=old.session_id,
        ),
    )
    is_old = slot_reservations.c.id == old.id
    db.execute(update(slot_reservations).where(is_old).values(replaced_by=taken))
    return taken


def _entry(old: Row[Any], slot: Slot, *, at: datetime, by: str) -> dict[str, str]:
    return {
        "from": format_instant(old.starts_at),
        "to": format_instant(slot.start),
        "at": format_instant(at),
        "by": by,
    }
