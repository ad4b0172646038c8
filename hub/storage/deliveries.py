"""One request becomes rows: the delivery, its dedupe keys and its runs, all or none (I1).

A single run is recorded by one statement, so that the commit costs one round trip. Statements are
written out: this is the path every webhook takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from hub.errors import Unavailable
from hub.storage.json_text import json_text

_ATTEMPTS = 3  # a key may be freed between the conflict and the look


@dataclass(frozen=True)
class NewDelivery:
    """One received request. `body` is what came over the wire, sealed when `is_sealed` (I17)."""

    id: UUID
    endpoint: str
    method: str
    path: str
    query: Mapping[str, Any]
    headers: Mapping[str, Any]
    body: bytes
    body_digest: bytes
    is_sealed: bool
    remote_ip: str | None
    received_at: datetime
    notes: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class NewRun:
    """One run to store. `turn` is its place under a workflow's `concurrency` (scope, digest)."""

    id: UUID
    workflow: str
    version: str
    mode: str
    trigger: Mapping[str, Any]
    timeout: timedelta
    dedupe_key: str | None = None
    window: timedelta = timedelta(days=7)
    is_awaited: bool = False
    turn: tuple[str, bytes] | None = None
    scheduled_at: datetime | None = None
    retry_of: UUID | None = None


@dataclass(frozen=True)
class Recorded:
    """What became of one run of a request: a repeated key gives the first run's id (I7)."""

    run_id: UUID
    is_new: bool
    is_same_body: bool = True


def key_digest(key: str) -> bytes:
    """Keys of any length and alphabet are stored by digest (I6)."""
    return sha256(key.encode("utf-8", "surrogatepass")).digest()


_DELIVERY = """
    INSERT INTO deliveries (id, endpoint, method, path, query, headers, body, body_digest,
                            is_sealed, remote_ip, received_at, notes)
    SELECT :delivery_id, :endpoint, :method, :path, CAST(:query AS jsonb),
           CAST(:headers AS jsonb), :body, :body_digest, :is_sealed, :remote_ip, :received_at,
           CAST(:notes AS jsonb)
"""
_RUN = """
    INSERT INTO runs (id, workflow, version, delivery_id, status, mode, trigger, dedupe_key,
                      is_awaited, scheduled_at, retry_of, due_at, deadline)
    SELECT :run_id, :workflow, :version, :delivery_id, 'queued', :mode, CAST(:trigger AS jsonb),
           :dedupe_key, :is_awaited, :scheduled_at, :retry_of, now(),
           now() + CAST(:timeout AS interval)
"""
_HISTORY = """
    INSERT INTO run_history (run_id, status, token, why)
    SELECT :run_id, 'queued', 0, 'accepted'
"""
_CLAIM_KEY = """
    INSERT INTO dedupe_keys AS held
           (endpoint, digest, run_id, delivery_id, body_digest, expires_at)
    VALUES (:endpoint, :key_digest, :run_id, :delivery_id, :body_digest,
            now() + CAST(:window AS interval))
    ON CONFLICT (endpoint, digest) DO UPDATE
       SET run_id = excluded.run_id, delivery_id = excluded.delivery_id,
           body_digest = excluded.body_digest, expires_at = excluded.expires_at
     WHERE held.expires_at <= now()
       AND NOT EXISTS (SELECT FROM runs WHERE runs.id = held.run_id AND runs.ended_at IS NULL)
    RETURNING run_id
"""
_RECORD_ONE = text(
    f"WITH delivered AS ({_DELIVERY}), started AS ({_RUN}), told AS ({_HISTORY})"  # noqa: S608
    " SELECT CAST(:run_id AS uuid)"
)
_RECORD_ONE_KEYED = text(
    f"WITH claimed AS ({_CLAIM_KEY}),"  # noqa: S608
    f" delivered AS ({_DELIVERY} FROM claimed),"
    f" started AS ({_RUN} FROM claimed),"
    f" told AS ({_HISTORY} FROM claimed)"
    " SELECT run_id FROM claimed"
)
_STORE_DELIVERY = text(_DELIVERY)
_STORE_RUN = text(f"WITH started AS ({_RUN}) {_HISTORY}")  # noqa: S608
_TAKE_KEY = text(_CLAIM_KEY)
_REPEATED = text(
    """
    UPDATE deliveries SET repeats = repeats + 1, last_repeat_at = now(),
           notes = CASE WHEN held.body_digest = :body_digest THEN notes
                        ELSE coalesce(notes, '{}') || '{"repeated_with_other_body": true}' END
      FROM dedupe_keys held
     WHERE held.endpoint = :endpoint AND held.digest = :key_digest
       AND deliveries.id = held.delivery_id
    RETURNING held.run_id, held.body_digest = :body_digest AS is_same_body
    """
)


