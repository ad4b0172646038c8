"""Ended runs by the million, put straight into the tables.

Each is a run of three steps: its request, key, history and journal. They came ten a second.
"""

from __future__ import annotations

from sqlalchemy import Engine, text

BODY = b'{"lead_id": "5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21", "outcome": "no_answer"}' * 12
_SLICE = 50_000
_FILL = (
    (
        "CREATE TEMP TABLE made AS SELECT gen_random_uuid() AS id, gen_random_uuid() AS delivery,"
        " now() - make_interval(days => :days) + number * interval '1 second' / 10 AS at"
        " FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS number"
    ),
    (
        "INSERT INTO deliveries (id, endpoint, method, path, query, headers, body, body_digest,"
        " received_at)"
        " SELECT delivery, 'bench', 'POST', '/bench', '{}', '{}', :body, '', at FROM made"
    ),
    (
        "INSERT INTO runs (id, workflow, version, delivery_id, status, mode, trigger, created_at,"
        " ended_at, deadline) SELECT id, 'bench', '0', delivery, 'succeeded', 'live', '{}', at, at,"
        " at FROM made"
    ),
    (
        "INSERT INTO dedupe_keys (endpoint, digest, run_id, delivery_id, body_digest, expires_at)"
        " SELECT 'bench', sha256(id::text::bytea), id, delivery, '', at + interval '7 days'"
        " FROM made"
    ),
    (
        "INSERT INTO run_history (run_id, status, token) SELECT id, status, 1"
        " FROM made, unnest(ARRAY['queued', 'running', 'succeeded']) AS status"
    ),
    (
        "INSERT INTO steps (run_id, path, kind, status, result, started_at)"
        " SELECT id, path, 'do', 'succeeded', '{}', at"
        " FROM made, unnest(ARRAY['a', 'b', 'c']) AS path"
    ),
    "DROP TABLE made",
)


def fill(engine: Engine, runs: int, *, days_ago: int) -> None:
    """Add so many; the oldest is of so many days ago."""
    for first in range(0, runs, _SLICE):
        values = {
            "first": first,
            "last": min(first + _SLICE, runs) - 1,
            "body": BODY,
            "days": days_ago,
        }
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SET LOCAL synchronous_commit = off"))
            connection.execute(text("SET LOCAL session_replication_role = replica"))  # no look-ups
            for statement in _FILL:
                known = {name: each for name, each in values.items() if f":{name}" in statement}
                connection.execute(text(statement), known)
