"""Who must not be written to: `mail_addresses.block` and `mail_addresses.allow` (K-19)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from hub.action import Clock, action
from hub.errors import Permanent
from hub.storage import mail_addresses
from hub.storage.statement import own_time
from hub.values import fold_mail_address


@dataclass(frozen=True)
class Standing:
    """What counts now: whether mails to the address are refused before they leave."""

    blocked: bool


@action(
    "mail_addresses.block",
    effect="idempotent",
    errors=("invalid_address",),
    example={"blocked": True},
)
def block(
    db: Connection,
    clock: Clock,
    *,
    address: str,
    reason: Literal["bounce", "complaint", "request"],
    source: str,
    permanent: bool = True,
    at: datetime | None = None,
) -> Standing:
    """Note that mails to an address come back, or are not wanted: later ones are refused.

    A bounce that is not `permanent`, such as a full mailbox, blocks when it is the third within
    7 days of the one before. A report of before the address was allowed changes nothing.
    """
    written, now = _folded(address), own_time(clock)
    if reason == "bounce" and not permanent:
        mail_addresses.defer(db, written, at=at, now=now, source=source)
    else:
        mail_addresses.block(db, written, reason=reason, at=at, now=now, source=source)
    return Standing(mail_addresses.is_blocked(db, written))


@action(
    "mail_addresses.allow",
    effect="idempotent",
    errors=("invalid_address",),
    example={"blocked": False},
)
def allow(
    db: Connection, clock: Clock, *, address: str, source: str, at: datetime | None = None
) -> Standing:
    """Note that an address may be written to again, until something newer is reported of it."""
    written = _folded(address)
    mail_addresses.allow(db, written, at=at, now=own_time(clock), source=source)
    return Standing(mail_addresses.is_blocked(db, written))


def _folded(address: str) -> str:
    try:
        return fold_mail_address(address)
    except ValueError as unreadable:
        raise Permanent("invalid_address", str(unreadable)) from unreadable
