"""The beginning of a booking session: whom, where and when it is for (B-01, X25)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, text, update

from hub.action import Attempt, Clock, action
from hub.domain.booking_sessions import rows
from hub.domain.booking_sessions.rows import Session
from hub.domain.booking_sessions.slot_times import slot_instant
from hub.domain.booking_sessions.states import Source, State, verdict
from hub.domain.limits import refuse_far
from hub.errors import Permanent
from hub.signature import Email, Phone, Url
from hub.storage.tables import booking_sessions as sessions
from hub.storage.tables import leads
from hub.values import normalise_phone, origin_of

LIVES_FOR = timedelta(minutes=15)  # one deadline for all of it, shown as expiresAt (X19)
STARTS_WITHIN = timedelta(minutes=5)  # how long it waits for a browser (X24)

_LEADS = UUID("6f4a7a0e-21d3-4f36-8b4e-3c6a1df1c0b5")  # where ids of new leads come from
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended(:wish, 7213904655133))")


@dataclass(frozen=True)
class BookingLead:
    """Who wants the appointment, as the clinic's page is told."""

    first_name: str
    last_name: str
    phone: Phone
    email: Email
    notes: str | None = None


@dataclass(frozen=True)
class Started:
    """The session; `created` is false when it was there already for the same wish (X25).

    `starts_at`: the instant that was meant. `queue_position`: 1 is next; none: it waits no more.
    """

    session_id: str
    state: State
    created: bool
    starts_at: datetime
    expires_at: datetime
    time_left: timedelta
    lead_id: UUID
    queue_position: int | None = None


@action(
    "booking_sessions.create",
    effect="idempotent",
    errors=(
        "not_allowed",
        "invalid_time",
        "slot_in_past",
        "appointment_too_far",
        "invalid_phone",
        "unknown_lead",
    ),
    example={
        "session_id": "018f3c5e-0000-7000-8000-000000000001",
        "state": "created",
        "created": True,
        "starts_at": "2026-02-06T19:30:00Z",
        "expires_at": "2026-02-05T15:15:00Z",
        "time_left": "15m",
        "lead_id": "07f26a19-e9dc-422c-b61d-030e3c7971bb",
        "queue_position": 1,
    },
)
def create(
    db: Connection,
    clock: Clock,
    attempt: Attempt,
    *,
    booking_url: Url,
    date: str,
    time: str,
    timezone: str,
    lead: BookingLead,
    allowed_origins: list[str],
    source: Source = "platform",
    service: str | None = None,
    provider: str | None = None,
    lead_id: UUID | None = None,
    lives_for: timedelta = LIVES_FOR,
    start_within: timedelta = STARTS_WITHIN,
) -> Started:
    """Begin the booking session of this run; it waits for a browser.

    The same lead, page and time again is the session that goes on or succeeded (X25). The page
    must be of an allowed origin (X23); date and time are the clinic's, in its `timezone`.
    """
    now = clock.now()
    _refuse_origin(booking_url, allowed_origins)
    starts_at = _slot(date, time, timezone, now)
    contact = {**asdict(lead), "phone": _normalised(lead.phone)}
    db.execute(_ONE_AT_A_TIME, {"wish": f"{booking_url} {contact['phone']}"})
    lead_id = _lead(db, attempt, now, contact=contact, lead_id=lead_id)
    wish = and_(
        sessions.c.lead_id == lead_id,
        sessions.c.starts_at == starts_at,
        sessions.c.booking_url == booking_url,
        sessions.c.mode == attempt.mode,
    )
    known = _known(db, attempt, wish, now)
    if known is not None:
        return _started(db, known, now, created=False)
    values = {
        "id": attempt.run_id,
        "mode": attempt.mode,
        "source": source,
        "booking_url": booking_url,
        "starts_at": starts_at,
        "timezone": timezone,
        "service": service,
        "provider": provider,
        "lead_id": lead_id,
        "contact": {name: value for name, value in contact.items() if value is not None},
        "start_by": now + min(start_within, lives_for),
        "expires_at": now + lives_for,
        "created_at": now,
        "updated_at": now,
    }
    made = db.execute(insert(sessions).values(values).returning(*rows.COLUMNS))
    session = rows.as_session(made.mappings().one())
    rows.note(db, session, now, why="waits for a browser")
    if attempt.mode != "simulate":
        marked = {"booking_session_id": session.id, "booking_outcome": None, "updated_at": now}
        db.execute(update(leads).where(leads.c.id == lead_id).values(marked))
    return _started(db, session, now, created=True)


def _refuse_origin(url: str, allowed: list[str]) -> None:
    origin = origin_of(url)
    if origin is None or origin not in {origin_of(each) for each in allowed}:
        raise Permanent("not_allowed", "the booking page is of no origin that is allowed")


def _slot(date: str, time: str, timezone: str, now: datetime) -> datetime:
    try:
        starts_at = slot_instant(date, time, timezone)
    except ValueError as unreadable:
        raise Permanent("invalid_time", str(unreadable)) from unreadable
    if starts_at <= now:
        raise Permanent("slot_in_past", f"{date} {time} has already passed")
    refuse_far(starts_at, now)
    return starts_at


def _normalised(phone: str) -> str:
    try:
        return normalise_phone(phone)
    except ValueError as wrong:
        raise Permanent("invalid_phone", str(wrong)) from wrong


def _lead(
    db: Connection,
    attempt: Attempt,
    now: datetime,
    *,
    contact: dict[str, str],
    lead_id: UUID | None,
) -> UUID:
    """The lead that is named, or is the same person, or is new.

    A number alone is no person: families share one, and nobody's booking goes to another's row.
    """
    if lead_id is not None:
        if db.scalar(select(leads.c.id).where(leads.c.id == lead_id)) is None:
            raise Permanent("unknown_lead", f"there is no lead {lead_id}")
        return lead_id
    same_person = and_(
        leads.c.phone == contact["phone"],
        func.lower(leads.c.first_name) == contact["first_name"].lower(),
        func.lower(leads.c.last_name) == contact["last_name"].lower(),
    )
    newest = select(leads.c.id).where(same_person).order_by(leads.c.created_at.desc()).limit(1)
    found: UUID | None = db.scalar(newest)
    if found is not None:
        return found
    made = uuid5(_LEADS, attempt.key)
    names = {name: contact[name] for name in ("first_name", "last_name", "email", "phone")}
    db.execute(insert(leads).values(id=made, created_at=now, updated_at=now, **names))
    return made


def _known(
    db: Connection, attempt: Attempt, wish: ColumnElement[bool], now: datetime
) -> Session | None:
    """The session of this run or of this wish; one whose time is over blocks nobody."""
    is_alive = or_(sessions.c.outcome.is_(None), sessions.c.outcome == "success")
    which = or_(sessions.c.id == attempt.run_id, and_(wish, is_alive))
    query = select(*rows.COLUMNS).where(which).order_by(sessions.c.id == attempt.run_id)
    row = db.execute(query.with_for_update()).mappings().first()
    if row is None:
        return None
    session = rows.as_session(row)
    over = verdict(session.standing, now) if session.outcome is None else None
    if over is not None and session.id != attempt.run_id:
        rows.end(db, session, now, over.outcome, why=over.why)
        return None
    return session


def _started(db: Connection, session: Session, now: datetime, *, created: bool) -> Started:
    return Started(
        session_id=str(session.id),
        state=session.state,
        created=created,
        starts_at=session.starts_at,
        expires_at=session.expires_at,
        time_left=max(rows.whole_seconds(session.expires_at - now), timedelta(0)),
        lead_id=session.lead_id,
        queue_position=rows.position(db, session),
    )
