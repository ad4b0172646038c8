"""Tokens for programs, each of a person, with a role and an end; only their digests (S7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, text

_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class ApiToken:
    """One token, without itself. `role` is what it was given, `persons_role` what its person is."""

    id: UUID
    name: str
    role: str
    email: str
    person_id: UUID
    persons_role: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


_COLUMNS = (
    "api_tokens.id, name, api_tokens.role, email, person_id, people.role AS persons_role,"
    " api_tokens.created_at, expires_at, used_at"
    " FROM api_tokens JOIN people ON people.id = person_id"
)


def add(
    connection: Connection,
    *,
    id_: UUID,
    digest: bytes,
    person: UUID,
    name: str,
    role: str,
    expires_at: datetime,
) -> None:
    """Keep a new one."""
    connection.execute(
        text(
            "INSERT INTO api_tokens (id, digest, person_id, name, role, expires_at)"
            " VALUES (:id, :digest, :person, :name, :role, :expires_at)"
        ),
        {
            "id": id_,
            "digest": digest,
            "person": person,
            "name": name,
            "role": role,
            "expires_at": expires_at,
        },
    )


def find(connection: Connection, digest: bytes, now: datetime) -> ApiToken | None:
    """The token, if its time is not over; its use is noted once a minute."""
    query = text(f"SELECT {_COLUMNS} WHERE digest = :digest AND expires_at > :now")
    row = connection.execute(query, {"digest": digest, "now": now}).mappings().first()
    if row is None:
        return None
    token = ApiToken(**row)
    if token.used_at is None or now - token.used_at >= _NOTED_EVERY:
        note = text("UPDATE api_tokens SET used_at = :now WHERE id = :id")
        connection.execute(note, {"now": now, "id": token.id})
    return token


def every_one(connection: Connection, person: UUID | None = None) -> list[ApiToken]:
    """All tokens, or those of a person, the newest first."""
    query = text(
        f"SELECT {_COLUMNS} WHERE CAST(:person AS uuid) IS NULL OR person_id = :person"
        " ORDER BY api_tokens.created_at DESC, api_tokens.id"
    )
    return [ApiToken(**row) for row in connection.execute(query, {"person": person}).mappings()]


def remove(connection: Connection, id_: UUID, *, person: UUID | None = None) -> str | None:
    """Take one back, if it is that person's when one is named; its name, None: there is none."""
    query = text(
        "DELETE FROM api_tokens WHERE id = :id"
        " AND (CAST(:person AS uuid) IS NULL OR person_id = :person) RETURNING name"
    )
    row = connection.execute(query, {"id": id_, "person": person}).first()
    return str(row.name) if row else None
