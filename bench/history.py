"""Ended runs by the million, put straight into the tables.

Each is as wide as a run of the project's flow with two effects, and has all that such a run leaves:
its request, key, history and journal. Ids sort by time, as the hub makes them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql

from bench.sides import libpq

_LEAD = "5b0c2c2e-6f0a-4a51-9a8e-000000000000"
_CALL = "9a750b3d-dd99-4cd5-9743-d78897d70b62"
_PHONE = "5b530ded-0a78-4bb2-9bd1-588e892f7d44"
_AT = "2026-01-22T20:30:59Z"
_PAYLOAD = {"lead_id": _LEAD, "appointment_time": _AT, "call_id": _CALL}
BODY = json.dumps(_PAYLOAD).encode()
_HEADERS = {"host": "127.0.0.1", "content-type": "application/json", "content-length": "146"}
_TRIGGER = {
    "query": {},
    "caller": {"ip": "127.0.0.1", "dialect": "json", "delivery_id": _CALL},
    "params": {},
    "headers": {},
    "payload": _PAYLOAD,
    "request": {
        "id": _CALL,
        "path": "/webhook/booked",
        "method": "POST",
        "received_at": "2026-01-21T20:30:58.860402Z",
    },
}
_INSTANT = {"~instant": _AT}
_BOOKED = (
    {
        "lead_id": _LEAD,
        "starts_at": _INSTANT,
        "source": "voice_call",
        "external_id": _CALL,
        "hold_until": _INSTANT,
    },
    {
        "created": True,
        "release_at": _AT,
        "phone_number": "+120255500001",
        "appointment_id": _PHONE,
    },
)
_UPDATED = (
    {
        "lead_id": _LEAD,
        "set": {"status": "appointment_booked", "appointment_scheduled_at": _INSTANT},
    },
    {
        "status": "appointment_booked",
        "lead_id": _LEAD,
        "last_name": "Lead",
        "first_name": "Bench",
        "appointment_scheduled_at": _AT,
    },
)

_EMPTIED = (
    "TRUNCATE text_messages, deliveries, runs, dedupe_keys, run_history, steps, once_keys, turns,"
    " events, event_waits"
)
_KEY = "ALTER TABLE dedupe_keys DROP CONSTRAINT pk_dedupe_keys"
_KEY_AGAIN = "ALTER TABLE dedupe_keys ADD CONSTRAINT pk_dedupe_keys PRIMARY KEY (endpoint, digest)"
# One row for each run. An id is of version 7: milliseconds, then what the run's number gives.
_MADE = """
    SELECT number, at, sha256(number::text::bytea) AS digest, {run} AS id, {delivery} AS delivery
      FROM (SELECT number, now() - make_interval(days => {days}) + number * {apart}::interval AS at
              FROM generate_series(0, {runs} - 1) AS number) AS numbered
"""
_ID = """
    (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7'
     || overlay(left(md5({kind} || number), 19) PLACING '8' FROM 4 FOR 1))::uuid
"""
_COPIED = {
    "deliveries (id, endpoint, method, path, query, headers, body, body_digest, remote_ip,"
    " received_at)": (
        "SELECT delivery, 'booked', 'POST', '/webhook/booked', '{{}}'::jsonb, {headers}::jsonb,"
        " {body}::bytea, digest, '127.0.0.1', at FROM made"
    ),
    "runs (id, workflow, version, delivery_id, status, mode, trigger, dedupe_key, created_at,"
    " started_at, ended_at, deadline, token)": (
        "SELECT id, 'booked', encode(sha256('1'), 'hex'), delivery, 'succeeded', 'live',"
        " {trigger}::jsonb, delivery::text, at, at, at, at + interval '30 days',"
        " 1::bigint FROM made"
    ),
    "dedupe_keys (endpoint, digest, run_id, delivery_id, body_digest, expires_at)": (
        "SELECT 'booked', digest, id, delivery, digest, at + interval '7 days' FROM made"
    ),
    "run_history (run_id, at, status, token, why)": (
        "SELECT id, at, status, token::bigint, why FROM made, (VALUES ('queued', 0, 'accepted'),"
        " ('running', 1, 'worker:25609:89949c7c'), ('succeeded', 1, ''))"
        " AS told (status, token, why)"
    ),
    "steps (run_id, path, kind, step_id, action, status, attempts, key, inputs, result, started_at,"
    " ended_at)": (
        "SELECT id, step, 'do', step, action, 'succeeded', 1, id || '/' || step, inputs::json,"
        " result::jsonb, at, at FROM made, (VALUES"
        " ('hold', 'appointments.book', {booking}, {booked}),"
        " ('lead', 'leads.update', {updating}, {updated})) AS done (step, action, inputs, result)"
    ),
}


def fill(database_url: str, runs: int, *, days_ago: int, seconds_apart: float = 0.1) -> None:
    """Let an empty database have so many runs; the oldest is of so many days ago.

    The rows are as old ones are that were vacuumed: frozen, and visible to all.
    """
    values = {
        "runs": runs,
        "days": days_ago,
        "apart": f"{seconds_apart} seconds",
        "headers": json.dumps(_HEADERS),
        "trigger": json.dumps(_TRIGGER),
        "body": BODY,
        **_documents({"booking": _BOOKED[0], "booked": _BOOKED[1]}),
        **_documents({"updating": _UPDATED[0], "updated": _UPDATED[1]}),
    }
    address = libpq(database_url)  # the hub's own connections give up after some seconds
    with psycopg.connect(address, autocommit=True) as reading, psycopg.connect(address) as writing:
        writing.execute("SET LOCAL session_replication_role = replica")  # no look-ups
        writing.execute(_EMPTIED)
        writing.execute(_KEY)  # digests come in no order: sorted at once it takes minutes less
        for table, question in _COPIED.items():
            _copy(reading, writing, table, _filled(question, values))
        writing.execute(_KEY_AGAIN)


def _documents(named: Mapping[str, object]) -> dict[str, str]:
    return {name: json.dumps(each) for name, each in named.items()}


def _filled(question: str, values: Mapping[str, Any]) -> sql.Composed:
    """The rows of one table, with the values written out: COPY takes no others."""
    written: dict[str, sql.Composable] = {
        name: sql.Literal(value) for name, value in values.items()
    }
    ids = {name: sql.SQL(_ID).format(kind=sql.Literal(name)) for name in ("run", "delivery")}
    made = sql.SQL(_MADE).format(**written, **ids)
    with_runs = sql.SQL("WITH made AS NOT MATERIALIZED ({}) ").format(made)
    return with_runs + sql.SQL(question).format(**written)


def _copy(
    reading: psycopg.Connection[Any],
    writing: psycopg.Connection[Any],
    table: str,
    question: sql.Composed,
) -> None:
    out = sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(question)
    into = f"COPY {table} FROM STDIN (FORMAT binary, FREEZE)".encode()
    with (
        reading.cursor() as reader,
        writing.cursor() as writer,
        reader.copy(out) as rows,
        writer.copy(into) as target,
    ):
        for row in rows:
            target.write(row)
