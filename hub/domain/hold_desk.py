"""What a person does about a hold at the desk: keep it longer, or let the number go now.

The rule of a hold stays as it is (D3): only its windows are moved, so a number that an appointment
holds cannot be let go, and every later booking or outcome finds rows as it expects them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, select

from hub.action import Attempt, Clock
from hub.domain import holds
from hub.domain.holds import Hold
from hub.errors import Permanent
from hub.storage.tables import phone_numbers

LONGEST = timedelta(days=30)  # at once; who wants more comes again


def extend(
    db: Connection, clock: Clock, attempt: Attempt, *, phone_id: UUID, by: timedelta, who: str
) -> Hold:
    """Keep a number for its lead so much longer than the rule says now.

    Raises `invalid_input` for more than 30 days and `not_held` for a number that nobody has.
    """
    if not timedelta(0) < by <= LONGEST:
        raise Permanent("invalid_input", "a hold is extended by up to 30 days")
    hold, now = _locked(db, clock, phone_id)
    longer = replace(hold, follow_up_until=max(hold.release_at, now) + by)
    return _settle(db, clock, attempt, longer, why=f"extended by {who}")


def let_go(db: Connection, clock: Clock, attempt: Attempt, *, phone_id: UUID, who: str) -> Hold:
    """Return a number to the pool before its time; gives the hold that it had.

    Raises `not_held`, and `has_appointment` while an appointment holds it (H-19, H-20).
    """
    hold, now = _locked(db, clock, phone_id)
    until = holds.appointments_until(db, lead_id=hold.lead_id)
    if until is not None and until > now:
        raise Permanent("has_appointment", f"an appointment holds {hold.number}")
    ended = replace(hold, initial_until=None, follow_up_until=min(hold.release_at, now))
    settled = _settle(db, clock, attempt, ended, why=f"let go by {who}")
    holds.end_hold(db, clock, attempt, settled, why=f"let go by {who}")
    return hold


def _settle(db: Connection, clock: Clock, attempt: Attempt, hold: Hold, *, why: str) -> Hold:
    until = holds.appointments_until(db, lead_id=hold.lead_id)
    return holds.settle_hold(db, clock, attempt, hold, appointments_until=until, why=why)


def _locked(db: Connection, clock: Clock, phone_id: UUID) -> tuple[Hold, datetime]:
    """The hold, locked behind its lead as everybody locks them (D5), and the time."""
    lead_id = db.scalar(select(phone_numbers.c.lead_id).where(phone_numbers.c.id == phone_id))
    if lead_id is not None:
        _, now = holds.lock_lead(db, clock, lead_id=lead_id)
        hold = holds.hold_of(db, lead_id=lead_id)
        if hold is not None and hold.phone_id == phone_id:
            return hold, now
    raise Permanent("not_held", "nobody holds this number any more")
