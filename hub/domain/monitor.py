"""What a person looks at: who holds which number, what is overdue, and what must not be (H-25)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, select, text

from hub.action import Clock
from hub.domain.holds import FOLLOW_UP
from hub.storage.tables import leads, phone_numbers

_HOUR = timedelta(hours=1)
_MOST_FAULTS = 50


@dataclass(frozen=True)
class KnownAppointment:
    """As much of an appointment as decides what a hold is called."""

    starts_at: datetime
    is_open: bool
    outcome_at: datetime | None = None


@dataclass(frozen=True)
class HoldLine:
    """One line of the monitor "current appointments" (H-25)."""

    phone_id: UUID
    number: str
    lead_id: UUID
    lead_name: str
    email: str | None
    appointment_at: datetime | None
    release_at: datetime
    hours_until_release: float  # negative when overdue
    label: str
    last_outcome: str | None


@dataclass(frozen=True)
class OverdueLine:
    """One line of the monitor "overdue" (H-26): empty right after a sweep."""

    phone_id: UUID
    number: str
    lead_id: UUID
    lead_name: str
    appointment_at: datetime | None
    release_at: datetime
    hours_overdue: float


def holds(db: Connection, clock: Clock) -> list[HoldLine]:
    """All numbers that are held, by the time of the appointment; those without one come last."""
    now = clock.now()
    known = _appointments_of_holds(db)
    lines = []
    for row in db.execute(_HELD):
        shown = shown_appointment(known.get(row.lead_id, ()), now)
        lines.append(
            HoldLine(
                phone_id=row.phone_id,
                number=row.number,
                lead_id=row.lead_id,
                lead_name=f"{row.first_name} {row.last_name}".strip(),
                email=row.email,
                appointment_at=None if shown is None else shown.starts_at,
                release_at=row.release_at,
                hours_until_release=_hours(row.release_at - now),
                label=label(shown, release_at=row.release_at, now=now),
                last_outcome=row.last_appointment_outcome or row.last_call_outcome,
            )
        )
    return sorted(lines, key=_by_appointment)


def overdue_holds(db: Connection, clock: Clock) -> list[OverdueLine]:
    """Numbers that the next sweep will release, the longest overdue first."""
    now = clock.now()
    lines = [
        OverdueLine(
            phone_id=line.phone_id,
            number=line.number,
            lead_id=line.lead_id,
            lead_name=line.lead_name,
            appointment_at=line.appointment_at,
            release_at=line.release_at,
            hours_overdue=_hours(now - line.release_at),
        )
        for line in holds(db, clock)
        if line.release_at <= now
    ]
    return sorted(lines, key=lambda line: (line.release_at, line.number))


def shown_appointment(known: Iterable[KnownAppointment], now: datetime) -> KnownAppointment | None:
    """The one to show of a hold's appointments: the next, else the last open, else the last."""
    by_time = sorted(known, key=lambda each: each.starts_at)
    coming = [each for each in by_time if each.is_open and each.starts_at > now]
    if coming:
        return coming[0]
    is_open = [each for each in by_time if each.is_open]
    if is_open:
        return is_open[-1]
    return max(by_time, key=lambda each: each.outcome_at or each.starts_at, default=None)


def label(shown: KnownAppointment | None, *, release_at: datetime, now: datetime) -> str:
    """What the hold waits for, in the words of the trade."""
    if shown is None:
        return "no appointment"
    if shown.is_open and shown.starts_at > now:
        return f"pending ({(shown.starts_at - now) / _HOUR:.1f} hrs)"
    return "follow-up window" if release_at > now else "grace over"


def faults(db: Connection) -> list[str]:
    """What the rows of the holds must never say, in sentences (D1, D3, D6); normally nothing."""
    return [row.fault for row in db.execute(_FAULTS, {"follow_up": FOLLOW_UP})]


def half_done(db: Connection) -> list[str]:
    """Effects without a step that is done, and steps that are done without their effect (E6).

    Of the runs of the last seven days, in sentences; normally nothing. A run that is gone by its
    period leaves its effects behind: that is no fault.
    """
    return [row.fault for row in db.execute(_HALF_DONE, {"most": _MOST_FAULTS})]


def _hours(duration: timedelta) -> float:
    return round(duration / _HOUR, 1)


def _by_appointment(line: HoldLine) -> tuple[bool, datetime, str]:
    return (line.appointment_at is None, line.appointment_at or line.release_at, line.number)


def _appointments_of_holds(db: Connection) -> dict[UUID, Sequence[KnownAppointment]]:
    """By lead: the appointments that belong to the hold of today, not to an earlier one."""
    found: dict[UUID, list[KnownAppointment]] = {}
    for row in db.execute(_OF_HOLDS):
        known = KnownAppointment(row.starts_at, row.status == "scheduled", row.outcome_at)
        found.setdefault(row.lead_id, []).append(known)
    return {**found}


_HELD = select(
    phone_numbers.c.id.label("phone_id"),
    phone_numbers.c.number,
    phone_numbers.c.release_at,
    leads.c.id.label("lead_id"),
    leads.c.first_name,
    leads.c.last_name,
    leads.c.email,
    leads.c.last_call_outcome,
    leads.c.last_appointment_outcome,
).where(leads.c.id == phone_numbers.c.lead_id)

