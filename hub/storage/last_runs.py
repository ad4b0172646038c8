"""The last runs of each workflow: so many of each, whatever the length of the history."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class LastRun:
    """One of the last runs of a workflow; `error` is the code with which it failed."""

    id: UUID
    workflow: str
    status: str
    mode: str
    created_at: datetime
    ended_at: datetime | None
    error: str | None


# A range, for only the index of workflow and time is sorted so. With `=` the index of time alone
# looks as good, because most runs are of one workflow, and is read to its end for one without runs.
_LAST = text(
    """
    SELECT run.id, run.workflow, run.status, run.mode, run.created_at, run.ended_at,
           run.error ->> 'code' AS error
      FROM unnest(CAST(:names AS text[])) AS wanted(name)
     CROSS JOIN LATERAL (
        SELECT id, workflow, status, mode, created_at, ended_at, error FROM runs
         WHERE workflow >= wanted.name AND workflow <= wanted.name
         ORDER BY workflow DESC, created_at DESC, id DESC LIMIT :most) AS run
    """
)


def last_runs(
    connection: Connection, workflows: Collection[str], *, most: int
) -> dict[str, list[LastRun]]:
    """The newest runs of each of these workflows, the newest first; at most so many of each."""
    found: dict[str, list[LastRun]] = {}
    rows = connection.execute(_LAST, {"names": sorted(workflows), "most": most})
    for row in rows.mappings():
        found.setdefault(row["workflow"], []).append(LastRun(**row))
    return found
