"""Where people are signed in: rows that end by disuse, by age, or when somebody ends them (S7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

IDLE = timedelta(hours=8)
ABSOLUTE = timedelta(days=7)
_NOTED_EVERY = timedelta(minutes=1)  # a row that is written for each page would be a cost


@dataclass(frozen=True)
class Session:
    """One browser of one person. The role is that of the person now."""

    digest: bytes
    person_id: UUID
    email: str
    role: str
    origin: str
    created_at: datetime
    seen_at: datetime


_COLUMNS = (
    "digest, person_id, email, role, origin, console_sessions.created_at, seen_at"
    " FROM console_sessions JOIN people ON people.id = person_id"
)
_LIVES = "expires_at > :now AND seen_at > :now - CAST(:idle AS interval)"


def begin(
    connection: Connection, *, digest: bytes, person: UUID, origin: str, now: datetime
) -> None:
    """A browser is signed in; sessions that are over go."""
    query = text("DELETE FROM console_sessions WHERE expires_at <= :now")
    connection.execute(query, {"now": now})
    connection.execute(
        text(
            "INSERT INTO console_sessions"
            " (digest, person_id, origin, created_at, seen_at, expires_at)"
            " VALUES (:digest, :person, :origin, :now, :now, :ends)"
        ),
        {"digest": digest, "person": person, "origin": origin, "now": now, "ends": now + ABSOLUTE},
    )


def find(connection: Connection, digest: bytes, now: datetime) -> Session | None:
    """The session, if it is not over."""
    query = text(f"SELECT {_COLUMNS} WHERE digest = :digest AND {_LIVES}")
    values: dict[str, Any] = {"digest": digest, "now": now, "idle": IDLE}
    row = connection.execute(query, values).mappings().first()
    return Session(**row) if row else None


def note_use(connection: Connection, session: Session, now: datetime) -> None:
    """It is in use; noted once a minute."""
    if now - session.seen_at < _NOTED_EVERY:
        return
    query = text("UPDATE console_sessions SET seen_at = :now WHERE digest = :digest")
    connection.execute(query, {"now": now, "digest": session.digest})


def of_person(connection: Connection, person: UUID, now: datetime) -> list[Session]:
    """All that live, the last used first."""
    query = text(f"SELECT {_COLUMNS} WHERE person_id = :person AND {_LIVES} ORDER BY seen_at DESC")
    rows = connection.execute(query, {"person": person, "now": now, "idle": IDLE})
    return [Session(**row) for row in rows.mappings()]


def count_by_person(connection: Connection, now: datetime) -> dict[UUID, int]:
    """How many browsers each person is signed in with."""
    query = text(
        f"SELECT person_id, count(*) AS n FROM console_sessions WHERE {_LIVES} GROUP BY person_id"  # noqa: S608 - our own text
    )
    rows = connection.execute(query, {"now": now, "idle": IDLE})
    return {row.person_id: row.n for row in rows}


def end(connection: Connection, digest: bytes) -> bool:
    """End one; whether it was there."""
    query = text("DELETE FROM console_sessions WHERE digest = :digest")
    return connection.execute(query, {"digest": digest}).rowcount > 0


def end_all(connection: Connection, person: UUID, *, but: bytes = b"") -> int:
    """End all of a person, but perhaps one; how many."""
    query = text("DELETE FROM console_sessions WHERE person_id = :person AND digest <> :but")
    return connection.execute(query, {"person": person, "but": but}).rowcount
