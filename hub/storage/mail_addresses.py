"""Which addresses must not be written to. What counts does not depend on what is heard first.

An address is blocked by the latest of its reports, unless somebody allowed it after that one.
Refusals that may pass block it when there are several of them, each soon after the one before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection

from hub.storage.statement import Statement

Reason = Literal["bounce", "complaint", "refused", "request"]

BLOCKED = "blocked_address"
MOST_DEFERRALS = 3
"""So many refusals that may pass are one that does not …"""
DEFERRALS_WITHIN = timedelta(days=7)
"""… when none came later than this after the one before."""

_IS_BLOCKED = "(blocked_at IS NOT NULL AND (allowed_at IS NULL OR allowed_at <= blocked_at))"
# What is said to be of tomorrow is of now: nobody could lift it until then.
_AT = "least(CAST(:at AS timestamptz), coalesce(CAST(:now AS timestamptz), clock_timestamp()))"
_BLOCK = Statement(
    f"""
    INSERT INTO mail_addresses AS known (address, blocked_at, reason, source)
    VALUES (:address, {_AT}, :reason, :source)
    ON CONFLICT (address) DO UPDATE
       SET blocked_at = excluded.blocked_at, reason = excluded.reason, source = excluded.source
     WHERE known.blocked_at IS NULL OR known.blocked_at < excluded.blocked_at
    """  # noqa: S608 - our own words
)
_ALLOW = Statement(
    f"""
    INSERT INTO mail_addresses AS known (address, allowed_at, source)
    VALUES (:address, {_AT}, :source)
    ON CONFLICT (address) DO UPDATE
       SET allowed_at = excluded.allowed_at, source = excluded.source, deferrals = 0
     WHERE known.allowed_at IS NULL OR known.allowed_at < excluded.allowed_at
    """  # noqa: S608 - our own words
)
_DEFER = Statement(
    f"""
    INSERT INTO mail_addresses AS known (address, deferred_at, deferrals, source)
    VALUES (:address, {_AT}, 1, :source)
    ON CONFLICT (address) DO UPDATE
       SET deferred_at = excluded.deferred_at,
           source = excluded.source,
           deferrals = CASE WHEN known.deferred_at + CAST(:within AS interval)
                                 >= excluded.deferred_at
                            THEN known.deferrals + 1 ELSE 1 END
     WHERE (known.deferred_at IS NULL OR known.deferred_at < excluded.deferred_at)
       AND (known.allowed_at IS NULL OR known.allowed_at < excluded.deferred_at)
    RETURNING deferrals, deferred_at
    """  # noqa: S608 - our own words
)
_FIND = Statement(
    f"SELECT {_IS_BLOCKED} FROM mail_addresses WHERE address = :address"  # noqa: S608 - our own words
)
_LIST = Statement(
    f"""
    SELECT address, reason, blocked_at, source FROM mail_addresses
     WHERE {_IS_BLOCKED} ORDER BY blocked_at DESC, address LIMIT :most
    """  # noqa: S608 - our own words
)


@dataclass(frozen=True)
class BlockedAddress:
    """One address, why nothing is sent there, and who said so when."""

    address: str
    reason: Reason
    blocked_at: datetime
    source: str


def block(
    connection: Connection,
    address: str,
    *,
    reason: Reason,
    at: datetime | None,
    now: datetime | None,
    source: str,
) -> None:
    """Send no more to this (folded) address; what lacks `at` is of `now`, or of the database's."""
    given = {"address": address, "reason": reason, "at": at, "now": now, "source": source}
    _BLOCK.run(connection, given)


def allow(
    connection: Connection, address: str, *, at: datetime | None, now: datetime | None, source: str
) -> None:
    """Send to this (folded) address again, until something newer is reported."""
    _ALLOW.run(connection, {"address": address, "at": at, "now": now, "source": source})


def defer(
    connection: Connection, address: str, *, at: datetime | None, now: datetime | None, source: str
) -> None:
    """Note a refusal that may pass; the last of several in a row blocks the (folded) address."""
    given = {"address": address, "at": at, "now": now, "source": source}
    noted = _DEFER.run(connection, {**given, "within": DEFERRALS_WITHIN}).first()
    if noted is not None and noted[0] >= MOST_DEFERRALS:
        block(connection, address, reason="bounce", at=noted[1], now=now, source=source)


def is_blocked(connection: Connection, address: str) -> bool:
    """Whether nothing may be sent to this (folded) address."""
    row = _FIND.run(connection, {"address": address}).first()
    return row is not None and bool(row[0])


def blocked(connection: Connection, *, most: int) -> list[BlockedAddress]:
    """The addresses that nothing is sent to, those of last first."""
    return [BlockedAddress(*row) for row in _LIST.run(connection, {"most": most})]
