"""What a person watches of slots and sessions (R-27), and what must not be in their rows (D2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from hub.action import Clock, Mode, action
from hub.errors import Permanent
from hub.values import zone

PERIOD = timedelta(days=30)
LONGEST_PERIOD = timedelta(days=400)
_MOST_FAULTS = 50
_MOST_SWEEPS = 12


@dataclass(frozen=True)
class Sweep:
    """How many reservations one sweep found overdue."""

    at: datetime
    expired: int


@dataclass(frozen=True)
class PeakHour:
    """How many sessions begin in one hour of the day."""

    hour: int
    sessions: int


@dataclass(frozen=True)
class Revenue:
    """What was paid for sessions that were not cancelled, in the smallest unit of the currency."""

    currency: str
    amount: int
    sessions: int


@dataclass(frozen=True)
class Figures:
    """The monitor of one period, `[since, at)`; a share is 0 to 1, and absent where nothing was.

    `conflicts` must be 0. `overdue` counts what the next sweep will expire; it blocks nobody.
    `utilisation`: booked time of all time of the mechanics known, nights included.
    """

    at: datetime
    since: datetime
    conflicts: int
    reserved: int
    confirmed: int
    overdue: int
    expired: int
    sweeps: list[Sweep]
    sessions: int
    scheduled: int
    mails_sent: int
    mails_failed: int
    no_shows: int
    mechanic_offline: int
    peak_hours: list[PeakHour]
    revenue: list[Revenue]
    scheduled_share: float | None = None
    mail_delivery_share: float | None = None
    no_show_share: float | None = None
    utilisation: float | None = None


@dataclass(frozen=True)
class ReservationLine:
    """One line of `hub slots`: a reservation that keeps others out, or is overdue."""

    reservation_id: UUID
    mechanic_id: UUID
    seat: int
    starts_at: datetime
    ends_at: datetime
    status: str
    expires_at: datetime | None  # while it is only reserved
    customer_id: UUID | None
    session_id: UUID | None
    is_mechanic_offline: bool
    mode: str


@action(
    "slots.monitor",
    effect="read",
    errors=("invalid_input",),
    example={
        "at": "2025-11-10T15:00:00Z",
        "since": "2025-10-11T15:00:00Z",
        "conflicts": 0,
        "reserved": 1,
        "confirmed": 3,
        "overdue": 0,
        "expired": 2,
        "sweeps": [],
        "sessions": 4,
        "scheduled": 3,
        "mails_sent": 9,
        "mails_failed": 0,
        "no_shows": 0,
        "mechanic_offline": 0,
        "peak_hours": [{"hour": 10, "sessions": 2}],
        "revenue": [{"currency": "cad", "amount": 14700, "sessions": 3}],
        "scheduled_share": 0.75,
    },
)
def monitor(
    db: Connection,
    clock: Clock,
    *,
    period: timedelta = PERIOD,
    timezone: str = "UTC",
    mode: Mode = "live",
) -> Figures:
    """Count slots, sessions, mails and revenue of the last days (R-27).

    Runs in another mode than `mode` count nowhere but in `conflicts`. `timezone` decides which hour
    of the day a session begins in.
    """
    if not timedelta(0) < period <= LONGEST_PERIOD:
        raise Permanent("invalid_input", "a period is up to 400 days")
    try:
        zone(timezone)
    except ValueError as unknown:
        raise Permanent("invalid_input", str(unknown)) from unknown
    now = clock.now()
    asked = {"now": now, "since": now - period, "timezone": timezone, "mode": mode}
    counted = db.execute(_COUNTED, asked).mappings().one()
    peaks = db.execute(_PEAKS, asked).all()
    paid = db.execute(_REVENUE, asked).all()
    swept = db.execute(_SWEEPS, {**asked, "most": _MOST_SWEEPS}).all()
    return Figures(
        at=now,
        since=now - period,
        conflicts=len(faults(db)),
        sweeps=[Sweep(*row) for row in swept],
        peak_hours=[PeakHour(*row) for row in peaks],
        revenue=[Revenue(*row) for row in paid],
        **_figures(dict(counted)),
    )


def lines(
    db: Connection, clock: Clock, *, mechanic_id: UUID | None = None, most: int | None = None
) -> list[ReservationLine]:
    """What is reserved or confirmed and not over yet, by its time; `most`: the first so many."""
    asked = {"now": clock.now(), "mechanic_id": mechanic_id, "most": most}
    return [ReservationLine(**row) for row in db.execute(_LINES, asked).mappings()]


def count_lines(db: Connection, clock: Clock) -> int:
    """How many `lines` there are."""
    return int(db.execute(_COUNT_LINES, {"now": clock.now()}).scalar_one())


def faults(db: Connection) -> list[str]:
    """Rows that break a rule of slots, as sentences; normally none (D2, X27)."""
    return list(db.scalars(_FAULTS, {"most": _MOST_FAULTS}))


def _figures(counted: dict[str, Any]) -> dict[str, Any]:
    """The counts with the shares that follow from them."""
    came = counted.pop("came")
    booked, offered = counted.pop("booked_seconds"), counted.pop("offered_seconds")
    mails = counted["mails_sent"] + counted["mails_failed"]
    return {
        **counted,
        "scheduled_share": _share(counted["scheduled"], counted["sessions"]),
        "mail_delivery_share": _share(counted["mails_sent"], mails),
        "no_show_share": _share(counted["no_shows"], counted["no_shows"] + came),
        "utilisation": _share(float(booked), float(offered)),
    }


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


# ------------------------------------------------------------------------------------- statements

_COUNTED = text("""
    WITH slots AS (
        SELECT count(*) FILTER (WHERE status = 'reserved' AND expires_at > :now) AS reserved,
               count(*) FILTER (WHERE status = 'confirmed' AND ends_at > :now) AS confirmed,
               count(*) FILTER (WHERE status = 'reserved' AND expires_at <= :now) AS overdue,
               count(*) FILTER (WHERE status = 'expired' AND ended_at >= :since) AS expired,
               count(*) FILTER (WHERE status = 'confirmed' AND offline_at IS NOT NULL
                                  AND ends_at > :now) AS mechanic_offline,
               coalesce(sum(extract(epoch FROM least(ends_at, :now) - greatest(starts_at, :since)))
                   FILTER (WHERE status = 'confirmed' AND starts_at < :now AND ends_at > :since), 0
               ) AS booked_seconds
          FROM slot_reservations WHERE mode = :mode
    ), held AS (
        SELECT count(*) AS sessions,
               count(*) FILTER (WHERE scheduled_for IS NOT NULL) AS scheduled,
               count(*) FILTER (WHERE status = 'no_show') AS no_shows,
               count(*) FILTER (WHERE status IN ('in-progress', 'completed')
                                  AND scheduled_for IS NOT NULL) AS came
          FROM sessions WHERE mode = :mode AND created_at >= :since AND created_at <= :now
    ), mails AS (
        SELECT count(*) FILTER (WHERE steps.status = 'succeeded') AS mails_sent,
               count(*) FILTER (WHERE steps.status = 'failed') AS mails_failed
          FROM runs JOIN steps ON steps.run_id = runs.id AND steps.action = 'email.send'
         WHERE runs.mode = :mode AND runs.created_at >= :since AND NOT steps.is_simulated
    ), offered AS (
        SELECT coalesce(sum(capacity), 0) * extract(
                   epoch FROM CAST(:now AS timestamptz) - :since) AS offered_seconds
          FROM mechanics
    )
    SELECT * FROM slots, held, mails, offered
