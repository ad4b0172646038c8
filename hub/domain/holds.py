"""The one rule of a hold, and its SQL: how long a number stays with its lead (D3).

Whoever changes a hold or an appointment first locks the lead's row, then the row of the lead's
number, then writes. With this one order nobody waits in a circle. A number that is only freed is
locked by its own row: nobody adds an appointment to a hold without that lock (D5).

A hold that is over but not swept is free for anybody; until somebody takes it, it is still its
lead's, and a booking or an outcome extends it as if the sweep had been late.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    bindparam,
    func,
    insert,
    select,
    update,
)

from hub.action import Attempt, Clock
from hub.domain.interactions import Change, PhoneChange, note_phone_change, with_entry
from hub.storage.statement import Statement, own_time
from hub.storage.tables import appointments, phone_assignments, phone_numbers
from hub.values import format_instant

INITIAL_HOLD = timedelta(hours=18)
FOLLOW_UP = timedelta(hours=24)  # after an appointment, and after an outcome; elapsed time (D7)


@dataclass(frozen=True)
class Hold:
    """A number that is kept for a lead until `release_at`."""

    phone_id: UUID
    number: str
    lead_id: UUID
    assigned_at: datetime
    initial_until: datetime | None
    follow_up_until: datetime | None
    release_at: datetime


def release_time(
    *,
    initial_until: datetime | None,
    appointments_until: datetime | None,
    follow_up_until: datetime | None,
) -> datetime:
    """When the number is free again: the latest of what holds it (D3).

    `initial_until` is empty after an outcome closed the last open appointment. One of the three
    is always there.
    """
    ends = (initial_until, appointments_until, follow_up_until)
    return max(end for end in ends if end is not None)


def appointment_holds_until(starts_at: datetime, given: datetime | None = None) -> datetime:
    """How long an open appointment holds the number: a day after it, or longer when asked to."""
    return max(starts_at + FOLLOW_UP, given or starts_at)


# ------------------------------------------------------------------------------------ under locks

_LOCK_LEAD = Statement("SELECT clock_timestamp() FROM leads WHERE id = :lead_id FOR NO KEY UPDATE")
_HOLD_OF = Statement(
    "SELECT id, number, lead_id, assigned_at, initial_until, follow_up_until, release_at"
    " FROM phone_numbers WHERE lead_id = :lead_id FOR UPDATE"
)
_APPOINTMENTS_UNTIL = select(func.max(appointments.c.hold_until)).where(
    appointments.c.lead_id == bindparam("lead_id"), appointments.c.status == "scheduled"
)
_HELD = ("lead_id", "assigned_at", "initial_until", "follow_up_until", "release_at")
_CHANGE = (
    "UPDATE phone_numbers SET lead_id = :hold_lead_id, assigned_at = :hold_assigned_at,"
    " initial_until = :hold_initial_until, follow_up_until = :hold_follow_up_until,"
    " release_at = :hold_release_at WHERE id = :hold_of"
)
_STORE = Statement(_CHANGE)
_STORE_AND_NOTE = with_entry(_CHANGE)


def lock_lead(db: Connection, clock: Clock, *, lead_id: UUID) -> tuple[bool, datetime]:
    """Let nobody else change this lead's hold or appointments; false when there is no such lead.

    With it the present instant, told before the lock was there, as of the caller's arrival.
    `NO KEY`: rows that only refer to the lead are not held up, or a sweep could wait in a circle.
    """
    own = own_time(clock)
    locked = _LOCK_LEAD.run(db, {"lead_id": lead_id}).first()
    told = None if locked is None else locked[0]
    return locked is not None, own or told or clock.now()


def lock_hold(db: Connection, which: ColumnElement[bool]) -> Hold | None:
    """The hold on the number that `which` names, locked; nothing when that number is free."""
    found = db.execute(select(phone_numbers).where(which).with_for_update())
    row = found.mappings().one_or_none()
    return None if row is None or row["lead_id"] is None else as_hold(row)


def hold_of(db: Connection, *, lead_id: UUID) -> Hold | None:
    """The lead's hold, locked; nothing when the lead has no number. The lead is locked before."""
    row = _HOLD_OF.run(db, {"lead_id": lead_id}).first()
    return None if row is None else Hold(*row)


def as_hold(row: RowMapping) -> Hold:
    """The hold in a row of `phone_numbers`."""
    return Hold(
        phone_id=row["id"],
        number=row["number"],
        lead_id=row["lead_id"],
        assigned_at=row["assigned_at"],
        initial_until=row["initial_until"],
        follow_up_until=row["follow_up_until"],
        release_at=row["release_at"],
    )


def appointments_until(db: Connection, *, lead_id: UUID) -> datetime | None:
    """Until when the lead's open appointments hold a number."""
    until: datetime | None = db.scalar(_APPOINTMENTS_UNTIL, {"lead_id": lead_id})
    return until


