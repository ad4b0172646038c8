"""Turns under `concurrency`: the first `limit` rows of a key may run, by commit order (E16)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection, text

from hub.storage.deliveries import queue_for_turn, turn_key
from hub.storage.runs import WAITS_FOR_TURN, request_cancel
from hub.storage.statement import Statement, one

Standing = Literal["ours", "waiting", "full"]


@dataclass(frozen=True)
class Turn:
    """A place in the queue of one key. `path` is empty for a whole run, else the `call` step."""

    scope: str
    digest: bytes
    run_id: UUID
    path: str
    limit: int

    @property
    def lock(self) -> int:
        """The advisory lock of its key."""
        return turn_key((self.scope, self.digest))


_STAND = text(
    """
    WITH stood AS (
        INSERT INTO turns (scope, digest, run_id, path)
        VALUES (:scope, :digest, :run_id, :path)
        ON CONFLICT (run_id, path) DO UPDATE SET path = excluded.path RETURNING id
    )
    SELECT count(*) FROM turns, stood
     WHERE turns.scope = :scope AND turns.digest = :digest AND turns.id < stood.id
    """
)
_TRY = Statement("SELECT pg_try_advisory_xact_lock(:lock)")
_WAIT_BRIEFLY = text("SET LOCAL lock_timeout = '300ms'")
_ANYBODY = Statement("SELECT FROM turns WHERE scope = :scope AND digest = :digest LIMIT 1")
_GO = text("DELETE FROM turns WHERE run_id = :run_id AND path = :path")
_AHEAD = text(
    """
    SELECT DISTINCT run_id FROM (
        SELECT other.run_id FROM turns AS other, turns AS ours
         WHERE ours.run_id = :run_id AND ours.path = :path
           AND other.scope = ours.scope AND other.digest = ours.digest
           AND other.id < ours.id
         ORDER BY other.id DESC OFFSET :limit - 1) AS ahead
     WHERE run_id <> :run_id
    """
)
_HELD = text(
    "SELECT scope, digest, path FROM turns WHERE run_id = :run_id ORDER BY scope, digest, path"
)
# The first run that sleeps until its turn may look again. A row that is locked right now is awake
# already: it is skipped, never waited for.
_LEAVE = text(
    """
    WITH gone AS (DELETE FROM turns WHERE run_id = :run_id AND path = :path)
    UPDATE runs SET due_at = now()
     WHERE id = (
        SELECT runs.id FROM turns JOIN runs ON runs.id = turns.run_id
         WHERE turns.scope = :scope AND turns.digest = :digest
           AND runs.status = 'waiting' AND runs.due_at > now()
           AND :why = (SELECT why FROM run_history WHERE run_id = runs.id
                        ORDER BY id DESC LIMIT 1)
         ORDER BY turns.id LIMIT 1
           FOR NO KEY UPDATE OF runs SKIP LOCKED)
    RETURNING id
    """
)


def take(connection: Connection, turn: Turn, *, may_wait: bool) -> Standing:
    """Stand in the queue (once) and say whether it is our turn; `full` leaves no row behind.

    Somebody may have the turn without a row, for one transaction. Whoever waits for that has its
    own run locked, so it waits briefly: then a `DBAPIError` says that the lock is not available.
    """
    connection.execute(_WAIT_BRIEFLY)
    queue_for_turn(connection, (turn.scope, turn.digest))
    if stand(connection, turn) < turn.limit:
        return "ours"
    if may_wait:
        return "waiting"
    connection.execute(_GO, {"run_id": turn.run_id, "path": turn.path})
    return "full"


def try_lock(connection: Connection, turn: Turn) -> bool:
    """Lock the key up to the end of this transaction, if nobody has it now."""
    (is_ours,) = one(_TRY.run(connection, {"lock": turn.lock}))
    return bool(is_ours)


def is_nobodys(connection: Connection, turn: Turn) -> bool:
    """Whether nobody stands under the key, which is locked up to the end of this transaction.

    A turn of one (`limit: 1`) is then ours without a row, as long as the transaction lasts.
    """
    found = _ANYBODY.run(connection, {"scope": turn.scope, "digest": turn.digest})
    return found.first() is None


def stand(connection: Connection, turn: Turn) -> int:
    """Have a row in the queue, once; how many are before it. The key is locked before."""
    values = {
        "scope": turn.scope,
        "digest": turn.digest,
        "run_id": turn.run_id,
        "path": turn.path,
    }
    return int(connection.execute(_STAND, values).scalar_one())


def ahead_of(connection: Connection, turn: Turn) -> list[UUID]:
    """The runs that must go so that this one has its turn (`when_full: cancel_running`)."""
    rows = connection.execute(
        _AHEAD,
        {"run_id": turn.run_id, "path": turn.path, "limit": turn.limit},
    )
    return [row.run_id for row in rows]


def cancel(connection: Connection, ahead: UUID) -> None:
    """Ask a run that has the turn for its end (`when_full: cancel_running`).

    In a transaction of the one who waits, whose row it has locked: it waits briefly for the other
    row, as `take` does, so that two who cancel each other never wait in a circle.
    """
    connection.execute(_WAIT_BRIEFLY)
    request_cancel(connection, ahead)


def leave(connection: Connection, turn: Turn) -> list[UUID]:
    """Give up one place; the runs that were woken for it."""
    queue_for_turn(connection, (turn.scope, turn.digest))
    rows = connection.execute(
        _LEAVE,
        {
            "scope": turn.scope,
            "digest": turn.digest,
            "run_id": turn.run_id,
            "path": turn.path,
            "why": WAITS_FOR_TURN,
        },
    )
    return [row.id for row in rows]


def in_order(places: Iterable[Turn]) -> list[Turn]:
    """One order for everybody: two runs that leave several turns never wait for each other."""
    return sorted(places, key=lambda turn: (turn.scope, turn.digest, turn.path))


def leave_all(connection: Connection, run_id: UUID) -> list[UUID]:
    """Give up all places of a run, also those that an earlier owner of it took."""
    held = [
        Turn(row.scope, row.digest, run_id, row.path, limit=0)
        for row in connection.execute(_HELD, {"run_id": run_id}).all()
    ]
    return [woken for turn in held for woken in leave(connection, turn)]
