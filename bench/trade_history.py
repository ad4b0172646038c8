"""The rows of our trade that so many runs leave: leads, appointments, numbers, sessions, the audit.

They are spread over four hundred days, so that a week of the calendar has as many entries as the
page shows.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from bench.sides import libpq

_DAYS = 400  # the last hundred of them are to come
_NUMBERS = 2_000
_HELD = 1_500
_AT = "now() - interval '300 days' + number * (interval '{days} days' / {of})"
_MADE = (
    (
        "INSERT INTO leads (id, first_name, last_name) SELECT md5('lead ' || number)::uuid, "
        "'Bench', 'Lead ' || number FROM generate_series(1, {leads}) AS number"
    ),
    (
        "INSERT INTO appointments (id, lead_id, starts_at, hold_until, status, source, "
        "external_id, mode) SELECT gen_random_uuid(), md5('lead ' || 1 + number % "
        "{leads})::uuid, {at_run}, {at_run} + interval '18 hours', CASE WHEN {at_run} < now() "
        "THEN 'showed' ELSE 'scheduled' END, 'voice_call', 'call-' || number, 'live' FROM "
        "generate_series(1, {runs}) AS number"
    ),
    (
        "INSERT INTO phone_numbers (id, number, lead_id, assigned_at, initial_until, "
        "release_at) SELECT md5('phone ' || number)::uuid, '+1202555' || lpad(number::text, "
        "4, '0'), CASE WHEN number <= {held} THEN md5('lead ' || number)::uuid END, CASE WHEN "
        "number <= {held} THEN now() END, CASE WHEN number <= {held} THEN now() + interval "
        "'18 hours' END, CASE WHEN number <= {held} THEN now() + interval '18 hours' END FROM "
        "generate_series(1, {numbers}) AS number"
    ),
    (
        "INSERT INTO phone_assignments (id, phone_id, lead_id, assigned_at, ended_at, mode) "
        "SELECT gen_random_uuid(), md5('phone ' || 1 + number % {numbers})::uuid, md5('lead ' "
        "|| 1 + number % {leads})::uuid, {at_run} - interval '101 days', {at_run} - interval "
        "'100 days', 'live' FROM generate_series(1, {runs}) AS number"
    ),
    (
        "INSERT INTO mechanics (id) SELECT md5('mechanic ' || number)::uuid FROM "
        "generate_series(0, 49) AS number"
    ),
    (
        "INSERT INTO sessions (id, customer_id, mechanic_id, kind, status, scheduled_for, "
        "ends_at, customer_email, metadata, reschedule_history, key, mode, created_at) SELECT "
        "md5('session ' || number)::uuid, md5('lead ' || 1 + number % {leads})::uuid, "
        "md5('mechanic ' || number % 50)::uuid, 'video', CASE WHEN {at_session} < now() THEN "
        "'completed' ELSE 'scheduled' END, {at_session}, {at_session} + interval '30 "
        "minutes', 'bench@example.com', '{{}}', '[]', 'key ' || number, 'live', {at_session} "
        "- interval '100 days' FROM generate_series(1, {sessions}) AS number"
    ),
    (
        "INSERT INTO slot_reservations (id, mechanic_id, seat, starts_at, ends_at, status, "
        "expires_at, session_id, key, confirmed_at, mode, reserved_at) SELECT md5('slot ' || "
        "number)::uuid, md5('mechanic ' || number % 50)::uuid, 1, {at_session}, {at_session} "
        "+ interval '30 minutes', 'confirmed', {at_session}, md5('session ' || number)::uuid, "
        "'key ' || number, {at_session}, 'live', {at_session} FROM generate_series(1, "
        "{sessions}) AS number"
    ),
    (
        "INSERT INTO booking_sessions (id, state, outcome, error_message, mode, source, "
        "booking_url, starts_at, timezone, lead_id, contact, start_by, expires_at, "
        "created_at, updated_at, completed_at) SELECT md5('browser ' || number)::uuid, "
        "'failed', 'error', 'The page changed.', 'live', 'browser', "
        "'https://clinic.example/book', {at_browser}, 'UTC', md5('lead ' || 1 + number % "
        "{leads})::uuid, '{{}}'::json, {at_browser}, {at_browser}, {at_browser}, "
        "{at_browser}, {at_browser} FROM generate_series(1, {browsers}) AS number"
    ),
    (
        "INSERT INTO audit (id, at, who, origin, action, what, previous, digest) SELECT "
        "number, now(), 'ada@example.com', '198.51.100.7', 'console reveal', '{{}}'::json, "
        "sha256((number - 1)::text::bytea), sha256(number::text::bytea) FROM "
        "generate_series(1, {acts}) AS number"
    ),
)


def fill(database_url: str, runs: int) -> None:
    """Let a database whose trade is empty have what so many runs leave there."""
    sizes = {
        "runs": runs,
        "leads": max(runs // 5, _NUMBERS),
        "numbers": _NUMBERS,
        "held": _HELD,
        "sessions": runs // 5,
        "browsers": runs // 10,
        "acts": runs // 10,
    }
    at = {
        name: sql.SQL(_AT).format(days=sql.Literal(_DAYS), of=sql.Literal(max(of, 1)))
        for name, of in (
            ("at_run", sizes["runs"]),
            ("at_session", sizes["sessions"]),
            ("at_browser", sizes["browsers"]),
        )
    }
    values = {name: sql.Literal(size) for name, size in sizes.items()}
    with psycopg.connect(libpq(database_url)) as writing:
        writing.execute("SET LOCAL session_replication_role = replica")  # no look-ups
        for statement in _MADE:
            writing.execute(sql.SQL(statement).format(**values, **at))
