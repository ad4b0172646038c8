"""Pictures of the pages of a session: the last one of each state, removed with the session (B-06).

Who takes them never takes one of a page with card fields in use.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from hub.domain.booking_sessions.states import State
from hub.storage.tables import booking_session_pictures as pictures

LARGEST = 300_000  # bytes


@dataclass(frozen=True)
class Picture:
    """What the page looked like in a state; a JPEG."""

    state: State
    at: datetime
    jpeg: bytes = field(repr=False)


def keep(db: Connection, session_id: UUID, picture: Picture) -> bool:
    """Store it in place of the last one of this state; false for one that is too large."""
    if len(picture.jpeg) > LARGEST:
        return False
    values = {"jpeg": picture.jpeg, "at": picture.at}
    made = insert(pictures).values(session_id=session_id, state=picture.state, **values)
    db.execute(made.on_conflict_do_update(index_elements=["session_id", "state"], set_=values))
    return True


def of(db: Connection, session_id: UUID) -> list[Picture]:
    """The pictures of a session, oldest first."""
    query = select(pictures.c.state, pictures.c.at, pictures.c.jpeg).order_by(pictures.c.at)
    found = db.execute(query.where(pictures.c.session_id == session_id))
    return [Picture(row.state, row.at, bytes(row.jpeg)) for row in found]


def taken(db: Connection, session_id: UUID) -> dict[str, datetime]:
    """Of which states there are pictures, and of when."""
    query = select(pictures.c.state, pictures.c.at).where(pictures.c.session_id == session_id)
    return {row.state: row.at for row in db.execute(query)}


def one(db: Connection, session_id: UUID, state: str) -> bytes | None:
    """The picture of one state, a JPEG."""
    here = (pictures.c.session_id == session_id) & (pictures.c.state == state)
    found = db.scalar(select(pictures.c.jpeg).where(here))
    return None if found is None else bytes(found)
