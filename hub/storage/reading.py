"""What people ask: which runs there are, what one of them did, what it was asked.

Values of steps are in stored form (`hub.values.decode`). Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

ENDED = ("succeeded", "failed", "cancelled", "undo_failed")
STATUSES = ("queued", "running", "waiting", *ENDED)


@dataclass(frozen=True)
class RunLine:
    """One run in a list. `is_maybe_done`: an effect of it may have happened unanswered (E8)."""

    id: UUID
    workflow: str
    version: str
    status: str
    created_at: datetime
    ended_at: datetime | None
    mode: str
    dedupe_key: str | None
    error: Mapping[str, Any] | None
    is_maybe_done: bool
    retry_of: UUID | None


@dataclass(frozen=True)
class RunFacts:
    """All of a run's row that a person may want to know."""

    line: RunLine
    delivery_id: UUID | None
    trigger: Mapping[str, Any]
    started_at: datetime | None
    scheduled_at: datetime | None
    due_at: datetime | None
    deadline: datetime
    worker: str | None
    token: int
    is_awaited: bool
    is_cancel_requested: bool
    response: Mapping[str, Any] | None
    result: Any


@dataclass(frozen=True)
class StepFacts:
    """One entry of a run's journal, in the order in which things began."""

    path: str
    kind: str
    step_id: str | None
    action: str | None
    status: str
    attempts: int
    is_simulated: bool
    key: str | None
    inputs: Any
    result: Any
    error: Mapping[str, Any] | None
    started_at: datetime
    ended_at: datetime | None
    due_at: datetime | None


@dataclass(frozen=True)
class WaitingRun:
    """A run that has not ended; `waits_for` is the path of the last step that is not done yet."""

    id: UUID
    workflow: str
    version: str
    status: str
    since: datetime
    waits_for: str | None


@dataclass(frozen=True)
class Change:
    """One change of a run's state (E1)."""

    at: datetime
    status: str
    why: str | None


@dataclass(frozen=True)
class DeliveryFacts:
    """The request that a run goes back to, through all runs that were run again."""

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
    repeats: int
    last_repeat_at: datetime | None
    notes: Mapping[str, Any] | None


@dataclass(frozen=True)
class NotedDelivery:
    """A request that made no run, or not all, or cannot help its caller; `notes` say why."""

    id: UUID
    endpoint: str
    received_at: datetime
    notes: Mapping[str, Any]


_LINE = (
    "id, workflow, version, status, created_at, ended_at, mode, dedupe_key, error, is_maybe_done,"
    " retry_of"
)
_FACTS = (
    "delivery_id, trigger, started_at, scheduled_at, due_at, deadline, worker, token, is_awaited,"
    " is_cancel_requested, response, result"
)


def list_runs(
    connection: Connection,
    *,
    statuses: Sequence[str] = (),
    workflow: str | None = None,
    request: UUID | None = None,
    limit: int = 50,
) -> list[RunLine]:
    """The newest runs first; no status given means all of them, `request` those that it made."""
    rows = connection.execute(
        text(
            f"SELECT {_LINE} FROM runs"  # noqa: S608 - our own columns
            " WHERE (CAST(:workflow AS text) IS NULL OR workflow = :workflow)"
            " AND (CAST(:request AS uuid) IS NULL OR delivery_id = :request)"
            " AND (CAST(:statuses AS text[]) = '{}' OR status = ANY(:statuses))"
            " ORDER BY created_at DESC, id DESC LIMIT :limit"
        ),
        {
            "workflow": workflow,
            "request": request,
            "statuses": list(statuses),
            "limit": limit,
        },
    )
    return [RunLine(**row) for row in rows.mappings()]


def list_noted(
    connection: Connection,
    *,
    endpoint: str | None = None,
    request: UUID | None = None,
    limit: int = 50,
) -> list[NotedDelivery]:
    """The newest requests of which not all made runs first; of one workflow, or one of them."""
    rows = connection.execute(
        text(
            "SELECT id, endpoint, received_at, notes FROM deliveries"
            " WHERE notes IS NOT NULL AND notes ?| ARRAY['ignored', 'refused', 'doubt']"
            " AND (CAST(:endpoint AS text) IS NULL OR endpoint = :endpoint)"
            " AND (CAST(:request AS uuid) IS NULL OR id = :request)"
            " ORDER BY received_at DESC, id DESC LIMIT :limit"
        ),
        {"endpoint": endpoint, "request": request, "limit": limit},
    )
    return [NotedDelivery(**row) for row in rows.mappings()]


