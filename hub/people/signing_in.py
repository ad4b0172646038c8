"""Signing in: by a password, by an invitation. Nothing tells a stranger who is known here (S7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hmac import compare_digest
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Connection, Engine

from hub.errors import NotPossible
from hub.people import passwords
from hub.people.accounts import account_key, read_email
from hub.people.patience import FORGOTTEN_AFTER, FREE_BY_ACCOUNT, FREE_BY_ADDRESS, delay_after
from hub.people.tokens import digest_of, new_token
from hub.storage import audit, console_sessions, people, sign_in_failures
from hub.storage.audit import Act, Actor
from hub.storage.console_sessions import Session
from hub.storage.people import Invitation, Person

_Result = TypeVar("_Result")
# Runs what takes long for the processor where it keeps nobody else waiting.
Aside = Callable[[Callable[[], _Result]], _Result]

WRONG = "This e-mail address and password do not belong together."
OVER = "This link was used already, or its time is over. Ask for a new one."


class SignInRefused(NotPossible):
    """Nobody is signed in; the message is for whoever tried. `wait`: no try before that."""

    def __init__(self, message: str, wait: timedelta | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class NotProved(SignInRefused):
    """A provider did not prove who it is; `reason` is a word for the audit."""

    def __init__(self, reason: str, message: str, email: str = "") -> None:
        super().__init__(message)
        self.reason, self.email = reason, email


@dataclass(frozen=True)
class Door:
    """Where people sign in: the rows, the time of a transaction, ids, where hashing is done."""

    engine: Engine
    now: Callable[[Connection], datetime]
    new_id: Callable[[], UUID]
    aside: Callable[[Callable[[], object]], object]


def sign_in(door: Door, *, email: str, password: str, address: str, before: str = "") -> str:
    """The token of a new session; the one `before` it ends. Raises `SignInRefused`.

    For an unknown address the same work is done, and the same is said.
    """
    email = email.strip().lower()
    person = _try(door, email, address)
    stored = None if person is None else person.password_hash
    is_right = door.aside(partial(passwords.is_right, stored, password))
    if person is None or not is_right:
        raise SignInRefused(WRONG)
    renewed = None
    if passwords.is_outdated(person.password_hash):
        renewed = str(door.aside(partial(passwords.hashed, password)))
    with audit.act(door.engine, Actor(email, address), "console sign in") as act:
        now = door.now(act.connection)
        current = people.find(act.connection, email)
        if current is None or not _is_same(current.password_hash, person.password_hash):
            raise SignInRefused(WRONG)  # it was changed while we looked
        people.note_sign_in(act.connection, person.id, now)  # first: all others lock people first
        if renewed is not None:
            people.set_password(act.connection, person.id, renewed)
        sign_in_failures.forget(act.connection, account_key(email))
        sign_in_failures.give_back(act.connection, address_key(address), now)
        token = begin_session(act, current, address, now, before)
        act.note({"email": email})
    return token


def look_at_invitation(door: Door, token: str) -> Invitation:
    """What a link is good for; raises `SignInRefused` when it is not any more."""
    with door.engine.begin() as db:
        found = people.find_invitation(db, digest_of(token), door.now(db))
        if found is None or (found.email is None and people.is_anybody(db)):
            raise SignInRefused(OVER)
    return found


def accept_invitation(
    door: Door, *, token: str, email: str, password: str | None, address: str
) -> str:
    """Make the person, or give them a new password; the token of their session.

    An invitation for nobody in particular takes the e-mail address that is given. None as the
    password: one that nobody knows, where passwords open nothing. Raises `SignInRefused`; the link
    is used up only when it worked.
    """
    invited = look_at_invitation(door, token)
    email = invited.email or read_email(email)
    weakness = None if password is None else passwords.weakness(password, email)
    if weakness is not None:
        raise SignInRefused(weakness)
    stored = str(door.aside(partial(passwords.hashed, password or new_token())))
    with audit.act(door.engine, Actor(email, address), "console join") as act:
        db = act.connection
        now, known = door.now(db), people.find_locked(db, email)
        taken = people.take_invitation(db, digest_of(token), now)
        if taken is None or (taken.email is None and people.is_anybody(db)):
            raise SignInRefused(OVER)
        people.keep(db, id_=door.new_id(), email=email, role=taken.role, password_hash=stored)
        person = people.find(db, email)
        if person is None:
            raise SignInRefused(OVER)
        people.note_sign_in(db, person.id, now)
        console_sessions.end_all(db, person.id)
        sign_in_failures.forget(db, account_key(email))
        session = begin_session(act, person, address, now, "")
        before = None if known is None else {"email": email, "role": known.role}
        told = {"email": email, "role": taken.role}
        act.note(told, before=before, after=told)
    return session


def change_password(
    door: Door, session: Session, *, present: str, wanted: str, address: str
) -> None:
    """Give oneself another password; all other sessions end. Raises `SignInRefused`."""
    person = _try(door, session.email, address)
    stored = None if person is None else person.password_hash
    is_right = door.aside(partial(passwords.is_right, stored, present))
    if person is None or not is_right:
        raise SignInRefused("This is not your present password.")
    weakness = passwords.weakness(wanted, session.email)
    if weakness is not None:
        raise SignInRefused(weakness)
    hashed = str(door.aside(partial(passwords.hashed, wanted)))
    with audit.act(door.engine, Actor(session.email, address), "console change password") as act:
        people.set_password(act.connection, person.id, hashed)
        ended = console_sessions.end_all(act.connection, person.id, but=session.digest)
        sign_in_failures.forget(act.connection, account_key(session.email))
        act.note({"email": session.email, "sessions_ended": ended})


def find_session(door: Door, token: str) -> Session | None:
    """Whose session this is, if it is not over; its use is noted."""
    with door.engine.begin() as db:
        now = door.now(db)
        session = console_sessions.find(db, digest_of(token), now)
        if session is not None:
            console_sessions.note_use(db, session, now)
    return session


def sign_out(door: Door, session: Session, *, address: str) -> None:
    """End one's own session."""
    with audit.act(door.engine, Actor(session.email, address), "console sign out") as act:
        console_sessions.end(act.connection, session.digest)
        act.note({"email": session.email})


