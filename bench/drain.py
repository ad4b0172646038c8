"""The bare drain program: an RQ job rings, threads claim runs in batches and work them off.

Nothing of the hub: no journal, no history, no lease, no workflow. A run is a row; it is claimed
with SKIP LOCKED among ten, and has two effects and two commits, the second with its end.
`PROGRAM` is one process of it.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import psycopg
from redis import Redis
from rq import Queue

from bench import processes
from bench.lean_worker import LeanWorker
from bench.sides import Side

TABLES = """
    CREATE TABLE IF NOT EXISTS drain_runs
        (id bigint PRIMARY KEY, worker int, ended_at timestamptz);
    CREATE INDEX IF NOT EXISTS drain_left ON drain_runs (id) WHERE worker IS NULL;
    CREATE TABLE IF NOT EXISTS drain_state (id int PRIMARY KEY, a int NOT NULL, b int NOT NULL);
    INSERT INTO drain_state SELECT n, 0, 0 FROM generate_series(0, 4999) n ON CONFLICT DO NOTHING;
"""
QUEUE = "drain"
PROGRAM = [sys.executable, "-c", "from bench import drain; drain.main()"]
THREADS = 10
_CLAIM = """
    UPDATE drain_runs SET worker = %s WHERE id = ANY (ARRAY(
        SELECT id FROM drain_runs WHERE worker IS NULL ORDER BY id LIMIT 10
           FOR NO KEY UPDATE SKIP LOCKED))
    RETURNING id
"""
_FIRST = "UPDATE drain_state SET a = a + 1 WHERE id = %s"
_SECOND = """
    WITH effect AS (UPDATE drain_state SET b = b + 1 WHERE id = %s)
    UPDATE drain_runs SET ended_at = clock_timestamp() WHERE id = %s
"""


class Crew:
    """The threads of this process, each with a connection of its own."""

    def __init__(self, url: str) -> None:
        self._pool = ThreadPoolExecutor(THREADS)
        self._connections = [psycopg.connect(url, autocommit=True) for _ in range(THREADS)]

    def drain(self) -> None:
        """Work until nothing is left to claim."""
        for _ in self._pool.map(_drain, self._connections):
            pass


def _drain(database: psycopg.Connection[Any]) -> None:
    while claimed := database.execute(_CLAIM, [os.getpid()]).fetchall():
        for (run,) in claimed:
            database.execute(_FIRST, [run % 5000])
            database.execute(_SECOND, [run % 5000, run])


_crews: list[Crew] = []


def drain() -> None:
    """The job: the id that it might carry is a hint, the table says what is to be done."""
    _crews[0].drain()


def ring(redis_url: str, times: int) -> None:
    """Ring for so many processes."""
    with Redis.from_url(redis_url) as redis:
        queue = Queue(QUEUE, connection=redis)
        for _ in range(times):
            queue.enqueue("bench.drain.drain", result_ttl=0)


def processes_of(floor: Side, number: int = 2) -> AbstractContextManager[list[int]]:
    """Start so many processes of it on the servers of the floor; they listen."""
    return processes.running(
        [PROGRAM] * number,
        environment=floor.environment,
        is_ready=floor.have_come(QUEUE, number),
        log=floor.log,
    )


def main() -> None:
    """Wait for the bell until SIGTERM."""
    _crews.append(Crew(os.environ["FLOOR_DATABASE_URL"]))
    with Redis.from_url(os.environ["FLOOR_REDIS_URL"]) as redis:
        LeanWorker([QUEUE], connection=redis).work(logging_level="WARNING")
