"""Runs that are piled up and then let go at once: how fast workers work them off.

A run that is let go is due at that instant; the time to the end of the last one is the database's
own. What it takes to accept the runs, or to start the workers, is not in it.
"""

from __future__ import annotations

from uuid import UUID

import psycopg

from bench import drain, load, processes
from bench.sides import Side
from hub.queue import Doorbell

_ENDPOINTS = {"accept": "booked", "call": "calls-out", "reference": "reference"}
_CALLERS = 20
_TRIES = 10
_WAITING = "SELECT count(*) FROM runs WHERE status = 'queued' AND workflow = %s"
_PARK = (
    "UPDATE runs SET due_at = now() + interval '1 day' WHERE status = 'queued' AND workflow = %s"
)
_LET_GO = (
    "WITH chosen AS (SELECT id FROM runs WHERE status = 'queued' AND workflow = %s"
    " AND due_at > now() + interval '1 hour' ORDER BY id LIMIT %s)"
    " UPDATE runs SET due_at = clock_timestamp() FROM chosen WHERE runs.id = chosen.id"
)
_LASTED = (
    "SELECT count(*), extract(epoch FROM max(ended_at) - %s::timestamptz) FROM runs"
    " WHERE workflow = %s AND ended_at >= %s::timestamptz"
)
_BARE_LEFT = "SELECT FROM drain_runs WHERE ended_at IS NULL LIMIT 1"
_NOW = "SELECT clock_timestamp()::text"


def pile_up(hub: Side, kind: str, runs: int) -> None:
    """Have so many runs wait; no worker may be there yet. What is refused is sent again."""
    workflow = _ENDPOINTS[kind]
    missing = runs
    for _ in range(_TRIES):
        load.run(hub.port, hub.requests[kind], requests=missing, concurrency=_CALLERS)
        (there,) = hub.asked(_WAITING, workflow)
        missing = runs - there
        if missing <= 0:
            break
    else:
        raise SystemExit(f"{missing} of {runs} runs were not accepted")
    hub.do(_PARK, workflow)


def let_go(hub: Side, kind: str, runs: int, *, workers: int) -> float:
    """Let so many of them go; how many a second come to their end."""
    workflow = _ENDPOINTS[kind]
    (before,) = hub.asked(_NOW)
    hub.do(_LET_GO, workflow, runs)
    (began,) = hub.asked(_NOW)
    bell = Doorbell(hub.redis_url)
    for number in range(workers):
        bell.ring(UUID(int=number))
    hub.settle()
    ended, seconds = hub.asked(_LASTED, began, workflow, before)
    if ended < runs:
        raise SystemExit(f"{ended} of {runs} runs came to their end")
    return float(ended) / float(seconds)


def drain_bare(floor: Side, runs: int, *, workers: int) -> float:
    """The same with the bare drain program, whose processes listen already."""
    floor.do("DELETE FROM drain_runs")
    floor.do("INSERT INTO drain_runs (id) SELECT generate_series(1, %s)", runs)
    (began,) = floor.asked(_NOW)
    drain.ring(floor.redis_url, workers)
    with psycopg.connect(floor.database_url, autocommit=True) as database:
        processes.until(
            lambda: database.execute(_BARE_LEFT).fetchone() is None, "the end of the bare program"
        )
    (seconds,) = floor.asked(
        "SELECT extract(epoch FROM max(ended_at) - %s::timestamptz) FROM drain_runs", began
    )
    return runs / float(seconds)
