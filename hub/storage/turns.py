"""Turns under `concurrency`: the first `limit` rows of a key may run, by commit order (E16)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection, text

from hub.storage.deliveries import queue_for_turn

Standing = Literal["ours", "waiting", "full"]


@dataclass(frozen=True)
class Turn:
    """A place in the queue of one key. `path` is empty for a whole run, else the `call` step."""

    scope: str
    digest: bytes
    run_id: UUID
    path: str
    limit: int


def take(connection: Connection, turn: Turn, *, may_wait: bool) -> Standing:
    """Stand in the queue (once) and say whether it is our turn; `full` leaves no row behind."""
    queue_for_turn(connection, (turn.scope, turn.digest))
    place = connection.execute(
        text(
            """
            WITH stood AS (
                INSERT INTO turns (scope, digest, run_id, path)
                VALUES (:scope, :digest, :run_id, :path)
                ON CONFLICT (run_id, path) DO UPDATE SET path = excluded.path RETURNING id
            )
            SELECT count(*) FROM turns, stood
             WHERE turns.scope = :scope AND turns.digest = :digest AND turns.id < stood.id
            """
        ),
        {
            "scope": turn.scope,
            "digest": turn.digest,
            "run_id": turn.run_id,
            "path": turn.path,
        },
    ).scalar_one()
    if place < turn.limit:
        return "ours"
    if may_wait:
        return "waiting"
    connection.execute(
        text("DELETE FROM turns WHERE run_id = :run_id AND path = :path"),
        {"run_id": turn.run_id, "path": turn.path},
    )
    return "full"


def holders(connection: Connection, turn: Turn) -> list[UUID]:
    """The runs that have their turn now, first come first."""
    rows = connection.execute(
        text(
            "SELECT run_id FROM turns WHERE scope = :scope AND digest = :digest"
            " AND run_id <> :run_id ORDER BY id LIMIT :limit"
        ),
        {
            "scope": turn.scope,
            "digest": turn.digest,
            "run_id": turn.run_id,
            "limit": turn.limit,
        },
    )
    return [row.run_id for row in rows]


def leave(connection: Connection, run_id: UUID, path: str | None = None) -> list[UUID]:
    """Give up one place, or all places of a run; the runs that were woken for it."""
    left = connection.execute(
        text(
            "SELECT DISTINCT scope, digest FROM turns WHERE run_id = :run_id"
            " AND (CAST(:path AS text) IS NULL OR path = :path) ORDER BY scope, digest"
        ),
        {"run_id": run_id, "path": path},
    ).all()
    woken: list[UUID] = []
    for scope, digest in left:
        queue_for_turn(connection, (scope, digest))
        connection.execute(
            text(
                "DELETE FROM turns WHERE run_id = :run_id AND scope = :scope AND digest = :digest"
                " AND (CAST(:path AS text) IS NULL OR path = :path)"
            ),
            {"run_id": run_id, "scope": scope, "digest": digest, "path": path},
        )
        woken += _wake_next(connection, scope, digest)
    return woken


def _wake_next(connection: Connection, scope: str, digest: bytes) -> list[UUID]:
    """The first run that waits for this key may look again."""
    rows = connection.execute(
        text(
            """
            UPDATE runs SET due_at = now()
             WHERE id = (
                SELECT turns.run_id FROM turns JOIN runs ON runs.id = turns.run_id
                 WHERE turns.scope = :scope AND turns.digest = :digest
                   AND runs.status = 'waiting' AND runs.due_at > now()
                 ORDER BY turns.id LIMIT 1)
               AND status = 'waiting'
            RETURNING id
            """
        ),
        {"scope": scope, "digest": digest},
    )
    return [row.id for row in rows]
