"""The floor: a bare Flask application with one INSERT and one RQ enqueue, as simple as it gets.

`/accept` stores and enqueues; `/wait` also waits until the job, which makes two updates, has pushed
its answer. No check, no retry, no ownership: what the hub adds is measured against this. Its
worker is one that forks nothing and keeps no books (bench/lean_worker.py).
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import psycopg
from flask import Flask, request
from redis import Redis
from rq import Queue

DATABASE = os.environ.get("FLOOR_DATABASE_URL", "")
REDIS = os.environ.get("FLOOR_REDIS_URL", "")

TABLES = """
    CREATE TABLE IF NOT EXISTS floor_hooks
        (id uuid PRIMARY KEY, kind text, body jsonb NOT NULL, done bool NOT NULL DEFAULT false);
    CREATE TABLE IF NOT EXISTS floor_state (id int PRIMARY KEY, a int NOT NULL, b int NOT NULL);
    INSERT INTO floor_state SELECT n, 0, 0 FROM generate_series(0, 4999) n ON CONFLICT DO NOTHING;
"""

_open: dict[str, Any] = {}
_free: list[psycopg.Connection[Any]] = []
_places = threading.BoundedSemaphore(10)


@contextmanager
def connection() -> Iterator[psycopg.Connection[Any]]:
    """A connection for one request, of at most ten in a process."""
    with _places:
        try:
            database = _free.pop()
        except IndexError:
            database = psycopg.connect(DATABASE, autocommit=True)
        yield database
        _free.append(database)


def worker_connection() -> psycopg.Connection[Any]:
    """The worker's only connection."""
    if "worker" not in _open:
        _open["worker"] = psycopg.connect(DATABASE, autocommit=True)
    found: psycopg.Connection[Any] = _open["worker"]
    return found


def job(hook: str) -> None:
    """What the accepted hook leads to: two effects, as in the hub's flow, and the mark."""
    database, place = worker_connection(), UUID(hook).int % 5000
    database.execute("UPDATE floor_state SET a = a + 1 WHERE id = %s", [place])
    database.execute("UPDATE floor_state SET b = b + 1 WHERE id = %s", [place])
    database.execute("UPDATE floor_hooks SET done = true WHERE id = %s", [hook])


def answered_job(hook: str, place: int, redis_url: str = REDIS) -> None:
    """Two effects, two commits, then the answer."""
    database = worker_connection()
    database.execute("UPDATE floor_state SET a = a + 1 WHERE id = %s", [place])
    database.execute("UPDATE floor_state SET b = b + 1 WHERE id = %s", [place])
    _redis(redis_url).lpush(hook, "done")


def _redis(url: str) -> Redis:
    if "redis" not in _open:
        _open["redis"] = Redis.from_url(url)
    found: Redis = _open["redis"]
    return found


def create_app() -> Flask:
    """The whole application."""
    app = Flask(__name__)
    redis = Redis.from_url(REDIS)
    queue = Queue("floor", connection=redis)

    @app.post("/accept")
    def accept() -> tuple[dict[str, str], int]:
        hook = uuid4()
        store(hook, "accept")
        queue.enqueue(job, str(hook), result_ttl=0)
        return {"status": "accepted", "run_id": str(hook)}, 202

    @app.post("/wait")
    def wait() -> tuple[dict[str, str], int]:
        hook = uuid4()
        store(hook, "wait")
        queue.enqueue(answered_job, str(hook), hook.int % 5000, result_ttl=0)
        redis.blpop([str(hook)], timeout=5)
        return {"message": "done"}, 200

    def store(hook: UUID, kind: str) -> None:
        with connection() as database:
            database.execute(
                "INSERT INTO floor_hooks (id, kind, body) VALUES (%s, %s, %s)",
                [hook, kind, json.dumps(request.get_json())],
            )

    return app
