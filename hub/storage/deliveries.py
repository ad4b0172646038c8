"""One request becomes rows: the delivery, its dedupe keys and its runs, all or none (I1).

A single run is recorded by one statement, so that the commit costs one round trip. Statements are
written out: this is the path every webhook takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, NoResultFound, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from hub.errors import Unavailable
from hub.storage.db import at_once
from hub.storage.json_text import json_text, written_json
from hub.storage.new_runs import NewDelivery, NewRun, Recorded
from hub.storage.statement import Statement
from hub.storage.straight import Straight, straight_at_once

_Row = Sequence[Any]
_Keyed = tuple[NewRun, Mapping[str, Any]]  # a run, with what its row and its key hold
_ATTEMPTS = 3  # a key may be freed between the conflict and the look


@dataclass(frozen=True)
class _First:
    """Who has a key: the run that came first, and the delivery that made it. As `_HELD` says it."""

    run_id: UUID
    is_same_body: bool
    delivery_id: UUID


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
                      is_awaited, scheduled_at, retry_of, created_at, due_at, deadline)
    SELECT :run_id, :workflow, :version, :delivery_id, 'queued', :mode, CAST(:trigger AS jsonb),
           :dedupe_key, :is_awaited, :scheduled_at, :retry_of, {at}, now(),
           {at} + CAST(:timeout AS interval)
"""
_RUN_NOW, _RUN_AT = _RUN.format(at="now()"), _RUN.format(at="at")
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
_RECORD_ONE = Statement(
    f"WITH delivered AS ({_DELIVERY}), started AS ({_RUN.format(at='now()')}), told AS ({_HISTORY})"
    " SELECT CAST(:run_id AS uuid)"
)
_RECORD_ONE_KEYED = Statement(
    f"WITH claimed AS ({_CLAIM_KEY}),"  # noqa: S608
    f" delivered AS ({_DELIVERY} FROM claimed),"
    f" started AS ({_RUN.format(at='now()')} FROM claimed),"
    f" told AS ({_HISTORY} FROM claimed)"
    " SELECT run_id FROM claimed"
)
_STORE_DELIVERY = text(_DELIVERY)
# By the clock: the event that starts a run in its own transaction came before it.
_STORE_RUN = text(
    f"WITH clock AS (SELECT clock_timestamp() AS at), started AS ({_RUN_AT} FROM clock) {_HISTORY}"  # noqa: S608 - our own text
)
_TAKE_KEY = text(_CLAIM_KEY)
_GIVE_KEY = text(
    "UPDATE dedupe_keys SET run_id = :first_run, delivery_id = :first_delivery"
    " WHERE endpoint = :endpoint AND digest = :key_digest"
)
_DROP_KEY = text("DELETE FROM dedupe_keys WHERE endpoint = :endpoint AND digest = :key_digest")
_HELD = """
    SELECT run_id, body_digest = :body_digest AS is_same_body, delivery_id
      FROM dedupe_keys WHERE endpoint = :endpoint AND digest = :key_digest
"""
_MARK = """
    UPDATE deliveries SET repeats = repeats + 1, last_repeat_at = now(),
           notes = CASE WHEN held.is_same_body THEN notes
                        ELSE coalesce(notes, '{}') || '{"repeated_with_other_body": true}' END
"""
_LOOK = text(_HELD)
_LOOK_AND_MARK = Statement(
    f"WITH held AS ({_HELD}), marked AS ({_MARK} FROM held"  # noqa: S608
    "  WHERE deliveries.id = held.delivery_id AND (held.is_same_body OR NOT :is_bound_to_body))"
    " SELECT run_id, is_same_body, delivery_id FROM held"
)
_MARK_ONE = text(
    f"{_MARK} FROM (SELECT CAST(:is_same_body AS boolean) AS is_same_body) held"
    " WHERE deliveries.id = :id"
)
_STORED = text(
    """
    SELECT runs.id FROM deliveries LEFT JOIN runs ON runs.delivery_id = deliveries.id
     WHERE deliveries.id = :id
    """
)
_QUEUE = text("SELECT pg_advisory_xact_lock(:lock)")
_TAKE_PLACE = text(
    "INSERT INTO turns (scope, digest, run_id, path) VALUES (:scope, :digest, :run_id, '')"
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
        found = _look_again(engine, delivery, runs) if problem.connection_invalidated else None
        if found is None:
            raise Unavailable("the database cannot store the request") from problem
        return found


def _record(engine: Engine, delivery: NewDelivery, runs: Sequence[NewRun]) -> tuple[Recorded, ...]:
    if len(runs) == 1 and runs[0].turn is None and runs[0].message_key is None:
        with straight_at_once(engine) as straight:
            return (_record_one(straight, delivery, runs[0]),)
    with engine.begin() as connection:
        return _record_many(connection, delivery, runs)


def _record_one(straight: Straight, delivery: NewDelivery, run: NewRun) -> Recorded:
    values = _values(delivery, run)
    if run.dedupe_key is None:
        straight.first(_RECORD_ONE, values)
        return Recorded(run.id, is_new=True)
    first = _claimed(
        lambda: straight.first(_RECORD_ONE_KEYED, values),
        lambda: straight.first(_LOOK_AND_MARK, values),
    )
    return _recorded(run, first)


def _record_many(
    connection: Connection, delivery: NewDelivery, runs: Sequence[NewRun]
) -> tuple[Recorded, ...]:
    """All runs of one request; the delivery row is kept only where a run is new, or none asked."""
    given = [(run, _values(delivery, run)) for run in runs]
    firsts = _claim_all(connection, given)
    new = [(run, values) for run, values in given if firsts.get(run.id) is None]
    _mark_repeats(connection, [(run, first) for run in runs if (first := firsts.get(run.id))])
    if new or not runs:
        connection.execute(_STORE_DELIVERY, _delivery_values(delivery))
    for turn in sorted({run.turn for run, _ in new if run.turn is not None}):
        queue_for_turn(connection, turn)
    for run, values in new:
        _store_run(connection, run, values)
    return tuple(_recorded(run, firsts.get(run.id)) for run in runs)


def _claim_all(connection: Connection, given: Sequence[_Keyed]) -> dict[UUID, _First | None]:
    """Keys are claimed in one order, so that two requests with the same keys never deadlock.

    The keys of messages come first: a message that came before asks for no other key (S2).
    """
    signed = [(run, of_message) for run, values in given if (of_message := _signed(run, values))]
    firsts: dict[UUID, _First | None] = {
        run.id: _claim(connection, values) for run, values in _in_order(signed)
    }
    keyed = [
        (run, values)
        for run, values in given
        if run.dedupe_key is not None and firsts.get(run.id) is None
    ]
    for run, values in _in_order(keyed):
        firsts[run.id] = _claim(connection, values)
        _pass_on(connection, run, values, firsts[run.id])
    return firsts


def _in_order(keyed: Sequence[_Keyed]) -> list[_Keyed]:
    return sorted(keyed, key=lambda each: bytes(each[1]["key_digest"]))


def _signed(run: NewRun, values: Mapping[str, Any]) -> dict[str, Any] | None:
    """The values of a run with the key of its message, if it has one."""
    if run.message_key is None:
        return None
    digest = key_digest(run.message_key)
    return {**values, "key_digest": digest, "window": run.message_window}


def _pass_on(
    connection: Connection, run: NewRun, values: Mapping[str, Any], first: _First | None
) -> None:
    """A message whose run was made before is known from now on; a refused one is not (I8)."""
    of_message = _signed(run, values)
    if first is None or of_message is None:
        return
    if run.is_bound_to_body and not first.is_same_body:
        connection.execute(_DROP_KEY, of_message)
        return
    holder = {"first_run": first.run_id, "first_delivery": first.delivery_id}
    connection.execute(_GIVE_KEY, {**of_message, **holder})


def _claim(connection: Connection, values: Mapping[str, Any]) -> _First | None:
    return _claimed(
        lambda: connection.execute(_TAKE_KEY, values).first(),
        lambda: connection.execute(_LOOK, values).first(),
    )


def _claimed(claim: Callable[[], _Row | None], look: Callable[[], _Row | None]) -> _First | None:
    """None when `claim` gets the key: the run is new. Else who has it."""
    for _ in range(_ATTEMPTS):
        if claim():
            return None
        if first := look():
            return _First(*first)
    raise Unavailable("the dedupe key changes hands too quickly")


def _mark_repeats(connection: Connection, repeated: Sequence[tuple[NewRun, _First]]) -> None:
    """One request is one repeat of a delivery, however many runs they share (H-17).

    Rows are marked in one order, so that two requests never wait for each other.
    """
    deliveries: dict[UUID, bool] = {}
    for run, first in repeated:
        if first.is_same_body or not run.is_bound_to_body:
            is_same = deliveries.get(first.delivery_id, True)
            deliveries[first.delivery_id] = is_same and first.is_same_body
    for id_, is_same_body in sorted(deliveries.items()):
        connection.execute(_MARK_ONE, {"id": id_, "is_same_body": is_same_body})


def _recorded(run: NewRun, first: _First | None) -> Recorded:
    if first is None:
        return Recorded(run.id, is_new=True)
    return Recorded(first.run_id, is_new=False, is_same_body=first.is_same_body)


def _store_run(connection: Connection, run: NewRun, values: Mapping[str, Any]) -> None:
    connection.execute(_STORE_RUN, values)
    if run.turn is not None:
        scope, digest = run.turn
        connection.execute(_TAKE_PLACE, {"scope": scope, "digest": digest, "run_id": run.id})


def queue_for_turn(connection: Connection, turn: tuple[str, bytes]) -> None:
    """Places under one key are given in commit order: one taker at a time (E16)."""
    connection.execute(_QUEUE, {"lock": turn_key(turn)})


def turn_key(turn: tuple[str, bytes]) -> int:
    """The advisory lock that stands for the turns under one key."""
    return int.from_bytes(sha256(turn[0].encode() + turn[1]).digest()[:8], signed=True)


def _delivery_values(delivery: NewDelivery) -> dict[str, Any]:
    return {
        "delivery_id": delivery.id,
        "endpoint": delivery.endpoint,
        "method": delivery.method,
        "path": delivery.path,
        "query": json_text(delivery.query),
        "headers": json_text(delivery.headers),
        "body": delivery.body,
        "body_digest": delivery.body_digest,
        "is_sealed": delivery.is_sealed,
        "remote_ip": delivery.remote_ip,
        "received_at": delivery.received_at,
        "notes": None if delivery.notes is None else json_text(delivery.notes),
    }


def _values(delivery: NewDelivery, run: NewRun) -> dict[str, Any]:
    return {**_delivery_values(delivery), **_run_values(run)}


def _run_values(run: NewRun) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "workflow": run.workflow,
        "version": run.version,
        "mode": run.mode,
        "trigger": run.written_trigger or written_json(run.trigger),
        "timeout": run.timeout,
        "dedupe_key": run.dedupe_key,
        "key_digest": key_digest(run.dedupe_key) if run.dedupe_key is not None else None,
        "window": run.window,
        "is_awaited": run.is_awaited,
        "scheduled_at": run.scheduled_at,
        "retry_of": run.retry_of,
        "is_bound_to_body": run.is_bound_to_body,
    }