# OFFSET 0 keeps it a look for each lead that holds a number, by index: joined freely, the whole
# history of appointments is read as soon as some hundred numbers are held.
_OF_HOLDS = text("""
    SELECT a.lead_id, a.starts_at, a.status, a.outcome_at
      FROM phone_numbers p CROSS JOIN LATERAL (
           SELECT * FROM appointments
            WHERE lead_id = p.lead_id
              AND (status = 'scheduled' AND hold_until > p.assigned_at
                   OR outcome_at >= p.assigned_at)
           OFFSET 0) AS a
     WHERE p.lead_id IS NOT NULL
""")

_FAULTS = text("""
    SELECT format('%s is held without an open entry in its history', p.number) AS fault
    FROM phone_numbers p
    LEFT JOIN phone_assignments a
      ON a.phone_id = p.id AND a.lead_id = p.lead_id AND a.ended_at IS NULL
    WHERE p.lead_id IS NOT NULL AND (a.id IS NULL OR a.assigned_at <> p.assigned_at)
    UNION ALL
    SELECT format('%s has an open entry in its history but is not held so', p.number)
    FROM phone_assignments a JOIN phone_numbers p ON p.id = a.phone_id
    WHERE a.ended_at IS NULL AND p.lead_id IS DISTINCT FROM a.lead_id
    UNION ALL
    SELECT format('%s was held twice at %s', p.number, b.assigned_at)
    FROM phone_assignments a
    JOIN phone_assignments b ON b.phone_id = a.phone_id AND b.id <> a.id
     AND b.assigned_at >= a.assigned_at
     AND b.assigned_at < coalesce(a.ended_at, 'infinity')
     AND (b.ended_at IS NULL OR b.ended_at > b.assigned_at)
    JOIN phone_numbers p ON p.id = a.phone_id
    UNION ALL
    SELECT format('%s is released at %s, the rule says %s', p.number, p.release_at, d.release_at)
    FROM phone_numbers p
    CROSS JOIN LATERAL (
        SELECT greatest(p.initial_until, p.follow_up_until, max(a.hold_until)) AS release_at
        FROM appointments a WHERE a.lead_id = p.lead_id AND a.status = 'scheduled'
    ) d
    WHERE p.lead_id IS NOT NULL AND d.release_at IS DISTINCT FROM p.release_at
    UNION ALL
    SELECT format('an appointment at %s holds its number for less than a day', a.starts_at)
    FROM appointments a WHERE a.hold_until < a.starts_at + :follow_up
    ORDER BY fault
""")

_HALF_DONE = text("""
    WITH recent AS (SELECT id, workflow FROM runs WHERE created_at > now() - interval '7 days'),
    done AS (
        SELECT recent.id, recent.workflow, path, action,
               CASE WHEN named.id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                    THEN CAST(named.id AS uuid) END AS made
          FROM recent JOIN steps ON steps.run_id = recent.id
         CROSS JOIN LATERAL (SELECT CASE action
               WHEN 'interactions.log' THEN result ->> 'id'
               WHEN 'phones.assign' THEN result ->> 'phone_id'
               WHEN 'leads.create' THEN result ->> 'lead_id'
               ELSE result ->> 'appointment_id' END AS id) AS named
         WHERE status = 'succeeded' AND NOT is_simulated AND action IN (
               'leads.create', 'interactions.log', 'phones.assign', 'appointments.book',
               'appointments.record_outcome')
    ), effects AS (
        SELECT run_id, 'interactions' AS kind FROM interactions
        UNION SELECT run_id, 'appointments' FROM appointments
        UNION SELECT run_id, 'phone_assignments' FROM phone_assignments
    )
    SELECT format('run %s of %s: its step %s is done, and the row that it made is not there',
                  id, workflow, path) AS fault
      FROM done
     WHERE NOT EXISTS (SELECT FROM interactions
                        WHERE action = 'interactions.log' AND interactions.id = made)
       AND NOT EXISTS (SELECT FROM leads WHERE action = 'leads.create' AND leads.id = made)
       AND NOT EXISTS (SELECT FROM phone_assignments
                        WHERE action = 'phones.assign' AND phone_id = made)
       AND NOT EXISTS (SELECT FROM appointments
                        WHERE action LIKE 'appointments.%' AND appointments.id = made)
    UNION ALL
    SELECT format('run %s of %s: it made a row of %s, and none of its steps says so',
                  recent.id, workflow, kind)
      FROM effects JOIN recent ON recent.id = effects.run_id
     WHERE NOT EXISTS (
           SELECT FROM steps WHERE run_id = recent.id AND status = 'succeeded'
              AND CASE kind WHEN 'phone_assignments' THEN action = 'phones.assign'
                            WHEN 'appointments' THEN action LIKE 'appointments.%'
                            ELSE action ~ '^(phones|appointments|interactions)[.]' END)
     ORDER BY fault LIMIT :most
""")
