"""Events: stored before they are delivered, delivered by waking who waits (chapter 10).

Whoever emits an event and whoever lies down to wait for it hold the same advisory lock: either the
event is committed before the look, or the sleeper is in `event_waits` before the event is. A
sleeper whose row is locked right now is about to be woken by somebody else, who may yet take that
back: it is waited for. Whoever lies down shows no `waiting` yet, so nobody waits for that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from hub.storage.json_text import json_text

KEPT_FOR = timedelta(days=7)
MOST_SWEPT = 1000


@dataclass(frozen=True)
class StoredEvent:
    """One event."""

    id: int
    name: str
    key: str
    data: Any
    at: datetime


@dataclass(frozen=True)
class Emitted:
    """The event, and the runs that were woken for it; None when this path had emitted it before."""

    event: StoredEvent | None
    woken: tuple[UUID, ...] = ()


_ALONE = text("SELECT pg_advisory_xact_lock(:lock)")
_TOGETHER = text("SELECT pg_advisory_xact_lock_shared(:lock)")
_EMIT = text(
    """
    INSERT INTO events (name, key, data, at, run_id, path)
    VALUES (:name, :key, CAST(:data AS jsonb), clock_timestamp(), :run_id, :path)
    ON CONFLICT (run_id, path) DO NOTHING RETURNING id, name, key, data, at
    """
)
_WAKE = text(
    """
    UPDATE runs SET due_at = now()
     WHERE id IN (
        SELECT runs.id FROM event_waits JOIN runs ON runs.id = event_waits.run_id
         WHERE event_waits.name = :name AND event_waits.key = :key
           AND runs.status = 'waiting' AND runs.due_at > now()
         ORDER BY runs.id FOR NO KEY UPDATE OF runs)
    RETURNING id
    """
)
_FIND = text(
    """
    SELECT id, name, key, data, at FROM events
     WHERE name = ANY(:names) AND key = :key AND at >= :since AND NOT id = ANY(:without)
     ORDER BY id
    """
)
_LISTEN = text(
    """
    WITH gone AS (DELETE FROM event_waits WHERE run_id = :run_id AND NOT (name, key) IN (
                      SELECT * FROM unnest(CAST(:names AS text[]), CAST(:keys AS text[]))))
    INSERT INTO event_waits (run_id, name, key)
    SELECT :run_id, * FROM unnest(CAST(:names AS text[]), CAST(:keys AS text[]))
    ON CONFLICT DO NOTHING
    """
)
_FORGET = text("DELETE FROM event_waits WHERE run_id = :run_id")
# One that a living run began early enough to have seen may still be waited for.
_SWEEP = text(
    """
    DELETE FROM events WHERE id IN (
        SELECT id FROM events WHERE at < now() - CAST(:kept AS interval)
           AND NOT EXISTS (SELECT FROM event_waits
                            WHERE event_waits.name = events.name AND event_waits.key = events.key)
         ORDER BY at LIMIT :most)
    """
)


def emit(
    connection: Connection, *, name: str, key: str, data: Any, run_id: UUID, path: str
) -> Emitted:
    """Store an event, once for each path of a run, and wake who waits for it.

    Belongs at the end of its transaction: whoever wants to wait for this name and key waits for
    the commit.
    """
    connection.execute(_ALONE, {"lock": lock_of(name, key)})
    values = {"name": name, "key": key, "data": json_text(data), "run_id": run_id, "path": path}
    row = connection.execute(_EMIT, values).mappings().first()
    if row is None:
        return Emitted(None)
    woken = connection.execute(_WAKE, {"name": name, "key": key})
    return Emitted(StoredEvent(**row), tuple(each.id for each in woken))


def find(
    connection: Connection,
    names: Sequence[str],
    key: str,
    *,
    since: datetime,
    without: Iterable[int] = (),
) -> list[StoredEvent]:
    """The events of these names with this key since then, the oldest first."""
    values = {"names": list(names), "key": key, "since": since, "without": list(without)}
    return [StoredEvent(**row) for row in connection.execute(_FIND, values).mappings()]


def listen(connection: Connection, run_id: UUID, wanted: Iterable[tuple[str, str]]) -> None:
    """Be woken by these names and keys and by no others, from the commit on.

    Look once more behind it: what was emitted before is committed now.
    """
    pairs = sorted(set(wanted))
    for lock in sorted({lock_of(*pair) for pair in pairs}):
        connection.execute(_TOGETHER, {"lock": lock})
    names, keys = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    connection.execute(_LISTEN, {"run_id": run_id, "names": names, "keys": keys})


def forget(connection: Connection, run_id: UUID) -> None:
    """The run waits for nothing any more."""
    connection.execute(_FORGET, {"run_id": run_id})


def sweep(connection: Connection, *, most: int = MOST_SWEPT) -> int:
    """Remove events that nobody waited for in 7 days; how many there were."""
    return connection.execute(_SWEEP, {"kept": KEPT_FOR, "most": most}).rowcount


def lock_of(name: str, key: str) -> int:
    """The advisory lock of a name and a key, apart from those of turns."""
    text_ = f"event:{len(name)}:{name}:{key}"
    return int.from_bytes(sha256(text_.encode("utf-8", "surrogatepass")).digest()[:8], signed=True)