def _look_again(
    engine: Engine, delivery: NewDelivery, runs: Sequence[NewRun]
) -> tuple[Recorded, ...] | None:
    """The link broke, perhaps during COMMIT: a new connection knows (the table of section 1).

    None when nothing was stored, or when that cannot be found out.
    """
    try:
        with at_once(engine) as connection:
            stored = {row.id for row in connection.execute(_STORED, {"id": delivery.id})}
            if not stored:
                return None
            firsts = {
                run.id: _first(connection, run, _values(delivery, run))
                for run in runs
                if run.id not in stored
            }
            return tuple(_recorded(run, firsts.get(run.id)) for run in runs)
    except SQLAlchemyError:
        return None


def _first(connection: Connection, run: NewRun, values: Mapping[str, Any]) -> _First:
    """Who has the key of a run, or that of its message; raises `NoResultFound`."""
    for keyed in filter(None, (values, _signed(run, values))):
        if held := connection.execute(_LOOK, keyed).first():
            return _First(*held)
    raise NoResultFound


def start_run(connection: Connection, run: NewRun) -> None:
    """Store a run that no request asked for (by hand, by a schedule), inside a transaction."""
    if run.turn is not None:
        queue_for_turn(connection, run.turn)
    _store_run(connection, run, {**_run_values(run), "delivery_id": None})
