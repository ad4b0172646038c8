"""Appointments: booked, moved, kept or missed, and what each of that does to the hold.

Outcomes, as one transaction each:

- An open appointment is closed; with a new time the next one is opened, and the number never
  changes hands in between (X04). Without a new time the lead keeps the number for the given time
  from now on, however late the outcome is told (X09).
- Only closing the last appointment that holds the number ends the first 18 hours too (X03, D4).
- The same outcome again changes nothing. Another outcome for a closed appointment is a correction:
  it changes the status and can lengthen the hold, never shorten it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Connection, Row, func, select, update

from hub.action import Attempt, Clock, action
from hub.domain import holds
from hub.domain.holds import Hold
from hub.domain.limits import refuse_far, refuse_outside
from hub.errors import Permanent
from hub.signature import Phone
from hub.storage.statement import Statement, one
from hub.storage.tables import appointments
from hub.values import format_instant

Source = Literal["voice_call", "calendar", "broker"]
Outcome = Literal["showed", "no_show", "cancelled", "rescheduled"]
Status = Literal["scheduled", "showed", "no_show", "cancelled", "rescheduled"]

_OPEN = appointments.c.status == "scheduled"


@dataclass(frozen=True)
class Booked:
    """The appointment and what it does to the hold; `created` is false when it was known."""

    appointment_id: str
    phone_number: Phone
    release_at: datetime
    created: bool


@dataclass(frozen=True)
class Recorded:
    """What an outcome did; without a number when the lead holds none any more.

    `repeated`: it was known already and nothing changed.
    """

    appointment_id: str
    repeated: bool
    phone_number: Phone | None = None
    release_at: datetime | None = None
    new_appointment_id: str | None = None


@dataclass(frozen=True)
class Found:
    """An appointment, if there is one."""

    found: bool
    appointment_id: str | None = None
    lead_id: UUID | None = None
    starts_at: datetime | None = None
    status: Status | None = None


@action(
    "appointments.book",
    effect="idempotent",
    errors=("no_active_hold", "appointment_in_past", "appointment_too_far", "unknown_lead"),
    example={
        "appointment_id": "apt_1",
        "phone_number": "+14155550100",
        "release_at": "2025-10-21T14:00:00Z",
        "created": True,
    },
)
def book(
    db: Connection,
    clock: Clock,
    attempt: Attempt,
    *,
    lead_id: UUID,
    starts_at: datetime,
    source: Source,
    hold_until: datetime | None = None,
    external_id: str | None = None,
    ends_at: datetime | None = None,
) -> Booked:
    """Create the appointment (same lead and time: the same one) and hold the lead's number.

    The number stays at least until a day after the appointment, or until `hold_until` if that is
    later. A booking only ever extends a hold (D3, H-07, H-23).
    """
    is_known, now = holds.lock_lead(db, clock, lead_id=lead_id)
    refuse_outside(starts_at, now, past="appointment_in_past")
    refuse_far(hold_until or starts_at, now + holds.FOLLOW_UP)
    if not is_known:
        raise Permanent("unknown_lead", f"there is no lead {lead_id}")
    hold = _required(holds.hold_of(db, lead_id=lead_id), lead_id)
    opened = _open(
        db,
        attempt,
        now=now,
        lead_id=lead_id,
        starts_at=starts_at,
        hold_until=holds.appointment_holds_until(starts_at, hold_until),
        source=source,
        external_id=external_id,
        ends_at=ends_at,
    )
    why = f"appointment {format_instant(starts_at)} booked"
    hold = holds.settle_hold(
        db, clock, attempt, hold, appointments_until=opened.held_until, why=why
    )
    return Booked(str(opened.id), hold.number, hold.release_at, opened.is_new)


@action(
    "appointments.record_outcome",
    effect="idempotent",
    errors=("no_appointment", "new_time_in_past", "appointment_too_far", "no_active_hold"),
    example={
        "appointment_id": "apt_1",
        "phone_number": "+14155550100",
        "release_at": "2025-10-21T15:00:00Z",
        "repeated": False,
    },
)
def record_outcome(
    db: Connection,
    clock: Clock,
    attempt: Attempt,
    *,
    lead_id: UUID,
    outcome: Outcome,
    keep_number_for: timedelta,
    starts_at: datetime | None = None,
    external_id: str | None = None,
    new_starts_at: datetime | None = None,
    new_external_id: str | None = None,
) -> Recorded:
    """Close the appointment; with a new time open the next one; set when the number is free.

    The appointment is named by its time or its external id; without both it is the lead's latest
    open one. A new time for a lead without a number is `no_active_hold`, and nothing is stored.
    """
    _, now = holds.lock_lead(db, clock, lead_id=lead_id)
    if new_starts_at is not None:
        refuse_outside(new_starts_at, now, past="new_time_in_past")
    told = _Told(lead_id, outcome, starts_at, external_id, new_starts_at, new_external_id)
    hold = holds.hold_of(db, lead_id=lead_id)
    named = _named(db, told)
    old, is_known = _moved_already(db, named, told)
    if is_known:
        return _recorded(hold, named, repeated=True, next_id=None if old is named else old.id)
    if new_starts_at is not None:
        _required(hold, lead_id)
    next_id = _close(db, attempt, old, told, now=now)
    if hold is not None:
        if outcome != "rescheduled" or next_id is None:  # else the next appointment holds
            closed_until = old.hold_until if old.status == "scheduled" else None
            hold = holds.after_outcome(
                db, hold, closed_until=closed_until, now=now, keep_number_for=keep_number_for
            )
        why = f"{outcome}: appointment {format_instant(old.starts_at)}"
        until = holds.appointments_until(db, lead_id=lead_id)
        hold = holds.settle_hold(db, clock, attempt, hold, appointments_until=until, why=why)
    return _recorded(hold, named, repeated=False, next_id=next_id)


@action(
    "appointments.find",
    effect="read",
    errors=("nothing_asked",),
    example={
        "found": True,
        "appointment_id": "apt_1",
        "lead_id": "07f26a19-e9dc-422c-b61d-030e3c7971bb",
        "starts_at": "2025-10-20T14:00:00Z",
        "status": "scheduled",
    },
)
def find(
    db: Connection,
    *,
    external_id: str | None = None,
    lead_id: UUID | None = None,
    starts_at: datetime | None = None,
) -> Found:
    """Look up an appointment by all that is given; an open one before a closed one."""
    given = {"external_id": external_id, "lead_id": lead_id, "starts_at": starts_at}
    asked = [appointments.c[name] == value for name, value in given.items() if value is not None]
    if not asked:
        raise Permanent("nothing_asked", "give an external_id, a lead_id or a time to look for")
    row = _first(db, *asked)
    if row is None:
        return Found(found=False)
    return Found(
        found=True,
        appointment_id=str(row.id),
        lead_id=row.lead_id,
        starts_at=row.starts_at,
        status=row.status,
    )


def _required(hold: Hold | None, lead_id: UUID) -> Hold:
    if hold is None:
        raise Permanent("no_active_hold", f"lead {lead_id} has no phone number")  # X08, H-30
    return hold


# --------------------------------------------------------------------------- rows, under the locks

_OPEN_ONE = Statement(
    """
    INSERT INTO appointments AS known (id, lead_id, starts_at, ends_at, hold_until, source,
                                       external_id, run_id, mode, created_at)
    VALUES (:id, :lead_id, :starts_at, :ends_at, :hold_until, :source, :external_id, :run_id, :mode,
            :created_at)
    ON CONFLICT (lead_id, starts_at) WHERE status = 'scheduled' DO UPDATE
       SET hold_until = greatest(known.hold_until, excluded.hold_until),
           external_id = coalesce(known.external_id, excluded.external_id),
           ends_at = coalesce(known.ends_at, excluded.ends_at)
    RETURNING id, xmax = 0 AS is_new,
              greatest(hold_until, (SELECT max(hold_until) FROM appointments
                                     WHERE lead_id = :lead_id AND status = 'scheduled'))
    """
)


class _Opened(NamedTuple):
    """An open appointment, and until when all those of the lead hold a number."""

    id: UUID
    is_new: bool
    held_until: datetime


@dataclass(frozen=True)
class _Told:
    """What somebody said about an appointment."""

    lead_id: UUID
    outcome: Outcome
    starts_at: datetime | None
    external_id: str | None
    new_starts_at: datetime | None
    new_external_id: str | None


def _first(db: Connection, *asked: ColumnElement[bool]) -> Row[Any] | None:
    """The open one that starts last, else the one closed last."""
    return db.execute(
        select(appointments)
        .where(*asked)
        .order_by(
            _OPEN.desc(),
            appointments.c.outcome_at.desc(),
            appointments.c.starts_at.desc(),
            appointments.c.created_at.desc(),
        )
        .limit(1)
    ).one_or_none()


def _named(db: Connection, told: _Told) -> Row[Any]:
    """The appointment that is meant; raises `no_appointment`."""
    of_lead = appointments.c.lead_id == told.lead_id
    found = None
    if told.external_id is not None:
        found = _first(db, of_lead, appointments.c.external_id == told.external_id)
    if found is None and told.starts_at is not None:
        found = _first(db, of_lead, appointments.c.starts_at == told.starts_at)
    if told.external_id is None and told.starts_at is None:
        # What is over is only meant when it is said once more: a correction names its appointment.
        found = _first(db, of_lead, appointments.c.status.in_(["scheduled", told.outcome]))
        if found is not None and found.status != "scheduled":
            last = _first(db, of_lead)
            found = found if last is not None and last.id == found.id else None
    if found is None:
        raise Permanent("no_appointment", f"lead {told.lead_id} has no such appointment")
    return found


def _moved_already(db: Connection, named: Row[Any], told: _Told) -> tuple[Row[Any], bool]:
    """The appointment that the named one was moved to by now, and whether all that is known."""
    if told.new_starts_at is None:
        return named, named.status == told.outcome
    found = named
    while found.replaced_by is not None:
        found = db.execute(select(appointments).where(appointments.c.id == found.replaced_by)).one()
        if found.starts_at == told.new_starts_at:
            return found, True
    stays = found.status == "scheduled" and found.starts_at == told.new_starts_at
    return found, stays and told.outcome == "rescheduled"


def _open(
    db: Connection,
    attempt: Attempt,
    *,
    now: datetime,
    lead_id: UUID,
    starts_at: datetime,
    hold_until: datetime,
    source: str,
    external_id: str | None,
    ends_at: datetime | None = None,
) -> _Opened:
    """The lead's open appointment at this instant.

    By whatever road it came, it is one (X06); it learns what it did not know, and holds the number
    for the longest time that was asked for.
    """
    row = {
        "id": uuid4(),
        "lead_id": lead_id,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "hold_until": hold_until,
        "source": source,
        "external_id": external_id,
        "run_id": attempt.run_id,
        "mode": attempt.mode,
        "created_at": now,
    }
    return _Opened(*one(_OPEN_ONE.run(db, row)))


def _close(
    db: Connection, attempt: Attempt, old: Row[Any], told: _Told, *, now: datetime
) -> UUID | None:
    """Close `old` with the outcome and open the next one, if there is a new time; gives its id."""
    row = appointments.c.id == old.id
    db.execute(
        update(appointments)
        .where(row)
        .values(
            status=told.outcome,
            outcome_at=now,
            external_id=func.coalesce(appointments.c.external_id, told.external_id),
        )
    )
    if told.new_starts_at is None:
        return None
    opened = _open(
        db,
        attempt,
        now=now,
        lead_id=told.lead_id,
        starts_at=told.new_starts_at,
        hold_until=holds.appointment_holds_until(told.new_starts_at),
        source=old.source,
        external_id=told.new_external_id,
    )
    db.execute(update(appointments).where(row).values(replaced_by=opened.id))
    return opened.id


def _recorded(
    hold: Hold | None, appointment: Row[Any], *, repeated: bool, next_id: UUID | None
) -> Recorded:
    return Recorded(
        appointment_id=str(appointment.id),
        repeated=repeated,
        phone_number=None if hold is None else hold.number,
        release_at=None if hold is None else hold.release_at,
        new_appointment_id=None if next_id is None else str(next_id),
    )
