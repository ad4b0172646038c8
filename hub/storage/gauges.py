"""What the metrics page asks the database: few questions, none of which reads what is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, Engine, text

from hub.storage import books
from hub.storage.books import Books
from hub.storage.db import at_once


@dataclass(frozen=True)
class Gauges:
    """The figures of one moment. `oldest` and `late` are seconds, `runs` by workflow and state."""

    books: Books
    runs: Mapping[tuple[str, str], int]
    oldest: float
    late: Mapping[str, float]
    workers: int


_LIMIT = text("SELECT set_config('statement_timeout', :limit, true)")
_RUNS = text(
    "SELECT workflow, status, count(*) AS n FROM runs WHERE ended_at IS NULL GROUP BY 1, 2"
)
# Each part goes along the index by which workers claim, from the run that waits longest.
_OLDEST = text(
    """
    SELECT coalesce(extract(epoch FROM now() - min(due_at)), 0)::float FROM (
        (SELECT due_at FROM runs WHERE status IN ('queued', 'waiting') AND is_awaited
            AND due_at <= now() ORDER BY due_at LIMIT 1)
         UNION ALL
        (SELECT due_at FROM runs WHERE status IN ('queued', 'waiting') AND NOT is_awaited
            AND due_at <= now() ORDER BY due_at LIMIT 1)
    ) AS due
    """
)
_LATE = text(
    "SELECT workflow, greatest(extract(epoch FROM now() - next_at), 0)::float AS late"
    " FROM schedules"
)
_WORKERS = text("SELECT count(*) FROM workers WHERE seen_at > now() - interval '15 seconds'")


def read(connection: Connection, *, within: timedelta) -> Gauges:
    """All of them; each question ends by itself after this time. In a transaction."""
    limit = f"{within // timedelta(milliseconds=1)}ms"
    connection.execute(_LIMIT, {"limit": limit})
    return Gauges(
        books=books.read(connection),
        runs={(row.workflow, row.status): row.n for row in connection.execute(_RUNS)},
        oldest=connection.execute(_OLDEST).scalar_one(),
        late={row.workflow: row.late for row in connection.execute(_LATE)},
        workers=connection.execute(_WORKERS).scalar_one(),
    )


# Who is queued is due at once: only these are looked at, and not the many that sleep.
_QUEUED = text(
    """
    SELECT count(*) FROM (
        SELECT FROM runs WHERE status = 'queued' AND is_awaited = true AND due_at <= now()
         UNION ALL
        SELECT FROM runs WHERE status = 'queued' AND is_awaited = false AND due_at <= now()
    ) AS queued
    """
)


def count_waiting(engine: Engine) -> int:
    """How many runs wait for a worker: the length of the queue."""
    with at_once(engine) as connection:
        return int(connection.execute(_QUEUED).scalar_one())
