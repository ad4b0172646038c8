"""Who works on which run: claims, leases, waits and ends (E1–E5).

Each change of a run's state is one compare-and-set that writes one history row in the same
statement or transaction. Lease times come from the database's clock (E3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from hub.errors import LostRun
from hub.storage.answers import announce
from hub.storage.json_text import json_text

LEASE = timedelta(seconds=30)
RENEW_EVERY = timedelta(seconds=10)
TURN_POLL = timedelta(seconds=30)  # behind the wake-up that a freed turn gives
WAITS_FOR_TURN = "waits for its turn"  # in the history, where a freed turn finds who waits


@dataclass(frozen=True)
class ClaimedRun:
    """A run that this worker owns as long as `token` is the row's token."""

    id: UUID
    workflow: str
    version: str
    mode: str
    trigger: Mapping[str, Any]
    token: int
    deaths: int
    is_awaited: bool
    created_at: datetime
    started_at: datetime
    scheduled_at: datetime | None
    retry_of: UUID | None
    claimed_at: datetime


_DUE = """
    SELECT id FROM runs
     WHERE status IN ('queued', 'waiting') AND is_awaited = {awaited} AND due_at <= now()
     ORDER BY due_at LIMIT {most} FOR NO KEY UPDATE SKIP LOCKED
"""
_CLAIM = text(
    f"""
    WITH urgent AS ({_DUE.format(awaited="true", most=":most")}),
    others AS (
        {_DUE.format(awaited="false", most=":most - (SELECT count(*) FROM urgent)")}
    ), taken AS (
        UPDATE runs
           SET status = 'running', token = token + 1, worker = :worker, due_at = NULL,
               lease_until = now() + CAST(:lease AS interval),
               started_at = coalesce(started_at, now())
          FROM (SELECT id FROM urgent UNION ALL SELECT id FROM others) AS due
         WHERE runs.id = due.id
        RETURNING runs.*
    ), told AS (
        INSERT INTO run_history (run_id, status, token, why)
        SELECT id, 'running', token, :worker FROM taken
    )
    SELECT id, workflow, version, mode, trigger, token, deaths, is_awaited, created_at, started_at,
           scheduled_at, retry_of, now() AS claimed_at
      FROM taken ORDER BY is_awaited DESC, created_at
    """  # noqa: S608 - our own text
)