def record(engine: Engine, delivery: NewDelivery, runs: Sequence[NewRun]) -> tuple[Recorded, ...]:
    """Store the delivery with its runs in one transaction; no runs: only the delivery.

    A run whose key is taken is not made; the first run's id comes back and its delivery is
    marked as repeated. Raises `Unavailable` when the commit did not happen, after looking for the
    run on a new connection when that is not known.
    """
    try:
        return _record(engine, delivery, runs)
    except PoolTimeout as problem:
        raise Unavailable("the database gives no connection") from problem
    except DBAPIError as problem:
        if problem.connection_invalidated and runs and _was_stored(engine, delivery.id):
            return tuple(Recorded(run.id, is_new=True) for run in runs)
        raise Unavailable("the database cannot store the request") from problem


def _record(engine: Engine, delivery: NewDelivery, runs: Sequence[NewRun]) -> tuple[Recorded, ...]:
    if len(runs) == 1 and runs[0].turn is None:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            return (_record_one(connection, delivery, runs[0]),)
    with engine.begin() as connection:
        return _record_many(connection, delivery, runs)


def _record_one(connection: Connection, delivery: NewDelivery, run: NewRun) -> Recorded:
    values = _values(delivery, run)
    if run.dedupe_key is None:
        connection.execute(_RECORD_ONE, values)
        return Recorded(run.id, is_new=True)
    for _ in range(_ATTEMPTS):
        if connection.execute(_RECORD_ONE_KEYED, values).first():
            return Recorded(run.id, is_new=True)
        if first := _first_of(connection, values):
            return first
    raise Unavailable("the dedupe key changes hands too quickly")


def _record_many(
    connection: Connection, delivery: NewDelivery, runs: Sequence[NewRun]
) -> tuple[Recorded, ...]:
    """All runs of one request; the delivery row is kept only where a run is new, or none asked."""
    outcome: list[Recorded] = []
    new: list[NewRun] = []
    for run in runs:
        repeated = _taken(connection, delivery, run)
        outcome.append(repeated or Recorded(run.id, is_new=True))
        if repeated is None:
            new.append(run)
    if new or not runs:
        connection.execute(_STORE_DELIVERY, _delivery_values(delivery))
    for run in new:
        _store_run(connection, run, _values(delivery, run))
    return tuple(outcome)


def _store_run(connection: Connection, run: NewRun, values: Mapping[str, Any]) -> None:
    if run.turn is None:
        connection.execute(_STORE_RUN, values)
        return
    scope, digest = run.turn
    queue_for_turn(connection, run.turn)
    connection.execute(_STORE_RUN, values)
    connection.execute(_TAKE_PLACE, {"scope": scope, "digest": digest, "run_id": run.id})


_TAKE_PLACE = text(
    "INSERT INTO turns (scope, digest, run_id, path) VALUES (:scope, :digest, :run_id, '')"
)


def queue_for_turn(connection: Connection, turn: tuple[str, bytes]) -> None:
    """Places under one key are given in commit order: one taker at a time (E16)."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(:lock)"),
        {"lock": int.from_bytes(sha256(turn[0].encode() + turn[1]).digest()[:8], signed=True)},
    )


def _taken(connection: Connection, delivery: NewDelivery, run: NewRun) -> Recorded | None:
    """None when the run's key is now ours (or it has none)."""
    if run.dedupe_key is None:
        return None
    values = _values(delivery, run)
    for _ in range(_ATTEMPTS):
        if connection.execute(_TAKE_KEY, values).first():
            return None
        if first := _first_of(connection, values):
            return first
    raise Unavailable("the dedupe key changes hands too quickly")


def _first_of(connection: Connection, values: Mapping[str, Any]) -> Recorded | None:
    row = connection.execute(_REPEATED, values).first()
    return Recorded(row.run_id, is_new=False, is_same_body=row.is_same_body) if row else None


def _delivery_values(delivery: NewDelivery) -> dict[str, Any]:
    values = asdict(delivery)
    values["delivery_id"] = values.pop("id")
    for name in ("query", "headers", "notes"):
        values[name] = None if values[name] is None else json_text(values[name])
    return values


def _values(delivery: NewDelivery, run: NewRun) -> dict[str, Any]:
    return {**_delivery_values(delivery), **_run_values(run)}


def _run_values(run: NewRun) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "workflow": run.workflow,
        "version": run.version,
        "mode": run.mode,
        "trigger": json_text(run.trigger),
        "timeout": run.timeout,
        "dedupe_key": run.dedupe_key,
        "key_digest": key_digest(run.dedupe_key) if run.dedupe_key is not None else None,
        "window": run.window,
        "is_awaited": run.is_awaited,
        "scheduled_at": run.scheduled_at,
        "retry_of": run.retry_of,
    }


def _was_stored(engine: Engine, delivery_id: UUID) -> bool:
    """The link broke during COMMIT: a new connection knows (the table of section 1)."""
    try:
        with engine.connect() as connection:
            found = connection.execute(
                text("SELECT 1 FROM deliveries WHERE id = :id"), {"id": delivery_id}
            )
            return found.first() is not None
    except DBAPIError:
        return False


def start_run(connection: Connection, run: NewRun) -> None:
    """Store a run that no request asked for (by hand, by a schedule), inside a transaction."""
    _store_run(connection, run, {**_run_values(run), "delivery_id": None})
