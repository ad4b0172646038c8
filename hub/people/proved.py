"""Letting in who a provider proved: a person that is known here, or one who was invited (S7)."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Connection

from hub.people import passwords
from hub.people.patience import FORGOTTEN_AFTER, FREE_BY_ADDRESS, delay_after
from hub.people.signing_in import (
    Door,
    NotProved,
    address_key,
    begin_session,
    waiting,
)
from hub.people.tokens import new_token
from hub.storage import audit, people, sign_in_failures
from hub.storage.audit import Act, Actor
from hub.storage.people import Person

_NOBODY = "somebody"


def take_a_try(door: Door, *, address: str) -> None:
    """Count a failure of this address in advance; raises `SignInRefused` when there were many."""
    delays = {address_key(address): partial(delay_after, free=FREE_BY_ADDRESS)}
    with door.engine.begin() as db:
        waits = sign_in_failures.take_a_try(db, delays, door.now(db), FORGOTTEN_AFTER)
    if waits is not None:
        raise waiting(waits)


def admit(door: Door, *, email: str, by: str, address: str, before: str = "") -> str:
    """The token of a session; the one `before` it ends. Raises `NotProved` for strangers.

    Nobody is made who was not invited, and the role is the one that they have here. An invitation
    is used up; the person it makes has a password that nobody knows.
    """
    with door.engine.connect() as db:
        is_known = people.find(db, email) is not None
    stored = "" if is_known else str(door.aside(partial(passwords.hashed, new_token())))
    with audit.act(door.engine, Actor(email, address), "console sign in") as act:
        person = (
            people.find(act.connection, email) if is_known else _joined(door, act, email, stored)
        )
        if person is None:
            raise NotProved("not_invited", _NOT_INVITED.format(email=email), email)
        now = door.now(act.connection)
        people.note_sign_in(act.connection, person.id, now)  # first: all others lock people first
        sign_in_failures.give_back(act.connection, address_key(address), now)
        token = begin_session(act, person, address, now, before)
        told = {"email": email, "by": by, "role": person.role}
        act.note(told if is_known else {**told, "joined": True}, after=told)
    return token


def note_refusal(door: Door, refused: NotProved, *, by: str, address: str) -> None:
    """A row of the audit for who was not let in (S9)."""
    actor = Actor(refused.email or _NOBODY, address)
    with audit.act(door.engine, actor, "console refuse sign in") as act:
        act.note({"by": by, "why": refused.reason})


def _joined(door: Door, act: Act, email: str, stored: str) -> Person | None:
    db: Connection = act.connection
    known = people.find_locked(db, email)
    if known is not None:
        return known
    taken = people.take_invitation_of(db, email, door.now(db))
    if taken is None:
        return None
    people.keep(db, id_=door.new_id(), email=email, role=taken.role, password_hash=stored)
    return people.find(db, email)


_NOT_INVITED = (
    "{email} is known there, but has no access here. Ask an admin of this hub for an invitation."
)
