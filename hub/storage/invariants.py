"""What must never be so: each question finds the rows that break one guarantee (E18).

A question gives sentences that name the rows; normally none. `hub doctor` asks them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, text

from hub.storage.books import BALANCE
from hub.storage.runs import LEASE

MOST_ROWS = 50  # sentences of one question


@dataclass(frozen=True)
class Invariant:
    """One guarantee as a question; `query` gives a column `fault`."""

    name: str
    promise: str
    query: str


INVARIANTS = (
    Invariant(
        "leases",
        "a run whose owner died is taken over (E5)",
        """
        SELECT format('run %s of %s: its lease ran out at %s and nobody took it over',
                      id, workflow, date_trunc('second', lease_until)) AS fault
          FROM runs WHERE status = 'running' AND lease_until < now() - 2 * CAST(:lease AS interval)
         ORDER BY lease_until
        """,
    ),
    Invariant(
        "next-action",
        "a run that is not over has a next action (E2)",
        """
        SELECT format('run %s of %s: %s, and nothing will wake it', id, workflow, status) AS fault
          FROM runs WHERE status IN ('queued', 'waiting') AND due_at IS NULL ORDER BY created_at
        """,
    ),
    Invariant(
        "overdue",
        "a run ends at its timeout at the latest (E16)",
        """
        SELECT format('run %s of %s: its timeout was at %s and it is %s',
                      id, workflow, date_trunc('second', deadline), status) AS fault
          FROM runs WHERE ended_at IS NULL AND deadline < now() - interval '10 minutes'
         ORDER BY deadline
        """,
    ),
    Invariant(
        "history",
        "each change of a run's state is in its history: that of 7 days (E1)",
        """
        SELECT format('run %s of %s: it is %s, its history says %s',
                      runs.id, workflow, runs.status, coalesce(last.status, 'nothing')) AS fault
          FROM runs LEFT JOIN LATERAL (
               SELECT status, token FROM run_history WHERE run_id = runs.id ORDER BY id DESC LIMIT 1
          ) last ON true
         WHERE runs.created_at > now() - interval '7 days'
           AND (last.status, last.token) IS DISTINCT FROM (runs.status, runs.token)
        UNION ALL
        SELECT format('run %s of %s: in its history %s follows %s, so something is missing',
                      runs.id, workflow, entry.status, coalesce(entry.status_before, 'nothing'))
          FROM runs CROSS JOIN LATERAL (
               SELECT status, token, lag(status) OVER earlier AS status_before,
                      lag(token) OVER earlier AS token_before
                 FROM run_history WHERE run_id = runs.id WINDOW earlier AS (ORDER BY id)
          ) entry
         WHERE runs.created_at > now() - interval '7 days' AND NOT CASE
               WHEN status_before IS NULL THEN entry.status = 'queued' AND entry.token = 0
               WHEN status_before IN ('queued', 'waiting')
               THEN entry.status = 'running' AND entry.token = token_before + 1
               WHEN status_before = 'running'
               THEN entry.status <> 'running' AND entry.token = token_before
               ELSE false END
        """,
    ),
    Invariant(
        "effects",
        "no effect was begun whose end nobody knows or says (E8)",
        """
        SELECT format('run %s of %s: %s, but its step %s was begun and has no result',
                      runs.id, workflow, runs.status, steps.path) AS fault
          FROM runs JOIN steps ON steps.run_id = runs.id
         WHERE runs.ended_at IS NOT NULL AND steps.kind = 'do' AND steps.status = 'started'
           AND steps.path NOT LIKE '%.poll'
           AND NOT runs.is_maybe_done
         ORDER BY runs.ended_at
        """,
    ),
    Invariant(
        "turns",
        "a run gives up its turn when it ends (E16)",
        """
        SELECT format('run %s of %s: it ended at %s and keeps its turn',
                      runs.id, workflow, date_trunc('second', ended_at)) AS fault
          FROM turns JOIN runs ON runs.id = turns.run_id
         WHERE ended_at < now() - interval '1 minute' ORDER BY ended_at
        """,
    ),
    Invariant(
        "once-keys",
        "a step that is done once for all runs is not left half done (E8)",
        """
        SELECT format('run %s of %s: it ended, and its step %s still claims to be at work',
                      runs.id, runs.workflow, once_keys.path) AS fault
          FROM once_keys JOIN runs ON runs.id = once_keys.run_id
         WHERE once_keys.status = 'started' AND ended_at < now() - interval '1 minute'
         ORDER BY ended_at
        """,
    ),
    Invariant(
        "named-steps",
        "what a step left behind, an event or a key of `once_per`, has its step (E6, E8)",
        """
        SELECT format('run %s of %s: it emitted %s, and no step of it says so',
                      runs.id, runs.workflow, events.name) AS fault
          FROM events JOIN runs ON runs.id = events.run_id
         WHERE runs.created_at > now() - interval '7 days'
           AND events.path NOT LIKE 'booking_sessions/%'  -- told by a browser worker, no step
           AND NOT EXISTS (SELECT FROM steps WHERE steps.run_id = events.run_id
                              AND steps.path = events.path AND steps.status = 'succeeded')
        UNION ALL
        SELECT format('run %s of %s: its step %s is noted as done once for all, and is not there',
                      runs.id, runs.workflow, once_keys.path)
          FROM once_keys JOIN runs ON runs.id = once_keys.run_id
         WHERE runs.created_at > now() - interval '7 days' AND once_keys.status = 'succeeded'
           AND NOT EXISTS (SELECT FROM steps WHERE steps.run_id = once_keys.run_id
                              AND steps.path = once_keys.path AND steps.status = 'succeeded')
        """,
    ),
    Invariant(
        "books",
        "each accepted run is ended, queued, waiting or leased: none is lost (E2)",
        f"""
        SELECT format('%s runs were accepted, but %s are ended, %s queued, %s waiting, %s leased',
                      accepted, ended, queued, waiting, leased) AS fault
          FROM ({BALANCE}) AS books WHERE accepted <> ended + queued + waiting + leased
        """,  # noqa: S608 - our own text
    ),
    Invariant(
        "holds",
        "a number is held by one lead, a lead holds one number (D1)",
        """
        SELECT format('number %s has %s live holds', phone_id, count(*)) AS fault
          FROM phone_assignments WHERE ended_at IS NULL GROUP BY phone_id HAVING count(*) > 1
        UNION ALL
        SELECT format('lead %s holds %s numbers', lead_id, count(*))
          FROM phone_assignments WHERE ended_at IS NULL GROUP BY lead_id HAVING count(*) > 1
        UNION ALL
        SELECT format('lead %s holds %s numbers', lead_id, count(*))
          FROM phone_numbers WHERE lead_id IS NOT NULL GROUP BY lead_id HAVING count(*) > 1
        """,
    ),
)


def faults(connection: Connection, invariant: Invariant, *, lease: timedelta = LEASE) -> list[str]:
    """The sentences of one question, at most `MOST_ROWS`."""
    rows = connection.execute(
        text(f"{invariant.query} LIMIT :most"), {"lease": lease, "most": MOST_ROWS}
    )
    return [row.fault for row in rows]


@dataclass(frozen=True)
class LateSchedule:
    """A schedule that no worker fired in time."""

    workflow: str
    seconds_late: float


def late_schedules(connection: Connection) -> list[LateSchedule]:
    """Schedules that are due for more than a minute (E12)."""
    rows = connection.execute(
        text(
            "SELECT workflow, extract(epoch FROM now() - next_at)::float AS seconds_late"
            " FROM schedules WHERE next_at < now() - interval '1 minute' ORDER BY next_at, workflow"
        )
    )
    return [LateSchedule(**row) for row in rows.mappings()]
