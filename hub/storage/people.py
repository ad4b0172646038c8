"""The rows of people and of invitations. Rules about them lie in `hub.people`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class Person:
    """Somebody who may sign in."""

    id: UUID
    email: str
    role: str
    password_hash: str = field(repr=False)
    created_at: datetime
    signed_in_at: datetime | None


@dataclass(frozen=True)
class Invitation:
    """What one link gives; without an e-mail address whoever has it names one."""

    email: str | None
    role: str
    created_at: datetime
    expires_at: datetime


_PERSON = "id, email, role, password_hash, created_at, signed_in_at"
_INVITATION = "email, role, created_at, expires_at"


def find(connection: Connection, email: str) -> Person | None:
    """The person of this e-mail address (in lower case)."""
    query = text(f"SELECT {_PERSON} FROM people WHERE email = :email")  # noqa: S608 - our own columns
    row = connection.execute(query, {"email": email}).mappings().first()
    return Person(**row) if row else None


def find_locked(connection: Connection, email: str) -> Person | None:
    """The same; nobody else changes people until the end of the transaction."""
    connection.execute(text("LOCK TABLE people IN SHARE ROW EXCLUSIVE MODE"))
    return find(connection, email)


def every_one(connection: Connection) -> list[Person]:
    """All people, by e-mail address."""
    rows = connection.execute(text(f"SELECT {_PERSON} FROM people ORDER BY email"))  # noqa: S608 - our own columns
    return [Person(**row) for row in rows.mappings()]


def is_anybody(connection: Connection) -> bool:
    """Whether there is any person at all."""
    return bool(connection.execute(text("SELECT EXISTS (SELECT FROM people)")).scalar_one())


def count_of(connection: Connection, role: str) -> int:
    """How many people have this role."""
    query = text("SELECT count(*) FROM people WHERE role = :role")
    return int(connection.execute(query, {"role": role}).scalar_one())


_KEEP = text(
    """
    INSERT INTO people AS known (id, email, role, password_hash)
    VALUES (:id, :email, :role, :password_hash)
    ON CONFLICT (email) DO UPDATE
       SET role = excluded.role, password_hash = excluded.password_hash
    """
)


def keep(connection: Connection, *, id_: UUID, email: str, role: str, password_hash: str) -> None:
    """Add a person, or give a known one this role and password."""
    values = {"id": id_, "email": email, "role": role, "password_hash": password_hash}
    connection.execute(_KEEP, values)


def set_role(connection: Connection, person: UUID, role: str) -> None:
    """Give a person another role."""
    _change(connection, "UPDATE people SET role = :role WHERE id = :id", id=person, role=role)


def set_password(connection: Connection, person: UUID, password_hash: str) -> None:
    """Give a person another password."""
    statement = "UPDATE people SET password_hash = :hash WHERE id = :id"
    _change(connection, statement, id=person, hash=password_hash)


def note_sign_in(connection: Connection, person: UUID, at: datetime) -> None:
    """Somebody has just signed in."""
    _change(connection, "UPDATE people SET signed_in_at = :at WHERE id = :id", id=person, at=at)


def remove(connection: Connection, person: UUID) -> None:
    """Remove a person; sessions and tokens go too."""
    _change(connection, "DELETE FROM people WHERE id = :id", id=person)


# --------------------------------------------------------------------------------- invitations


def add_invitation(
    connection: Connection, *, digest: bytes, email: str | None, role: str, expires_at: datetime
) -> None:
    """Add one, in place of all others for the same address."""
    forget_invitations(connection, email)
    statement = (
        "INSERT INTO invitations (digest, email, role, expires_at)"
        " VALUES (:digest, :email, :role, :expires_at)"
    )
    _change(connection, statement, digest=digest, email=email, role=role, expires_at=expires_at)


def find_invitation(connection: Connection, digest: bytes, now: datetime) -> Invitation | None:
    """The invitation, if it still can be used."""
    query = text(
        f"SELECT {_INVITATION} FROM invitations WHERE digest = :digest AND expires_at > :now"  # noqa: S608 - our own columns
    )
    row = connection.execute(query, {"digest": digest, "now": now}).mappings().first()
    return Invitation(**row) if row else None


def take_invitation(connection: Connection, digest: bytes, now: datetime) -> Invitation | None:
    """Use it: of any number that try at once one gets it."""
    query = text(
        "DELETE FROM invitations WHERE digest = :digest AND expires_at > :now"  # noqa: S608 - our own columns
        f" RETURNING {_INVITATION}"
    )
    row = connection.execute(query, {"digest": digest, "now": now}).mappings().first()
    return Invitation(**row) if row else None


def take_invitation_of(connection: Connection, email: str, now: datetime) -> Invitation | None:
    """Use the one for this address, by who proved it in another way than by its link."""
    query = text(
        "DELETE FROM invitations WHERE email = :email AND expires_at > :now"  # noqa: S608 - our own columns
        f" RETURNING {_INVITATION}"
    )
    row = connection.execute(query, {"email": email, "now": now}).mappings().first()
    return Invitation(**row) if row else None


def open_invitations(connection: Connection, now: datetime) -> list[Invitation]:
    """Those that nobody has used yet."""
    query = text(f"SELECT {_INVITATION} FROM invitations WHERE expires_at > :now ORDER BY email")  # noqa: S608 - our own columns
    return [Invitation(**row) for row in connection.execute(query, {"now": now}).mappings()]


def count_expired_invitations(connection: Connection) -> int:
    """How many nobody can use any more."""
    query = text("SELECT count(*) FROM invitations WHERE expires_at <= now()")
    return int(connection.execute(query).scalar_one())


def remove_expired_invitations(connection: Connection) -> int:
    """Those whose time is over, by the database's clock; how many."""
    return connection.execute(text("DELETE FROM invitations WHERE expires_at <= now()")).rowcount


def forget_invitations(connection: Connection, email: str | None) -> int:
    """Take back those for this address, or those for nobody in particular; how many."""
    query = text("DELETE FROM invitations WHERE email IS NOT DISTINCT FROM :email")
    return connection.execute(query, {"email": email}).rowcount


def _change(connection: Connection, statement: str, **values: Any) -> None:
    connection.execute(text(statement), values)
