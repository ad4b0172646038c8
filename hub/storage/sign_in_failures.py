"""Who failed to sign in how often: one row for each account and each address, as digests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

Delay = Callable[[int], timedelta]  # after so many failures

_PLACE = text(
    "INSERT INTO sign_in_failures (digest, failures, last_at, free_at)"
    " SELECT digest, 0, :now, :now FROM unnest(CAST(:digests AS bytea[])) AS given(digest)"
    " ORDER BY digest ON CONFLICT DO NOTHING"
)
_LOCK = text(
    "SELECT digest, failures, last_at, free_at FROM sign_in_failures"
    " WHERE digest = ANY(:digests) ORDER BY digest FOR UPDATE"
)
_COUNT = text(
    "UPDATE sign_in_failures SET failures = :failures, last_at = :now, free_at = :free_at"
    " WHERE digest = :digest"
)
_FORGET = text("DELETE FROM sign_in_failures WHERE last_at < :before AND free_at < :before")


def take_a_try(
    connection: Connection, delays: Mapping[bytes, Delay], now: datetime, forgotten: timedelta
) -> timedelta | None:
    """Count a failure in advance for each digest, so that no two tries at once count as one.

    None: there is a try; else after how long there is one again, and nothing is counted.
    """
    connection.execute(_FORGET, {"before": now - forgotten})
    digests = sorted(delays)
    connection.execute(_PLACE, {"digests": digests, "now": now})
    rows = connection.execute(_LOCK, {"digests": digests}).all()
    waits: timedelta = max(row.free_at for row in rows) - now
    if waits > timedelta():
        return waits
    for row in rows:
        before = row.failures if row.last_at >= now - forgotten else 0
        free_at = now + delays[bytes(row.digest)](before + 1)
        values = {"digest": row.digest, "failures": before + 1, "now": now, "free_at": free_at}
        connection.execute(_COUNT, values)
    return None


def forget(connection: Connection, account: bytes) -> None:
    """The account was signed in to, or was given a new password."""
    query = text("DELETE FROM sign_in_failures WHERE digest = :digest")
    connection.execute(query, {"digest": account})


def give_back(connection: Connection, address: bytes, now: datetime) -> None:
    """A try from this address was none: it did not fail."""
    query = text(
        "UPDATE sign_in_failures SET failures = failures - 1, free_at = :now"
        " WHERE digest = :digest AND failures > 0"
    )
    connection.execute(query, {"digest": address, "now": now})
