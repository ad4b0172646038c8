"""The lead on our page of a session: one browser, once, until the deadline (X20).

Looking at the link changes nothing: messengers look at links too. Who opens it has it alone.
"""

from __future__ import annotations

from datetime import datetime
from hmac import compare_digest
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection, select, update

from hub.action import Clock
from hub.domain.booking_sessions.states import is_over
from hub.storage.tables import booking_sessions as sessions

Standing = Literal["unknown", "over", "waiting", "free", "ours", "others"]


def standing(db: Connection, clock: Clock, session_id: UUID, *, viewer: str | None) -> Standing:
    """What the page is to whoever asks; `viewer` is the digest of what his browser keeps.

    `waiting`: the page is not handed over yet.
    """
    query = select(
        sessions.c.state, sessions.c.source, sessions.c.expires_at, sessions.c.viewer
    ).where(sessions.c.id == session_id)
    row = db.execute(query).one_or_none()
    if row is None or row.source != "browser":
        return "unknown"
    is_ours = viewer is not None and row.viewer is not None and compare_digest(row.viewer, viewer)
    if is_over(row.state) or row.expires_at <= clock.now():
        return "over"
    if row.state not in {"ready_for_handoff", "monitoring"}:
        return "waiting"
    if row.viewer is None:
        return "free"
    return "ours" if is_ours else "others"


def open_once(db: Connection, clock: Clock, session_id: UUID, *, viewer: str) -> bool:
    """Give the page to this browser; false when it is another's, is over, or is not ready."""
    now: datetime = clock.now()
    opened = (
        update(sessions)
        .where(
            sessions.c.id == session_id,
            sessions.c.source == "browser",
            sessions.c.state.in_(("ready_for_handoff", "monitoring")),
            sessions.c.expires_at > now,
            sessions.c.viewer.is_(None),
        )
        .values(viewer=viewer, updated_at=now)
    )
    return db.execute(opened).rowcount == 1
