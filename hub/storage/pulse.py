"""How the hub has been: minutes of runs, and when callers were last heard. By indexes alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

LAST_HEARD = 50  # requests of an endpoint by which its habits are judged


@dataclass(frozen=True)
class Minute:
    """The runs that were accepted in one minute, by what became of them until now."""

    at: datetime
    accepted: int
    succeeded: int
    failed: int
    cancelled: int

    @property
    def going_on(self) -> int:
        """Those that are not over."""
        return self.accepted - self.succeeded - self.failed - self.cancelled


@dataclass(frozen=True)
class Rates:
    """Runs a minute: those that were accepted, and those that ended, whenever they had begun.

    `completed`: succeeded or cancelled.
    """

    accepted: float
    completed: float
    failed: float


@dataclass(frozen=True)
class Heard:
    """When one endpoint was heard lately. `longest_gap`: between two of its last requests.

    `is_usual`: in the span of this silence it was heard a day or a week ago.
    """

    endpoint: str
    last_at: datetime
    requests: int
    longest_gap: timedelta
    is_usual: bool


_MINUTES = text(
    """
    SELECT date_bin('1 minute', created_at, :since) AS at, count(*) AS accepted,
           count(*) FILTER (WHERE status = 'succeeded') AS succeeded,
           count(*) FILTER (WHERE status IN ('failed', 'undo_failed')) AS failed,
           count(*) FILTER (WHERE status = 'cancelled') AS cancelled
      FROM runs WHERE created_at >= :since AND created_at < :until GROUP BY 1 ORDER BY 1
    """
)


def minutes(connection: Connection, *, since: datetime, until: datetime) -> list[Minute]:
    """Each minute between the two, the oldest first; empty ones too."""
    rows = connection.execute(_MINUTES, {"since": since, "until": until}).mappings()
    found = {row["at"]: Minute(**row) for row in rows}
    count = (until - since) // timedelta(minutes=1)
    instants = [since + number * timedelta(minutes=1) for number in range(count)]
    return [found.get(at) or Minute(at, 0, 0, 0, 0) for at in instants]


_RATES = text(
    """
    SELECT (SELECT count(*) FROM runs WHERE created_at >= :since AND created_at < :until)
               AS accepted,
           count(*) FILTER (WHERE status IN ('succeeded', 'cancelled')) AS completed,
           count(*) FILTER (WHERE status IN ('failed', 'undo_failed')) AS failed
      FROM runs WHERE ended_at >= :since AND ended_at < :until
    """
)


def rates(connection: Connection, *, since: datetime, until: datetime) -> Rates:
    """How many a minute between the two."""
    row = connection.execute(_RATES, {"since": since, "until": until}).one()
    minutes_ = (until - since) / timedelta(minutes=1)
    return Rates(row.accepted / minutes_, row.completed / minutes_, row.failed / minutes_)


_HEARD = text(
    """
    WITH lately AS (
        SELECT name AS endpoint, received_at,
               received_at - lag(received_at) OVER (PARTITION BY name ORDER BY received_at) AS gap
          FROM unnest(CAST(:endpoints AS text[])) AS known(name)
         CROSS JOIN LATERAL (SELECT received_at FROM deliveries WHERE endpoint = name
                              ORDER BY received_at DESC LIMIT :most) AS last
    ), habit AS (
        SELECT endpoint, max(received_at) AS last_at, count(*) AS requests,
               coalesce(max(gap), interval '0') AS longest_gap
          FROM lately GROUP BY endpoint
    )
    SELECT endpoint, last_at, requests, longest_gap, EXISTS (
           SELECT FROM unnest(ARRAY[interval '1 day', interval '7 days']) AS ago
            WHERE EXISTS (SELECT FROM deliveries WHERE deliveries.endpoint = habit.endpoint
                             AND received_at > habit.last_at - ago
                             AND received_at <= CAST(:now AS timestamptz) - ago
                             AND received_at < habit.last_at)) AS is_usual
      FROM habit ORDER BY endpoint
    """
)


def heard(connection: Connection, endpoints: Sequence[str], now: datetime) -> list[Heard]:
    """Of these endpoints those that were ever heard."""
    values = {"endpoints": list(endpoints), "most": LAST_HEARD, "now": now}
    return [Heard(**row) for row in connection.execute(_HEARD, values).mappings()]
