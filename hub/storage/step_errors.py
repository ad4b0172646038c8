"""The last errors of steps, by their action: what went wrong with a service lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

LOOKED_THROUGH = 200  # runs that failed, the newest ones: more would read what nobody looks at


@dataclass(frozen=True)
class StepError:
    """A step of an action that failed, with the run that failed with it."""

    action: str
    run_id: UUID
    path: str
    at: datetime
    code: str


def last_errors(db: Connection, *, each: int) -> Sequence[StepError]:
    """The newest errors of each action among the last failed runs, the newest first."""
    found = db.execute(_LAST, {"most": LOOKED_THROUGH, "each": each})
    return [StepError(**row) for row in found.mappings()]


_LAST = text("""
    WITH failed AS MATERIALIZED (
        SELECT id FROM runs WHERE status = 'failed' ORDER BY created_at DESC, id DESC LIMIT :most
    ), counted AS (
        SELECT s.action, s.run_id, s.path, coalesce(s.ended_at, s.started_at) AS at,
               coalesce(s.error ->> 'code', 'failed') AS code,
               row_number() OVER (PARTITION BY s.action
                                  ORDER BY coalesce(s.ended_at, s.started_at) DESC) AS place
          FROM failed JOIN steps s ON s.run_id = failed.id
         WHERE s.action IS NOT NULL AND s.error IS NOT NULL AND NOT s.is_simulated
    )
    SELECT action, run_id, path, at, code FROM counted WHERE place <= :each
     ORDER BY at DESC NULLS LAST
""")