""")
_PEAKS = text("""
    SELECT CAST(extract(hour FROM scheduled_for AT TIME ZONE :timezone) AS int) AS hour,
           count(*) AS sessions
      FROM sessions
     WHERE mode = :mode AND created_at >= :since AND scheduled_for IS NOT NULL
       AND status <> 'cancelled'
     GROUP BY hour ORDER BY sessions DESC, hour LIMIT 3
""")
_REVENUE = text("""
    SELECT currency, sum(amount), count(*) FROM sessions
     WHERE mode = :mode AND created_at >= :since AND status <> 'cancelled'
       AND amount IS NOT NULL AND currency IS NOT NULL
     GROUP BY currency ORDER BY currency
""")
_SWEEPS = text(
    "SELECT at, expired FROM slot_sweeps WHERE at >= :since ORDER BY at DESC LIMIT :most"
)
_LINES = text("""
    SELECT id AS reservation_id, mechanic_id, seat, starts_at, ends_at, customer_id, session_id,
           mode, offline_at IS NOT NULL AS is_mechanic_offline,
           CASE WHEN status = 'reserved' AND expires_at <= :now THEN 'overdue' ELSE status END
               AS status,
           CASE WHEN status = 'reserved' THEN expires_at END AS expires_at
      FROM slot_reservations
     WHERE status IN ('reserved', 'confirmed') AND ends_at > :now
       AND (CAST(:mechanic_id AS uuid) IS NULL OR mechanic_id = :mechanic_id)
     ORDER BY starts_at, mechanic_id, seat LIMIT :most
""")
_COUNT_LINES = text("""
    SELECT count(*) FROM slot_reservations
     WHERE status IN ('reserved', 'confirmed') AND ends_at > :now
""")
_FAULTS = text("""
    SELECT format('reservations %s and %s have seat %s of mechanic %s at one time',
                  a.id, b.id, a.seat, a.mechanic_id) AS fault
      FROM slot_reservations a JOIN slot_reservations b
        ON b.mechanic_id = a.mechanic_id AND b.seat = a.seat AND b.id > a.id
       AND tstzrange(b.starts_at, b.ends_at, '[)') && tstzrange(a.starts_at, a.ends_at, '[)')
     WHERE a.status IN ('reserved', 'confirmed') AND b.status IN ('reserved', 'confirmed')
    UNION ALL
    SELECT format('session %s is scheduled for %s, its reservation %s is %s for %s',
                  s.id, s.scheduled_for, s.reservation_id, coalesce(r.status, 'missing'),
                  r.starts_at)
      FROM sessions s LEFT JOIN slot_reservations r ON r.id = s.reservation_id
     WHERE s.status = 'scheduled' AND s.reservation_id IS NOT NULL
       AND (r.status, r.starts_at, r.mechanic_id, r.session_id)
           IS DISTINCT FROM ('confirmed', s.scheduled_for, s.mechanic_id, s.id)
    UNION ALL
    SELECT format('reservation %s is confirmed for session %s, which is %s',
                  r.id, s.id, s.status)
      FROM slot_reservations r JOIN sessions s ON s.id = r.session_id
     WHERE r.status = 'confirmed'
       AND (s.status = 'cancelled' OR s.reservation_id IS DISTINCT FROM r.id)
    ORDER BY fault LIMIT :most
""")
