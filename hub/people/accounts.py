"""Who has access: inviting, roles, removing. Each act is in the audit (S9)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection

from hub.errors import NotPossible
from hub.people.roles import Role
from hub.people.tokens import API_PREFIX, digest_of, new_token
from hub.storage import api_tokens, console_sessions, people
from hub.storage.audit import Act
from hub.storage.people import Person

INVITED_FOR = timedelta(days=1)
LONGEST_TOKEN_LIFE = timedelta(days=366)
_LONGEST_EMAIL = 254
_LONGEST_NAME = 100
_EMAIL = re.compile(r"[^@\s<>\"'\\()\[\],;:]+@[^@\s<>\"'\\()\[\],;:]+", re.ASCII)


def read_email(given: str) -> str:
    """An e-mail address in the one form that is kept; raises `NotPossible`."""
    email = given.strip().lower()
    if len(email) > _LONGEST_EMAIL or not email.isprintable() or not _EMAIL.fullmatch(email):
        raise NotPossible("Give an e-mail address such as ada@example.com.")
    return email


def account_key(email: str) -> bytes:
    """The digest under which failures of an account are counted."""
    return digest_of(f"account {email}")


def invite(act: Act, *, email: str | None, role: Role | None, now: datetime) -> str:
    """A link's token, for one use within a day. For a known person it is a new password.

    Without a role a known person keeps theirs. Without an e-mail address it is for the first
    person, and works only while there is nobody. Raises `NotPossible`.
    """
    db = act.connection
    known = None if email is None else people.find_locked(db, email)
    if email is None and people.is_anybody(db):
        raise NotPossible("Somebody can sign in already: name whom you invite.")
    if role is None and known is None:
        raise NotPossible("Say what they may do: viewer, operator, editor or admin.")
    given = role or Role(known.role if known else Role.VIEWER.value)
    if known is not None and given is not Role.ADMIN:
        _keep_one_admin(db, known)
    token = new_token()
    people.add_invitation(
        db, digest=digest_of(token), email=email, role=given.value, expires_at=now + INVITED_FOR
    )
    act.note({"email": email, "role": given.value}, after={"email": email, "role": given.value})
    return token


def set_role(act: Act, *, email: str, role: Role) -> None:
    """Give somebody another role; their sessions end, and tokens become no more than the role.

    Raises `NotPossible` for nobody, and for the last admin.
    """
    person = _known(act.connection, email)
    if role is not Role.ADMIN:
        _keep_one_admin(act.connection, person)
    people.set_role(act.connection, person.id, role.value)
    console_sessions.end_all(act.connection, person.id)
    told = {"email": email, "role": role.value}
    act.note(told, before={"email": email, "role": person.role}, after=told)


def remove(act: Act, *, email: str) -> None:
    """Take somebody's access away at once. Raises `NotPossible` for nobody, and the last admin."""
    person = people.find_locked(act.connection, email)
    taken_back = people.forget_invitations(act.connection, email)
    if person is None and not taken_back:
        raise NotPossible(f"Nobody has the e-mail address {email} here.")
    if person is not None:
        _keep_one_admin(act.connection, person)
        people.remove(act.connection, person.id)
    before = {"email": email, "role": None if person is None else person.role}
    act.note({"email": email}, before=before)


def end_sessions(act: Act, *, email: str) -> int:
    """Sign somebody out everywhere; how many sessions ended. Raises `NotPossible` for nobody."""
    person = _known(act.connection, email)
    ended = console_sessions.end_all(act.connection, person.id)
    act.note({"email": email, "ended": ended}, before={"sessions": ended}, after={"sessions": 0})
    return ended


def make_token(
    act: Act, *, id_: UUID, email: str, name: str, role: Role, lives_for: timedelta, now: datetime
) -> str:
    """A token for programs; shown once. Raises `NotPossible` for more than its person may."""
    person = _known(act.connection, email)
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise NotPossible(f"Say in at most {_LONGEST_NAME} characters what the token is for.")
    if role > Role(person.role):
        raise NotPossible(f"{email} is {person.role}: a token cannot be {role}.")
    if not timedelta() < lives_for <= LONGEST_TOKEN_LIFE:
        raise NotPossible(f"A token lives for 1 to {LONGEST_TOKEN_LIFE.days} days.")
    token = new_token(API_PREFIX)
    expires_at = now + lives_for
    api_tokens.add(
        act.connection,
        id_=id_,
        digest=digest_of(token),
        person=person.id,
        name=name,
        role=role.value,
        expires_at=expires_at,
    )
    told = {"token": str(id_), "name": name, "role": role.value, "email": email}
    act.note(told, after={**told, "expires_at": expires_at})
    return token


def revoke_token(act: Act, *, id_: UUID, person: UUID | None = None) -> None:
    """Take a token back at once; `person`: only theirs. Raises `NotPossible` when there is none."""
    name = api_tokens.remove(act.connection, id_, person=person)
    if name is None:
        raise NotPossible(f"There is no token {id_}.")
    act.note({"token": str(id_), "name": name}, before={"token": str(id_), "name": name})


def _known(connection: Connection, email: str) -> Person:
    person = people.find_locked(connection, email)
    if person is None:
        raise NotPossible(f"Nobody has the e-mail address {email} here.")
    return person


def _keep_one_admin(connection: Connection, person: Person) -> None:
    """Raise `NotPossible` for who is the last admin: nobody could let anybody in any more."""
    is_last = people.count_of(connection, Role.ADMIN.value) == 1
    if person.role == Role.ADMIN.value and is_last:
        raise NotPossible(f"{person.email} is the last admin: make somebody else admin first.")
