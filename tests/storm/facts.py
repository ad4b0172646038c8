"""What is there when a storm is over, read from outside with SQL of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import psycopg
from psycopg.rows import dict_row

from tests.storm.outside import Outside


class Database(Protocol):
    """A way to the database that is not the hub's."""

    @property
    def database_url(self) -> str:
        """Its address."""

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        """A connection that commits each statement. Raises `psycopg.Error`."""


@dataclass(frozen=True)
class RunFacts:
    """A run: `webhook` is its key, `effects` its rows in the hub's trade.

    `sms`: delivered, unknown, refused, or nothing when it has no such step. `lost_leases`: how
    often its owner died.
    """

    id: str
    webhook: str
    status: str
    error: str = ""
    is_maybe_done: bool = False
    lost_leases: int = 0
    effects: int = 0
    sms: str = ""
    created_at: datetime | None = None
    ended_at: datetime | None = None
    effect_at: datetime | None = None


@dataclass(frozen=True)
class Facts:
    """Everything that is compared with what the senders know."""

    runs: tuple[RunFacts, ...]
    orphans: tuple[str, ...] = ()
    short_holds: tuple[str, ...] = ()
    texts: Mapping[str, int] | None = None
    chats: Mapping[str, int] | None = None
    puts: Mapping[str, Iterable[tuple[str, bytes]]] | None = None


_RUNS = """
    WITH effects AS (
        SELECT run_id, at FROM interactions WHERE kind = 'call'
         UNION ALL
        SELECT run_id, created_at FROM appointments
    ), done AS (SELECT run_id, count(*) AS n, min(at) AS at FROM effects GROUP BY run_id),
    lost AS (
        SELECT run_id, count(*) AS n FROM run_history WHERE why = 'the lease ran out' GROUP BY 1
    )
    SELECT runs.id::text AS id, coalesce(dedupe_key, '') AS webhook, runs.status,
           coalesce(runs.error ->> 'code', '') AS error, is_maybe_done,
           coalesce(lost.n, 0) AS lost_leases, coalesce(done.n, 0) AS effects,
           CASE WHEN steps.status IS NULL THEN ''
                WHEN steps.status = 'succeeded' THEN 'delivered'
                WHEN (steps.error ->> 'maybe_done')::boolean THEN 'unknown'
                WHEN steps.status = 'failed' THEN 'refused'
                ELSE steps.status END AS sms,
           runs.created_at, runs.ended_at, done.at AS effect_at
      FROM runs
      LEFT JOIN lost ON lost.run_id = runs.id
      LEFT JOIN done ON done.run_id = runs.id
      LEFT JOIN steps ON steps.run_id = runs.id AND steps.action = 'twilio.send_sms'
"""
_ORPHANS = """
    SELECT format('%s of run %s', what, run_id) FROM (
        SELECT 'interaction' AS what, run_id FROM interactions WHERE kind = 'call'
         UNION ALL SELECT 'appointment', run_id FROM appointments
         UNION ALL SELECT 'event', run_id FROM events
    ) AS effects WHERE NOT EXISTS (SELECT FROM runs WHERE runs.id = effects.run_id)
"""
_SHORT_HOLDS = """
    SELECT format('lead %s: its number is free at %s, an appointment holds it until %s',
                  phone_numbers.lead_id, release_at, max(hold_until))
      FROM phone_numbers JOIN appointments USING (lead_id)
     WHERE appointments.status = 'scheduled'
     GROUP BY phone_numbers.lead_id, release_at HAVING release_at < max(hold_until)
"""
_OPEN = "SELECT count(*) FROM runs WHERE ended_at IS NULL"


def unfinished(database: Database) -> int:
    """Runs that go on. Raises `psycopg.Error` while the database is away."""
    with database.connect() as connection:
        row = connection.execute(_OPEN).fetchone()
    return int(str(row[0])) if row else 0


def read(database: Database, outside: Outside) -> Facts:
    """All of it."""
    with database.connect() as connection:
        connection.execute("SET statement_timeout = '60s'")
        with connection.cursor(row_factory=dict_row) as cursor:
            rows: list[dict[str, Any]] = cursor.execute(_RUNS).fetchall()
        orphans = [str(row[0]) for row in connection.execute(_ORPHANS).fetchall()]
        short = [str(row[0]) for row in connection.execute(_SHORT_HOLDS).fetchall()]
    return Facts(
        tuple(RunFacts(**row) for row in rows),
        tuple(orphans),
        tuple(short),
        outside.texts(),
        outside.chats(),
        outside.puts(),
    )