def derived_release(db: Connection, hold: Hold) -> datetime:
    """What the rule says of a locked hold now, from its rows."""
    return release_time(
        initial_until=hold.initial_until,
        appointments_until=appointments_until(db, lead_id=hold.lead_id),
        follow_up_until=hold.follow_up_until,
    )


# ---------------------------------------------------------------------------------------- changes


def start_hold(
    db: Connection,
    clock: Clock,
    attempt: Attempt,
    *,
    phone_id: UUID,
    number: str,
    lead_id: UUID,
    why: str,
) -> Hold:
    """Give a locked, free number to a locked lead for the first 18 hours (H-01)."""
    now = clock.now()
    hold = Hold(
        phone_id=phone_id,
        number=number,
        lead_id=lead_id,
        assigned_at=now,
        initial_until=now + INITIAL_HOLD,
        follow_up_until=None,
        release_at=now + INITIAL_HOLD,
    )
    hold = replace(hold, release_at=derived_release(db, hold))
    _STORE.run(db, _values(hold))
    db.execute(
        insert(phone_assignments).values(
            id=uuid4(),
            phone_id=phone_id,
            lead_id=lead_id,
            assigned_at=now,
            run_id=attempt.run_id,
            mode=attempt.mode,
        )
    )
    _note(db, clock, attempt, hold, outcome="assigned", why=why)
    return hold


def after_outcome(
    db: Connection,
    hold: Hold,
    *,
    closed_until: datetime | None,
    now: datetime,
    keep_number_for: timedelta,
) -> Hold:
    """The locked hold with its windows as an outcome leaves them; `settle_hold` stores them.

    `closed_until` is how long the appointment that it closed held a number; empty when it was
    closed before. The first 18 hours end with the last appointment that holds this number: one of
    an earlier hold ends nothing, one that was forgotten keeps nothing (D4, X03).
    """
    others_until = appointments_until(db, lead_id=hold.lead_id)
    was_of_this_hold = closed_until is not None and closed_until > hold.assigned_at
    was_last = was_of_this_hold and (others_until is None or others_until <= now)
    return replace(
        hold,
        initial_until=None if was_last else hold.initial_until,
        follow_up_until=max(hold.follow_up_until or now, now + keep_number_for),
    )


def settle_hold(
    db: Connection,
    clock: Clock,
    attempt: Attempt,
    hold: Hold,
    *,
    appointments_until: datetime | None,
    why: str,
) -> Hold:
    """Store what the rule says of a locked hold after its appointments or windows changed.

    `hold` carries the new windows and still the old `release_at`; `appointments_until` is what the
    lead's open appointments say now.
    """
    release_at = release_time(
        initial_until=hold.initial_until,
        appointments_until=appointments_until,
        follow_up_until=hold.follow_up_until,
    )
    settled = replace(hold, release_at=release_at)
    if settled.release_at == hold.release_at:
        _STORE.run(db, _values(settled))
    else:
        is_longer = settled.release_at > hold.release_at
        outcome: PhoneChange = "extended" if is_longer else "brought_forward"
        change = Change(_STORE_AND_NOTE, _values(settled))
        _note(db, clock, attempt, settled, outcome=outcome, why=why, change=change)
    return settled


def end_hold(db: Connection, clock: Clock, attempt: Attempt, hold: Hold, *, why: str) -> None:
    """Return a locked number to the pool; the caller made sure that the hold is over (D5)."""
    now = clock.now()
    db.execute(
        update(phone_numbers)
        .where(phone_numbers.c.id == hold.phone_id)
        .values(
            lead_id=None,
            assigned_at=None,
            initial_until=None,
            follow_up_until=None,
            release_at=None,
            # not `now`: who is next must not depend on when the sweep came by
            free_since=hold.release_at,
        )
    )
    db.execute(
        update(phone_assignments)
        .where(phone_assignments.c.phone_id == hold.phone_id)
        .where(phone_assignments.c.ended_at.is_(None))
        .values(ended_at=func.greatest(phone_assignments.c.assigned_at, now))
    )
    _note(db, clock, attempt, hold, outcome="released", why=why)


def _values(hold: Hold) -> dict[str, object]:
    """The parameters of `_STORE`."""
    return {"hold_of": hold.phone_id, **{f"hold_{name}": getattr(hold, name) for name in _HELD}}


def _note(
    db: Connection,
    clock: Clock,
    attempt: Attempt,
    hold: Hold,
    *,
    outcome: PhoneChange,
    why: str,
    change: Change | None = None,
) -> None:
    note_phone_change(
        db,
        clock,
        attempt,
        lead_id=hold.lead_id,
        phone_id=hold.phone_id,
        number=hold.number,
        outcome=outcome,
        why=f"{why}; release at {format_instant(hold.release_at)}",
        change=change,
    )
