"""`once_per`: one success per key over all runs of a workflow file (E8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, text

from hub.storage.json_text import json_text
from hub.storage.statement import Statement, one


@dataclass(frozen=True)
class OnceKey:
    """The key of one step; `workflow` is the file that contains the step."""

    workflow: str
    step_id: str
    digest: bytes
    run_id: UUID
    path: str


@dataclass(frozen=True)
class Held:
    """Who has the key: `ours`, or another run that has begun, is done, or cannot know."""

    by: Literal["ours", "started", "succeeded", "unknown"]
    result: Any = None


class _Row(NamedTuple):
    """Who stands in the row of a key, which may be new."""

    run_id: UUID
    path: str
    status: Literal["started", "succeeded", "unknown"]
    result: Any
    is_new: bool


_TAKE = Statement(
    """
    INSERT INTO once_keys (workflow, step_id, digest, run_id, path, status, result)
    VALUES (:workflow, :step_id, :digest, :run_id, :path, :status, CAST(:result AS jsonb))
    ON CONFLICT (workflow, step_id, digest) DO UPDATE SET workflow = excluded.workflow
    RETURNING run_id, path, status, once_keys.result, xmax = 0 AS is_new
    """
)
_OURS = (
    " WHERE workflow = :workflow AND step_id = :step_id AND digest = :digest"
    " AND run_id = :run_id AND path = :path AND status = 'started'"
)
_SUCCEED = Statement(
    f"UPDATE once_keys SET status = 'succeeded', result = CAST(:result AS jsonb){_OURS}"  # noqa: S608
)
_DOUBT = text(f"UPDATE once_keys SET status = 'unknown'{_OURS}")  # noqa: S608
_FREE = text(f"DELETE FROM once_keys{_OURS}")  # noqa: S608
_ABANDON = text(
    """
    WITH held AS (
        SELECT once_keys.workflow, once_keys.step_id, once_keys.digest,
               coalesce(steps.status = 'started' OR steps.error @> '{"maybe_done": true}', false)
               AS is_maybe_done
          FROM once_keys LEFT JOIN steps
               ON steps.run_id = once_keys.run_id AND steps.path = once_keys.path
         WHERE once_keys.run_id = :run_id AND once_keys.status = 'started'
    ), freed AS (
        DELETE FROM once_keys USING held
         WHERE once_keys.workflow = held.workflow AND once_keys.step_id = held.step_id
           AND once_keys.digest = held.digest AND NOT held.is_maybe_done
    )
    UPDATE once_keys SET status = 'unknown' FROM held
     WHERE once_keys.workflow = held.workflow AND once_keys.step_id = held.step_id
       AND once_keys.digest = held.digest AND held.is_maybe_done
    """
)


def take(connection: Connection, key: OnceKey) -> Held:
    """Claim the key for this step, or say what another run made of it."""
    row = _taken(connection, key, status="started", result=None)
    return Held("ours") if _is_ours(row, key) else Held(row.status, row.result)


def take_with_result(connection: Connection, key: OnceKey, result: Any) -> Held:
    """Claim the key for a step whose result is known already; if it is ours, it is done."""
    row = _taken(connection, key, status="succeeded", result=json_text(result))
    if row.is_new:
        return Held("ours")
    if _is_ours(row, key):
        succeed(connection, key, result)
        return Held("ours")
    return Held(row.status, row.result)


def succeed(connection: Connection, key: OnceKey, result: Any) -> None:
    """Later runs get this result and do nothing."""
    _SUCCEED.run(connection, {**_names(key), "result": json_text(result)})


def give_up(connection: Connection, key: OnceKey, *, is_maybe_done: bool) -> None:
    """The step failed: another run may try, unless the effect may have happened.

    A key that another step has is left as it is.
    """
    connection.execute(_DOUBT if is_maybe_done else _FREE, _names(key))


def abandon(connection: Connection, run_id: UUID) -> None:
    """A run ends between two attempts, or after a crash: its keys are free, save those in doubt.

    In doubt is a step that was begun and has no result, or that failed and may have been done.
    """
    connection.execute(_ABANDON, {"run_id": run_id})


def _taken(connection: Connection, key: OnceKey, *, status: str, result: str | None) -> _Row:
    taken = _TAKE.run(connection, {**_names(key), "status": status, "result": result})
    return _Row(*one(taken))


def _is_ours(row: _Row, key: OnceKey) -> bool:
    return (row.run_id, row.path) == (key.run_id, key.path) and row.status == "started"


def _names(key: OnceKey) -> dict[str, Any]:
    return {
        "workflow": key.workflow,
        "step_id": key.step_id,
        "digest": key.digest,
        "run_id": key.run_id,
        "path": key.path,
    }
