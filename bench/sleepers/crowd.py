"""Sleeping runs by the thousand: copies, row by row, of two that the worker itself put to sleep."""

from __future__ import annotations

from uuid import UUID

import psycopg
from sqlalchemy import Connection, Engine, text

from bench.sides import libpq
from hub.storage.tables import event_waits, run_history, runs, steps

_AT_ONCE = 10_000  # a connection of the hub waits for some seconds only
_INPUTS = """
    CASE WHEN inputs ->> 'key' IS NULL THEN inputs
         ELSE CAST(jsonb_set(CAST(inputs AS jsonb), '{key}', to_jsonb(copies.key)) AS json) END
"""
_OWN = {
    "runs": {
        "id": "copies.id",
        "trigger": "jsonb_set(trigger, '{inputs,key}', to_jsonb(copies.key))",
        "due_at": "due_at + copies.number % 1000 * interval '1 minute'",
    },
    "steps": {"run_id": "copies.id", "inputs": _INPUTS},
    "run_history": {"run_id": "copies.id"},
    "event_waits": {"run_id": "copies.id", "key": "copies.key"},
}
_MADE = {"steps": ("seq",), "run_history": ("id",)}


def fill(engine: Engine, *, listener: UUID, napper: UUID, first: int, count: int) -> None:
    """`count` more sleepers, half of them listeners; their keys are `s<number>` from `first` on."""
    for start in range(first, first + count, _AT_ONCE):
        end = min(start + _AT_ONCE, first + count)
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL synchronous_commit = off"))
            connection.execute(
                text(
                    "CREATE TEMPORARY TABLE copies ON COMMIT DROP AS"
                    " SELECT gen_random_uuid() AS id, 's' || number AS key, number,"
                    " CASE WHEN number % 2 = 0 THEN CAST(:listener AS uuid)"
                    " ELSE CAST(:napper AS uuid) END AS pattern"
                    " FROM generate_series(CAST(:start AS int), CAST(:end AS int)) AS number"
                ),
                {"listener": listener, "napper": napper, "start": start, "end": end - 1},
            )
            for table in (runs, run_history, steps, event_waits):
                _copy(connection, table.name, [column.name for column in table.columns])


def _copy(connection: Connection, table: str, columns: list[str]) -> None:
    kept = [name for name in columns if name not in _MADE.get(table, ())]
    values = [_OWN[table].get(name, f"{table}.{name}") for name in kept]
    owner = "id" if table == "runs" else "run_id"
    connection.execute(
        text(
            f"INSERT INTO {table} ({', '.join(kept)}) SELECT {', '.join(values)}"  # noqa: S608
            f" FROM {table} JOIN copies ON {table}.{owner} = copies.pattern"
        )
    )


def settle(engine: Engine) -> None:
    """Statistics and visibility as autovacuum leaves them, however long that takes."""
    address = libpq(engine.url.render_as_string(hide_password=False))
    with psycopg.connect(address, autocommit=True) as connection:  # the hub's own are impatient
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
