"""Booking sessions for somebody who looks: the newest ones, and what happened to one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from hub.domain.booking_sessions.rows import COLUMNS, Session, as_session
from hub.domain.booking_sessions.states import State
from hub.storage.tables import booking_session_changes as changes
from hub.storage.tables import booking_sessions as sessions

MOST_CHANGES = 500


@dataclass(frozen=True)
class Happened:
    """One entry of a session's history; `state` is the one after it."""

    at: datetime
    state: State
    why: str


def newest(db: Connection, *, limit: int, before: UUID | None = None) -> list[Session]:
    """The newest sessions: ids are in the order of time; `before`: those behind this one."""
    query = select(*COLUMNS).order_by(sessions.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(sessions.c.id < before)
    return [as_session(row) for row in db.execute(query).mappings()]


def history(db: Connection, session_id: UUID) -> Sequence[Happened]:
    """What happened to a session, in this order."""
    query = select(changes.c.at, changes.c.state, changes.c.why).order_by(changes.c.id)
    found = db.execute(query.where(changes.c.session_id == session_id).limit(MOST_CHANGES))
    return [Happened(row.at, row.state, row.why) for row in found]
