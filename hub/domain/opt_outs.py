"""Who wants no text messages: `phones.opt_out` and `phones.opt_in`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.action import Clock, action
from hub.errors import Permanent
from hub.signature import Phone
from hub.storage import opt_outs
from hub.storage.statement import own_time
from hub.values import normalise_phone


@dataclass(frozen=True)
class Wish:
    """What counts now: of two wishes the later one, whichever was heard first."""

    opted_out: bool


@action(
    "phones.opt_out", effect="idempotent", errors=("invalid_phone",), example={"opted_out": True}
)
def opt_out(
    db: Connection, clock: Clock, *, number: Phone, source: str, at: datetime | None = None
) -> Wish:
    """Note that a number wants no text messages: later ones are refused before they leave."""
    return _noted(db, clock, number, source, at, is_out=True)


@action(
    "phones.opt_in", effect="idempotent", errors=("invalid_phone",), example={"opted_out": False}
)
def opt_in(
    db: Connection, clock: Clock, *, number: Phone, source: str, at: datetime | None = None
) -> Wish:
    """Note that a number wants text messages again."""
    return _noted(db, clock, number, source, at, is_out=False)


def _noted(
    db: Connection, clock: Clock, number: str, source: str, at: datetime | None, *, is_out: bool
) -> Wish:
    try:
        written = normalise_phone(number)
    except ValueError as unreadable:
        raise Permanent("invalid_phone", str(unreadable)) from unreadable
    when = own_time(clock) if at is None else at
    opt_outs.note(db, written, is_out=is_out, at=when, source=source)
    return Wish(opt_outs.has_opted_out(db, written))
