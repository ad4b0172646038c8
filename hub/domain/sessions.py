"""Sessions with a mechanic: for now (`pending`) or for a time (`scheduled`), begun and ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects.postgresql import insert

from hub.action import Attempt, Clock, action
from hub.domain import seats, session_rows
from hub.domain.limits import refuse_outside
from hub.domain.session_rows import EXAMPLE, Kind, SessionFacts, SessionStatus, Viewer
from hub.errors import Permanent
from hub.signature import Email, Phone
from hub.storage.tables import sessions
from hub.values import format_instant, in_zone, zone

_MOVES: dict[str, tuple[SessionStatus, ...]] = {
    "in-progress": ("pending", "scheduled"),
    "no_show": ("scheduled",),
    "completed": ("in-progress",),
}
_MOST_LISTED = 200


@dataclass(frozen=True)
class SessionIdentity:
    """What the session is called, and whether it is for a time."""

    id: str
    status: SessionStatus


@dataclass(frozen=True)
class Sessions:
    """Some of them, by their time."""

    sessions: list[SessionFacts]


@dataclass(frozen=True)
class Signed:
    """When the waiver was signed, the first time."""

    signed_at: datetime


@dataclass(frozen=True)
class SessionNow:
    """Where the session stands now."""

    status: SessionStatus


@action(
    "sessions.create",
    effect="keyed",
    errors=("in_the_past", "too_far", "time_missing", "invalid_slot", "payment_used"),
    example={"id": "ses_1", "status": "scheduled"},
)
def create(
    db: Connection,
    clock: Clock,
    attempt: Attempt,
    *,
    customer_id: UUID,
    mechanic_id: UUID,
    kind: Kind,
    status: Literal["scheduled", "pending"] | None = None,
    scheduled_for: datetime | None = None,
    ends_at: datetime | None = None,
    timezone: str = "UTC",
    payment_intent_id: str | None = None,
    amount: int | None = None,
    currency: str | None = None,
    reservation_id: str | None = None,
    customer_email: Email | None = None,
    customer_phone: Phone | None = None,
) -> SessionIdentity:
    """Create a session: `scheduled` with a time, `pending` without (R-01, R-20).

    The step's key again, also of another attempt, gives the same one. A payment is for one session.
    """
    now = clock.now()
    found: SessionStatus = "pending" if scheduled_for is None else "scheduled"
    _refuse(scheduled_for, ends_at, now, wanted=status or found, found=found)
    _refuse_zone(timezone)
    row: dict[str, object] = {
        "id": uuid4(),
        "customer_id": customer_id,
        "mechanic_id": mechanic_id,
        "kind": kind,
        "status": found,
        "scheduled_for": scheduled_for,
        "ends_at": ends_at,
        "timezone": timezone,
        "customer_email": customer_email,
        "customer_phone": customer_phone,
        "payment_intent_id": payment_intent_id,
        "amount": amount,
        "currency": currency,
        "metadata": _metadata(scheduled_for, reservation_id),
        "reschedule_history": [],
        "key": attempt.key,
        "run_id": attempt.run_id,
        "mode": attempt.mode,
        "created_at": now,
    }
    stored = insert(sessions).values(row).on_conflict_do_nothing().returning(sessions.c.id)
    made = db.scalar(stored) or db.scalar(
        select(sessions.c.id).where(sessions.c.key == attempt.key)
    )
    if made is None:
        raise Permanent("payment_used", "the payment is for another session")
    return SessionIdentity(str(made), found)


@action(
    "sessions.set_status",
    effect="idempotent",
    errors=("not_found", "conflict", "waiver_missing"),
    example={"status": "in-progress"},
)
def set_status(
    db: Connection,
    *,
    session_id: str,
    status: Literal["in-progress", "completed", "no_show"],
    mechanic_id: UUID | None = None,
) -> SessionNow:
    """Begin or end a session, or note that nobody came; one for a time needs its waiver (R-28).

    A mechanic does so with own sessions alone (R-21).
    """
    row = session_rows.lock(db, seats.as_id(session_id), mechanic_id=mechanic_id)
    if row.status == status:
        return SessionNow(status)
    if row.status not in _MOVES[status]:
        raise Permanent("conflict", f"a session that is {row.status} cannot become {status}")
    if status == "in-progress" and row.status == "scheduled" and row.waiver_signed_at is None:
        raise Permanent("waiver_missing", "the waiver is not signed yet")
    session_rows.change(db, row, status=status)
    return SessionNow(status)


@action(
    "sessions.sign_waiver",
    effect="idempotent",
    errors=("not_found", "conflict", "too_early", "too_late"),
    example={"signed_at": "2025-11-12T14:30:00Z"},
)
def sign_waiver(
    db: Connection, clock: Clock, *, session_id: str, customer_id: UUID, signed_by: str
) -> Signed:
    """Sign the waiver of one's own session: on its day, as its time zone has it (R-28).

    A session for now has today. The first signature stays.
    """
    row = session_rows.lock(db, seats.as_id(session_id), customer_id=customer_id)
    if row.waiver_signed_at is not None:
        return Signed(row.waiver_signed_at)
    if row.status not in {"pending", "scheduled"}:
        raise Permanent("conflict", f"the session is {row.status}")
    now = clock.now()
    _refuse_other_day(row, now)
    session_rows.change(db, row, waiver_signed_at=now, waiver_signed_by=signed_by)
    return Signed(now)


@action("sessions.get", effect="read", errors=("not_found",), example=EXAMPLE)
def get(db: Connection, *, session_id: str, viewer: Viewer, viewer_id: UUID) -> SessionFacts:
    """Read a session of one's own; another's is `not_found` (R-21)."""
    own = session_rows.own(viewer, viewer_id)
    asked = select(sessions).where(sessions.c.id == seats.as_id(session_id), own)
    row = db.execute(asked).one_or_none()
    if row is None:
        raise Permanent("not_found", "there is no such session")
    return session_rows.facts(row)


@action("sessions.list", effect="read", example={"sessions": []})
def list_own(db: Connection, *, viewer: Viewer, viewer_id: UUID, limit: int = 100) -> Sessions:
    """The sessions of one mechanic or one customer, the newest first; at most 200 (R-21)."""
    rows = db.execute(
        select(sessions)
        .where(session_rows.own(viewer, viewer_id))
        .order_by(sessions.c.created_at.desc(), sessions.c.id)
        .limit(max(0, min(limit, _MOST_LISTED)))
    )
    return Sessions([session_rows.facts(row) for row in rows])


def _refuse(
    scheduled_for: datetime | None,
    ends_at: datetime | None,
    now: datetime,
    *,
    wanted: str,
    found: str,
) -> None:
    """Raise `Permanent` for a session that cannot be."""
    if wanted != found:
        raise Permanent("time_missing", "a session is scheduled with a time, pending without one")
    if scheduled_for is not None:
        refuse_outside(scheduled_for, now, past="in_the_past", far="too_far")
    if ends_at is not None and (scheduled_for is None or ends_at <= scheduled_for):
        raise Permanent("invalid_slot", "a session ends after it begins")


def _refuse_zone(timezone: str) -> None:
    try:
        zone(timezone)
    except ValueError as unknown:
        raise Permanent("invalid_input", str(unknown)) from unknown


def _metadata(scheduled_for: datetime | None, reservation_id: str | None) -> dict[str, Any]:
    """R-02; the original is the time as the caller wrote it, offset and all."""
    if scheduled_for is None:
        return {"is_scheduled": False}
    told = {} if reservation_id is None else {"reservation_id": reservation_id}
    return {"is_scheduled": True, "scheduled_for_original": format_instant(scheduled_for), **told}


def _refuse_other_day(row: Row[Any], now: datetime) -> None:
    if row.scheduled_for is None:
        return
    there = zone(row.timezone)
    today = in_zone(now, there).date()
    its_day = in_zone(row.scheduled_for, there).date()
    if today != its_day:
        code = "too_early" if today < its_day else "too_late"
        raise Permanent(code, f"the waiver is signed on {its_day}, the day of the session")