def find_run(connection: Connection, run_id: UUID) -> RunFacts | None:
    """One run."""
    row = (
        connection.execute(
            text(f"SELECT {_LINE}, {_FACTS} FROM runs WHERE id = :id"),  # noqa: S608 - our own
            {"id": run_id},
        )
        .mappings()
        .first()
    )
    if row is None:
        return None
    line = RunLine(**{name: row[name] for name in RunLine.__dataclass_fields__})
    facts = {name: row[name] for name in RunFacts.__dataclass_fields__ if name != "line"}
    return RunFacts(line=line, **facts)


def timeline(connection: Connection, run_id: UUID) -> list[StepFacts]:
    """What the run decided and did, in the order in which it began."""
    rows = connection.execute(
        text(
            "SELECT path, kind, step_id, action, status, attempts, is_simulated, key, inputs,"
            " result, error, started_at, ended_at, due_at"
            " FROM steps WHERE run_id = :id ORDER BY seq"
        ),
        {"id": run_id},
    )
    return [StepFacts(**row) for row in rows.mappings()]


def history(connection: Connection, run_id: UUID) -> list[Change]:
    """Every change of the run's state."""
    rows = connection.execute(
        text("SELECT at, status, why FROM run_history WHERE run_id = :id ORDER BY id"),
        {"id": run_id},
    )
    return [Change(**row) for row in rows.mappings()]


def marks(connection: Connection, run_ids: Collection[UUID]) -> dict[UUID, str]:
    """What tells each of these runs from what it was before a step or a state of it changed."""
    rows = connection.execute(
        text(
            """
            SELECT runs.id, md5(concat_ws('.', status, token, is_cancel_requested, is_maybe_done,
                   due_at, response IS NOT NULL, done.mark)) AS mark
              FROM runs, LATERAL (
                   SELECT concat_ws('.', count(*), max(seq), count(ended_at), sum(attempts),
                          max(ended_at), max(due_at)) AS mark
                     FROM steps WHERE run_id = runs.id) AS done
             WHERE runs.id = ANY(:ids)
            """
        ),
        {"ids": [*run_ids]},
    )
    return {row.id: row.mark for row in rows}


def delivery_of(connection: Connection, run_id: UUID) -> DeliveryFacts | None:
    """The request of the run, or of the run that it repeats; None when nobody sent one."""
    row = (
        connection.execute(
            text(
                """
                WITH RECURSIVE line AS (
                    SELECT id, delivery_id, retry_of FROM runs WHERE id = :id
                    UNION ALL
                    SELECT runs.id, runs.delivery_id, runs.retry_of
                      FROM runs JOIN line ON runs.id = line.retry_of
                     WHERE line.delivery_id IS NULL
                )
                SELECT deliveries.id, endpoint, method, path, query, headers, body, body_digest,
                       is_sealed, remote_ip, received_at, repeats, last_repeat_at, notes
                  FROM line JOIN deliveries ON deliveries.id = line.delivery_id LIMIT 1
                """
            ),
            {"id": run_id},
        )
        .mappings()
        .first()
    )
    return DeliveryFacts(**row) if row else None


def waiting_elsewhere(connection: Connection, current: Mapping[str, str]) -> list[WaitingRun]:
    """Runs that have not ended and go on with another version than the current one, oldest first.

    `current` is the version by workflow; a workflow that is not there has none.
    """
    rows = connection.execute(
        text(
            """
            SELECT runs.id, workflow, version, runs.status,
                   coalesce(step.started_at, runs.created_at) AS since, step.path AS waits_for
              FROM runs LEFT JOIN LATERAL (
                   SELECT path, started_at FROM steps
                    WHERE run_id = runs.id AND steps.status IN ('started', 'retrying')
                    ORDER BY seq DESC LIMIT 1) AS step ON true
             WHERE NOT runs.status = ANY(:ended)
               AND NOT EXISTS (
                   SELECT FROM unnest(CAST(:names AS text[]), CAST(:versions AS text[]))
                            AS now(name, version)
                    WHERE now.name = workflow AND now.version = runs.version)
             ORDER BY since, runs.id
            """
        ),
        {"ended": list(ENDED), "names": list(current), "versions": list(current.values())},
    )
    return [WaitingRun(**row) for row in rows.mappings()]


def run_again(connection: Connection, run_id: UUID) -> list[UUID]:
    """The runs that were made from this one by hand (E20)."""
    rows = connection.execute(
        text("SELECT id FROM runs WHERE retry_of = :id ORDER BY created_at"), {"id": run_id}
    )
    return [row.id for row in rows]


def count_by_status(connection: Connection) -> dict[str, int]:
    """How many runs are in each state."""
    rows = connection.execute(text("SELECT status, count(*) AS runs FROM runs GROUP BY status"))
    return {row.status: row.runs for row in rows}
