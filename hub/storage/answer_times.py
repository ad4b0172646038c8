"""How long callers waited for their answers, by dialect and workflow: asked of what is stored.

From the arrival of the request (the web's clock) to the step that answered, or to the end of the
run where none did (the database's clock). Who was told `otherwise` waited until the deadline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class AnswerTimes:
    """Callers of one workflow that waited for its runs. Times are in seconds."""

    dialect: str
    workflow: str
    callers: int
    p50: float
    p95: float
    p99: float
    fallbacks: int
    failures: int

    @property
    def fallback_share(self) -> float:
        """Which part of them was told `otherwise`, from 0 to 1."""
        return self.fallbacks / self.callers


_TIMES = text(
    """
    WITH answered AS (
        SELECT coalesce(runs.trigger #>> '{caller,dialect}', '') AS dialect, runs.workflow,
               CAST(runs.response ->> 'fallback_after' AS float) AS late,
               CAST(runs.response ->> 'failed' AS boolean) AS is_failed,
               extract(epoch FROM
                   coalesce(replied.at, runs.ended_at) - deliveries.received_at) AS seconds
          FROM runs JOIN deliveries ON deliveries.id = runs.delivery_id
          LEFT JOIN LATERAL (SELECT min(steps.ended_at) AS at FROM steps
                              WHERE steps.run_id = runs.id AND steps.kind = 'reply') replied ON TRUE
         WHERE runs.is_awaited AND runs.response IS NOT NULL
           AND runs.created_at >= now() - CAST(:since AS interval)
    ), waited AS (
        SELECT dialect, workflow, late, is_failed,
               coalesce(late, greatest(seconds, 0)) AS seconds FROM answered
    )
    SELECT dialect, workflow, count(*) AS callers,
           percentile_disc(0.5) WITHIN GROUP (ORDER BY seconds) AS p50,
           percentile_disc(0.95) WITHIN GROUP (ORDER BY seconds) AS p95,
           percentile_disc(0.99) WITHIN GROUP (ORDER BY seconds) AS p99,
           count(late) AS fallbacks, count(*) FILTER (WHERE is_failed) AS failures
      FROM waited WHERE seconds IS NOT NULL
     GROUP BY dialect, workflow ORDER BY dialect, workflow
    """
)


def answer_times(connection: Connection, *, since: timedelta) -> Sequence[AnswerTimes]:
    """One entry for each dialect and workflow that had callers who waited, in their order."""
    rows = connection.execute(_TIMES, {"since": since}).mappings()
    return [
        AnswerTimes(**{**row, **{each: float(row[each]) for each in ("p50", "p95", "p99")}})
        for row in rows
    ]