def claim(engine: Engine, *, worker: str, most: int) -> list[ClaimedRun]:
    """Take up to `most` runs that are due: callers who wait first, then the oldest."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        rows = connection.execute(_CLAIM, {"worker": worker, "most": most, "lease": LEASE})
        return [ClaimedRun(**row) for row in rows.mappings()]


def renew(engine: Engine, owned: Sequence[ClaimedRun]) -> None:
    """Keep the leases of the runs in hand; a row that a step has locked is alive anyway."""
    if not owned:
        return
    with engine.begin() as connection:
        connection.execute(
            text(
                """
                UPDATE runs SET lease_until = now() + CAST(:lease AS interval)
                 WHERE id IN (
                    SELECT runs.id FROM runs
                      JOIN unnest(CAST(:ids AS uuid[]), CAST(:tokens AS bigint[]))
                           AS mine (id, token) ON mine.id = runs.id AND mine.token = runs.token
                     WHERE runs.status = 'running' FOR NO KEY UPDATE OF runs SKIP LOCKED)
                """
            ),
            {
                "lease": LEASE,
                "ids": [run.id for run in owned],
                "tokens": [run.token for run in owned],
            },
        )


def sweep(engine: Engine) -> int:
    """Give runs whose owner died back to everyone (E5); the number of runs found."""
    with engine.begin() as connection:
        found = connection.execute(
            text(
                """
                WITH lost AS (
                    SELECT id FROM runs WHERE status = 'running' AND lease_until < now()
                     FOR NO KEY UPDATE SKIP LOCKED
                ), freed AS (
                    UPDATE runs SET status = 'queued', due_at = now(), lease_until = NULL,
                           worker = NULL, deaths = deaths + 1
                      FROM lost WHERE runs.id = lost.id RETURNING runs.id, runs.token
                ), told AS (
                    INSERT INTO run_history (run_id, status, token, why)
                    SELECT id, 'queued', token, 'the lease ran out' FROM freed
                )
                SELECT count(*) FROM freed
                """
            )
        )
        return int(found.scalar_one())


@dataclass(frozen=True)
class RunState:
    """What the row says under its lock, at the moment of a write."""

    is_cancel_requested: bool
    is_overdue: bool


_LOCK = text(
    """
    SELECT is_cancel_requested, deadline <= now() AS is_overdue
      FROM runs WHERE id = :id AND token = :token AND status = 'running' FOR NO KEY UPDATE
    """
)


def lock(connection: Connection, run: ClaimedRun) -> RunState:
    """The fence of every write (E4): the row lock is held to the commit; raises `LostRun`."""
    row = connection.execute(_LOCK, {"id": run.id, "token": run.token}).mappings().first()
    if row is None:
        raise LostRun(f"run {run.id} belongs to another worker")
    return RunState(**row)


def _tell(connection: Connection, run: ClaimedRun, status: str, why: str) -> None:
    connection.execute(
        text(
            "INSERT INTO run_history (run_id, status, token, why)"
            " VALUES (:id, :status, :token, :why)"
        ),
        {"id": run.id, "status": status, "token": run.token, "why": why},
    )


def respond(connection: Connection, run: ClaimedRun, response: Mapping[str, Any]) -> None:
    """Store the answer of the run if it has none, and wake who waits for it (first one wins)."""
    stored = connection.execute(
        text(
            "UPDATE runs SET response = CAST(:response AS json)"
            " WHERE id = :id AND response IS NULL RETURNING is_awaited"
        ),
        {"id": run.id, "response": json_text(response)},
    ).first()
    if stored is not None and stored.is_awaited:
        announce(connection, run.id)


def put_to_wait(connection: Connection, run: ClaimedRun, *, due_in: timedelta, why: str) -> None:
    """The run sleeps as a row until then: no worker, no thread (E11)."""
    connection.execute(
        text(
            "UPDATE runs SET status = 'waiting', lease_until = NULL, worker = NULL,"
            " due_at = least(now() + CAST(:due_in AS interval), deadline) WHERE id = :id"
        ),
        {"id": run.id, "due_in": due_in},
    )
    _tell(connection, run, "waiting", why)


def hand_back(connection: Connection, run: ClaimedRun) -> None:
    """The worker stops: somebody else goes on at once (E14)."""
    connection.execute(
        text(
            "UPDATE runs SET status = 'queued', lease_until = NULL, worker = NULL,"
            " due_at = now() WHERE id = :id"
        ),
        {"id": run.id},
    )
    _tell(connection, run, "queued", "handed back")


@dataclass(frozen=True)
class Ending:
    """How a run ended. `frees_key`: after a failure or a refusal the request may come again."""

    status: str
    result: Any = None
    error: Mapping[str, Any] | None = None
    is_maybe_done: bool = False
    frees_key: bool = False


def end(connection: Connection, run: ClaimedRun, ending: Ending) -> None:
    """The last change of a run's state. An answer of 400 or more frees the key as well."""
    is_refused = connection.execute(
        text(
            """
            UPDATE runs SET status = :status, ended_at = now(), lease_until = NULL, worker = NULL,
                   due_at = NULL, deaths = 0, result = CAST(:result AS jsonb),
                   error = CAST(:error AS jsonb), is_maybe_done = is_maybe_done OR :maybe
             WHERE id = :id
            RETURNING coalesce(CAST(response ->> 'status' AS int) >= 400, false)
            """
        ),
        {
            "id": run.id,
            "status": ending.status,
            "result": None if ending.result is None else json_text(ending.result),
            "error": None if ending.error is None else json_text(ending.error),
            "maybe": ending.is_maybe_done,
        },
    ).scalar_one()
    if ending.frees_key or is_refused:
        free_key(connection, run.id)
    _tell(connection, run, ending.status, (ending.error or {}).get("code", ""))


def request_cancel(connection: Connection, run_id: UUID) -> str | None:
    """Ask for the end of a run: its worker stops at the next step; one that sleeps is woken.

    Gives the run's status, or None when there is no such run.
    """
    row = connection.execute(
        text(
            "UPDATE runs SET is_cancel_requested = is_cancel_requested OR ended_at IS NULL,"
            " due_at = CASE WHEN status IN ('queued', 'waiting') THEN now() ELSE due_at END"
            " WHERE id = :id RETURNING status"
        ),
        {"id": run_id},
    ).first()
    return row.status if row else None


def mark_maybe_done(connection: Connection, run: ClaimedRun) -> None:
    """An effect of this run may have happened without an answer: shown in the run list (E8)."""
    connection.execute(text("UPDATE runs SET is_maybe_done = true WHERE id = :id"), {"id": run.id})


def free_key(connection: Connection, run_id: UUID) -> None:
    """The same request may make a new run at once (language, chapter 5)."""
    connection.execute(text("DELETE FROM dedupe_keys WHERE run_id = :id"), {"id": run_id})


def clear_deaths(connection: Connection, run: ClaimedRun) -> None:
    """A step got through: owners that die from now on are counted anew (E10)."""
    if run.deaths:
        connection.execute(text("UPDATE runs SET deaths = 0 WHERE id = :id"), {"id": run.id})


def count_waiting(engine: Engine) -> int:
    """How many runs are due or will be due: the length of the queue."""
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT count(*) FROM runs WHERE status = 'queued' AND ended_at IS NULL")
        )
        return int(found.scalar_one())