def _try(door: Door, email: str, address: str) -> Person | None:
    """Whom the address belongs to, once there is a try left; raises `SignInRefused`."""
    delays = {
        account_key(email): partial(delay_after, free=FREE_BY_ACCOUNT),
        address_key(address): partial(delay_after, free=FREE_BY_ADDRESS),
    }
    with door.engine.begin() as db:
        waits = sign_in_failures.take_a_try(db, delays, door.now(db), FORGOTTEN_AFTER)
        person = people.find(db, email) if email.isprintable() else None
    if waits is not None:
        raise waiting(waits)
    return person


def waiting(waits: timedelta) -> SignInRefused:
    """What is said to who tried too often."""
    minutes = max(1, -(-int(waits.total_seconds()) // 60))
    unit = "minute" if minutes == 1 else "minutes"
    return SignInRefused(f"Too many tries. Wait {minutes} {unit}, then try again.", waits)


def begin_session(act: Act, person: Person, address: str, now: datetime, before: str) -> str:
    """The token of a new session in the transaction of the act; the one `before` it ends."""
    token = new_token()
    if before:
        console_sessions.end(act.connection, digest_of(before))
    console_sessions.begin(
        act.connection, digest=digest_of(token), person=person.id, origin=address, now=now
    )
    return token


def _is_same(stored: str, other: str) -> bool:
    return compare_digest(stored.encode(), other.encode())


def address_key(address: str) -> bytes:
    """The digest under which failures of an address are counted."""
    return digest_of(f"address {address}")
