"""Which workers live: a row each, for `/readyz` and `hub doctor`."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, text

from hub.storage.db import at_once


@dataclass(frozen=True)
class WorkerName:
    """One worker process."""

    id: str
    host: str
    pid: int


def say_alive(engine: Engine, worker: WorkerName) -> None:
    """Make or refresh the row; rows that were silent for a day go."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO workers (id, host, pid, seen_at) VALUES (:id, :host, :pid, now())"
                " ON CONFLICT (id) DO UPDATE SET seen_at = now()"
            ),
            {"id": worker.id, "host": worker.host, "pid": worker.pid},
        )
        connection.execute(text("DELETE FROM workers WHERE seen_at < now() - interval '1 day'"))


def say_goodbye(engine: Engine, worker: WorkerName) -> None:
    """The process ends in good order."""
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM workers WHERE id = :id"), {"id": worker.id})


def count_alive(engine: Engine) -> int:
    """Workers that were seen in the last 15 seconds."""
    with at_once(engine) as connection:
        found = connection.execute(
            text("SELECT count(*) FROM workers WHERE seen_at > now() - interval '15 seconds'")
        )
        return int(found.scalar_one())
