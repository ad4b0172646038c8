"""Who waits for a browser, and who has one: for people who look after the hub."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

_COUNT = text(
    """
    SELECT count(*) FILTER (WHERE state = 'created') AS waiting,
           count(*) FILTER (WHERE lease_until > clock_timestamp()) AS driven,
           count(*) FILTER (WHERE lease_until <= clock_timestamp()) AS lost,
           count(*) FILTER (WHERE state = 'created' AND mode <> 'simulate'
                              AND created_at < clock_timestamp() - interval '30 seconds') AS long
      FROM booking_sessions WHERE outcome IS NULL
    """
)


@dataclass(frozen=True)
class Queue:
    """`long`: they wait for more than half a minute; `lost`: their browser is gone.

    Who is simulated may wait: without a mock page no browser is wanted.
    """

    waiting: int
    driven: int
    lost: int
    long: int


def look(db: Connection) -> Queue:
    """The sessions that are not over."""
    return Queue(*db.execute(_COUNT).one())
