"""Requests that are BOOKING while nobody works on them: what the watchdog looks at (X11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, case, func, or_, select

from hub.action import Attempt, Clock, action
from hub.signature import Phone
from hub.storage.tables import booking_calls, providers, runs

_ENDED = ("succeeded", "failed", "cancelled", "undo_failed")
_FIRST_PAUSE = timedelta(minutes=1)
_MOST_DOUBLED = 6  # then about once an hour


@dataclass(frozen=True)
class StuckBooking:
    """A booking whose run ended, died or takes too long.

    `is_over`: its run does nothing any more, so nobody dials but whoever settles it. `look_after`:
    when to look again if nothing is known then; it grows with each look.
    """

    request_id: UUID
    run_id: str
    provider_id: UUID
    provider_name: str
    begun_at: datetime
    is_over: bool
    is_simulated: bool
    look_after: timedelta
    call_id: str | None = None
    customer_phone: Phone | None = None


@dataclass(frozen=True)
class StuckBookings:
    """All of them, the oldest first; how many were really called in a mode that is not ours."""

    bookings: list[StuckBooking]
    other_modes: int


@action("service_requests.list_stuck", effect="read", example={"bookings": [], "other_modes": 0})
def list_stuck(
    db: Connection, clock: Clock, attempt: Attempt, *, limit: int = 100
) -> StuckBookings:
    """Bookings of the run's mode that need somebody to find out how they ended (X11).

    Those whose run is over before anybody noted a doubt, and those whose lease ran out. Only of
    this mode, for what a simulation is told never settles a real call; simulated ones in every
    mode, for nobody was called.
    """
    is_over = or_(runs.c.id.is_(None), runs.c.status.in_(_ENDED))
    is_due = or_(
        booking_calls.c.lease_until <= clock.now(),
        is_over & booking_calls.c.doubt.is_(None),
    )
    is_stuck = booking_calls.c.ended_at.is_(None) & is_due
    is_ours = booking_calls.c.mode.in_({attempt.mode, "simulate"})
    calls = booking_calls.outerjoin(runs, runs.c.id == booking_calls.c.run_id)
    others = select(func.count()).select_from(calls).where(is_stuck, ~is_ours)
    rows = db.execute(
        select(
            booking_calls.c.request_id,
            booking_calls.c.run_id,
            booking_calls.c.provider_id,
            providers.c.name,
            booking_calls.c.begun_at,
            case((is_over, True), else_=False).label("is_over"),
            booking_calls.c.mode,
            func.least(booking_calls.c.looks, _MOST_DOUBLED).label("looks"),
            booking_calls.c.call_id,
            booking_calls.c.customer_phone,
        )
        .select_from(calls.join(providers, providers.c.id == booking_calls.c.provider_id))
        .where(is_stuck, is_ours)
        .order_by(booking_calls.c.begun_at, booking_calls.c.request_id)
        .limit(max(limit, 0))
    )
    return StuckBookings(
        [
            StuckBooking(
                request_id=row.request_id,
                run_id=str(row.run_id),
                provider_id=row.provider_id,
                provider_name=row.name,
                begun_at=row.begun_at,
                is_over=row.is_over,
                is_simulated=row.mode == "simulate",
                look_after=_FIRST_PAUSE * 2**row.looks,
                call_id=row.call_id,
                customer_phone=row.customer_phone,
            )
            for row in rows
        ],
        other_modes=db.execute(others).scalar_one(),
    )
