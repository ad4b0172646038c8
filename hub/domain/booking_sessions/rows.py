"""The rows of booking sessions: read, locked, changed; each change leaves an entry.

Who changes a session locks its row first, and the lead's row after it. With this one order nobody
waits in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, and_, func, insert, select, update

from hub.action import Mode
from hub.domain.booking_sessions.states import (
    END_OF,
    Outcome,
    Source,
    Standing,
    State,
    is_over,
    may_become,
)
from hub.errors import Permanent
from hub.storage.tables import booking_session_changes as changes
from hub.storage.tables import booking_sessions as sessions
from hub.storage.tables import leads

NOT_FOUND, OVER, ILLEGAL = "not_found", "session_is_over", "illegal_change"
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Session:
    """One session as it stands. `contact`: whom the page is told, personal data."""

    id: UUID
    number: int
    state: State
    outcome: Outcome | None
    error_message: str | None
    mode: Mode
    source: Source
    booking_url: str
    starts_at: datetime
    timezone: str
    service: str | None
    provider: str | None
    lead_id: UUID
    contact: Mapping[str, str] = field(repr=False)
    handoff_url: str | None = field(repr=False)
    page_url: str | None = field(repr=False)
    handed_over_at: datetime | None
    handed_over_by: str | None
    declines: int
    evidence: Mapping[str, Any] | None
    confirmation_number: str | None
    appointment_at: datetime | None
    start_by: datetime
    expires_at: datetime
    seat: int | None
    owner: str | None
    lease_until: datetime | None
    token: int
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None

    @property
    def standing(self) -> Standing:
        """As much of it as decides whether it is over."""
        return Standing(
            state=self.state,
            source=self.source,
            declines=self.declines,
            start_by=self.start_by,
            expires_at=self.expires_at,
            lease_until=self.lease_until,
        )


COLUMNS = [sessions.c[each.name] for each in fields(Session)]


def as_session(row: RowMapping) -> Session:
    """The session in a row of `COLUMNS`."""
    return Session(**row)


def read(db: Connection, session_id: str) -> Session:
    """The session as it stands; raises `Permanent("not_found")`, also for what is no id."""
    return _found(db, session_id, is_locked=False)


def lock(db: Connection, session_id: str) -> Session:
    """The same, and nobody else changes it before the commit."""
    return _found(db, session_id, is_locked=True)


def lock_open(db: Connection, session_id: str) -> Session:
    """The same; raises `Permanent("session_is_over")` as well."""
    session = lock(db, session_id)
    if is_over(session.state):
        raise Permanent(OVER, f"the session is {session.state} already")
    return session


def lock_all(db: Connection, ids: Iterable[UUID]) -> list[Session]:
    """Those that nobody works at right now, by their number."""
    query = select(*COLUMNS).where(sessions.c.id.in_(list(ids))).order_by(sessions.c.number)
    rows = db.execute(query.with_for_update(skip_locked=True)).mappings()
    return [as_session(row) for row in rows]


def position(db: Connection, session: Session) -> int | None:
    """How many it waits for, itself included; None when it waits no more (X24)."""
    if session.state != "created":
        return None
    before = and_(sessions.c.state == "created", sessions.c.number <= session.number)
    return db.execute(select(func.count()).where(before)).scalar_one()


# ---------------------------------------------------------------------------------------- changes


def note(
    db: Connection, session: Session, now: datetime, *, why: str, evidence: Values | None = None
) -> None:
    """Add an entry to the session's history."""
    db.execute(
        insert(changes).values(
            session_id=session.id, state=session.state, why=why, evidence=evidence, at=now
        )
    )


def store(db: Connection, session: Session, now: datetime, values: Values) -> Session:
    """The locked session with other values, whatever its state."""
    changed = (
        update(sessions)
        .where(sessions.c.id == session.id)
        .values(updated_at=now, **values)
        .returning(*COLUMNS)
    )
    return as_session(db.execute(changed).mappings().one())


def move(
    db: Connection, session: Session, now: datetime, state: State, *, why: str, **values: Any
) -> Session:
    """The locked session in its next state; raises `Permanent("illegal_change")` (B-03)."""
    if not may_become(session.state, state):
        raise Permanent(ILLEGAL, f"a session that is {session.state} cannot become {state}")
    moved = store(db, session, now, {"state": state, **values})
    note(db, moved, now, why=why, evidence=values.get("evidence"))
    return moved


def end(
    db: Connection, session: Session, now: datetime, outcome: Outcome, *, why: str, **values: Any
) -> Session:
    """The locked session at its end: its seat is free, and its lead knows the outcome (B-22).

    A lead who began another session meanwhile keeps what is known of that one.
    """
    freed = {"seat": None, "owner": None, "lease_until": None}
    message = None if outcome == "success" else why
    ended = move(
        db,
        session,
        now,
        END_OF[outcome],
        why=why,
        outcome=outcome,
        error_message=message,
        completed_at=now,
        **freed,
        **values,
    )
    if session.mode != "simulate":
        of_lead = and_(leads.c.id == session.lead_id, leads.c.booking_session_id == session.id)
        db.execute(update(leads).where(of_lead).values(booking_outcome=outcome, updated_at=now))
    return ended


def whole_seconds(time: timedelta) -> timedelta:
    """At least this long: what is waited for must be over then."""
    return timedelta(seconds=ceil(time.total_seconds()))


def _found(db: Connection, session_id: str, *, is_locked: bool) -> Session:
    query = select(*COLUMNS).where(sessions.c.id == _id(session_id))
    row = db.execute(query.with_for_update() if is_locked else query).mappings().one_or_none()
    if row is None:
        raise Permanent(NOT_FOUND, "there is no such session")
    return as_session(row)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Permanent(NOT_FOUND, "there is no such session") from None
