"""A question with its values beside it, and the rows that answer it as JSON (S13)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from json import dumps
from typing import Any, cast
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from hub.errors import Permanent
from hub.values import format_instant
from hub.values.sql_text import is_question, pieces

MOST_ROWS = 1_000
LARGEST_RESULT = 1024 * 1024  # bytes, as JSON
_BIGGEST_INTEGER = 2**63 - 1

Session = psycopg.Connection[tuple[Any, ...]]


def bound(statement: str) -> tuple[str, frozenset[str]]:
    """The statement as the driver wants it, and the names of its parameters (`:name`).

    Only questions are sent: the session is read-only, but `SET`, `COPY` or `DO` are not even tried.
    """
    if not is_question(statement):
        raise Permanent("invalid_query", "a query begins with SELECT, WITH, VALUES or TABLE")
    ready, names = [], set()
    for piece in pieces(statement):
        if piece.kind == "parameter":
            names.add(piece.text[1:])
            ready.append(f"%({piece.text[1:]})s")
        else:
            ready.append(piece.text.replace("%", "%%"))
    return "".join(ready), frozenset(names)


def values_of(names: frozenset[str], params: Mapping[str, Any]) -> dict[str, Any]:
    """Exactly the values that the statement names; raises `Permanent("invalid_input")`."""
    for what, wrong in (
        ("has no value for", names - set(params)),
        ("does not use", set(params) - names),
    ):
        if wrong:
            listed = ", ".join(sorted(wrong))[:100]
            raise Permanent("invalid_input", f"the query {what} {listed}: params name what it uses")
    return {name: Jsonb(each) if isinstance(each, dict) else each for name, each in params.items()}


def rows_of(session: Session, statement: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Row by row, so that what is too much is never held; the extended protocol: one statement."""
    rows: list[dict[str, Any]] = []
    size = 0
    with session.cursor() as cursor:
        for row in cursor.stream(cast("Any", statement), values):
            if len(rows) == MOST_ROWS:
                raise Permanent(
                    "too_many_rows", f"more than {MOST_ROWS:,} rows: give the query a LIMIT"
                )
            names = [column.name for column in cursor.description or ()]
            if len(set(names)) != len(names):
                raise Permanent("invalid_query", "two columns have one name: write `AS`")
            rows.append({name: _plain(value, name) for name, value in zip(names, row, strict=True)})
            size += len(dumps(rows[-1], ensure_ascii=False).encode(errors="replace"))
            if size > LARGEST_RESULT:
                raise Permanent("answer_too_large", "the rows are larger than 1 MiB together")
    return rows


def _plain(value: Any, column: str) -> Any:
    """The JSON value of a cell; raises `Permanent("answer_unreadable")` for a type without one."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _BIGGEST_INTEGER else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, list):
        return [_plain(each, column) for each in value]
    if isinstance(value, dict):
        return {str(key): _plain(each, column) for key, each in value.items()}
    for kind, written in _WRITTEN.items():
        if isinstance(value, kind):
            return written(value)
    raise Permanent(
        "answer_unreadable", f"the column {column[:60]} has a type that JSON has no word for: cast"
    )


_WRITTEN: Mapping[type, Any] = {
    Decimal: str,
    UUID: str,
    datetime: lambda each: format_instant(each) if each.tzinfo else each.isoformat(),
    date: date.isoformat,
    time: time.isoformat,
    timedelta: timedelta.total_seconds,
}
