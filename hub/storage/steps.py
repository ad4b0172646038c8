"""The journal of a run: what was decided, what was begun, what came of it (E6, E7, E8).

All functions work inside the caller's transaction, which holds the run's fence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from hub.storage.json_text import json_text
from hub.storage.statement import Statement


@dataclass(frozen=True)
class StepRow:
    """One entry of the journal, in stored form (values as `hub.values.encode` makes them).

    Times to write are distances from now: how long it took, how long ago it ended, when it is due.
    """

    path: str
    kind: str
    status: str
    step_id: str | None = None
    action: str | None = None
    attempts: int = 0
    is_simulated: bool = False
    key: str | None = None
    inputs: Any = None
    result: Any = None
    error: Mapping[str, Any] | None = None
    due_in: timedelta | None = None
    due_at: datetime | None = None
    took: timedelta = timedelta()
    ended_ago: timedelta = timedelta()


_LOAD = text(
    "SELECT path, kind, status, step_id, action, attempts, is_simulated, key, inputs, result,"
    " error, due_at FROM steps WHERE run_id = :run_id ORDER BY seq"
)


def load(connection: Connection, run_id: UUID) -> list[StepRow]:
    """The whole journal, in the order in which things happened."""
    rows = connection.execute(_LOAD, {"run_id": run_id})
    return [StepRow(**row) for row in rows.mappings()]


# The entries to write, read once; `WRITE` and `WRITTEN` are parts of a statement that begins so.
GIVEN = """
    given AS MATERIALIZED (
        SELECT * FROM json_to_recordset(CAST(:rows AS json))
            AS given (path text, kind text, step_id text, action text, status text, attempts int,
                      is_simulated bool, key text, inputs json, result jsonb, error jsonb,
                      due_in float, took float, ended_ago float)
    )
"""
WRITE = """
    INSERT INTO steps AS held
           (run_id, path, kind, step_id, action, status, attempts, is_simulated, key, inputs,
            result, error, started_at, ended_at, due_at)
    SELECT :run_id, path, kind, step_id, action, status, attempts, is_simulated, key,
           CASE WHEN json_typeof(inputs) <> 'null' THEN inputs END, result, nullif(error, 'null'),
           clock_timestamp() - (took + ended_ago) * interval '1 second',
           CASE WHEN status IN ('succeeded', 'failed', 'skipped')
                THEN clock_timestamp() - ended_ago * interval '1 second' END,
           clock_timestamp() + due_in * interval '1 second'
      FROM given
    ON CONFLICT (run_id, path) DO UPDATE
       SET status = excluded.status, attempts = excluded.attempts, result = excluded.result,
           error = excluded.error, ended_at = excluded.ended_at, due_at = excluded.due_at,
           is_simulated = excluded.is_simulated
"""
_WRITE = Statement(f"WITH {GIVEN} {WRITE}")
# What the journal holds behind `WRITE`, for a statement of which that is a part: its own looks at
# the table see what was there before.
WRITTEN = """
    SELECT path, kind, status, error FROM given UNION ALL
    SELECT path, kind, status, error FROM steps
     WHERE run_id = :run_id AND path NOT IN (SELECT path FROM given)
"""


def write(connection: Connection, run_id: UUID, rows: Sequence[StepRow]) -> None:
    """Add or complete entries; inputs and key stay as first written (E7)."""
    if rows:
        _WRITE.run(connection, {"run_id": run_id, "rows": as_json(rows)})


def as_json(rows: Sequence[StepRow]) -> str:
    """The parameter `rows` of `WRITE`."""
    return json_text(
        [
            {
                "path": row.path,
                "kind": row.kind,
                "step_id": row.step_id,
                "action": row.action,
                "status": row.status,
                "attempts": row.attempts,
                "is_simulated": row.is_simulated,
                "key": row.key,
                "inputs": row.inputs,
                "result": row.result,
                "error": row.error,
                "due_in": row.due_in.total_seconds() if row.due_in is not None else None,
                "took": row.took.total_seconds(),
                "ended_ago": row.ended_ago.total_seconds(),
            }
            for row in rows
        ]
    )


def copy_journal(
    connection: Connection, *, source: UUID, target: UUID, paths: Sequence[str]
) -> None:
    """Give a new run the results of the old one that it goes on from (E20)."""
    connection.execute(
        text(
            """
            INSERT INTO steps (run_id, path, kind, step_id, action, status, attempts, is_simulated,
                               key, inputs, result, error, started_at, ended_at, due_at)
            SELECT :target, path, kind, step_id, action, status, attempts, is_simulated, key,
                   inputs, result, error, started_at, ended_at, due_at
              FROM steps WHERE run_id = :source AND path = ANY(:paths) ORDER BY seq
            """
        ),
        {"source": source, "target": target, "paths": list(paths)},
    )
