"""Supabase, and every other PostgREST: `supabase.select`, `supabase.insert`, `supabase.upsert`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.action import Attempt, action
from hub.connectors.connections import (
    CHECK_TIME,
    ConnectionSettings,
    ConnectionType,
    Connector,
    Field,
    configured,
)
from hub.connectors.http import Http, HttpAnswer
from hub.errors import Permanent, Transient

__all__ = ["SupabaseClient", "insert", "select", "upsert"]

_MOST_ROWS = 1000
# A word of PostgREST's own grammar would change the question: `or`, `select`, `order`, `limit` …
_RESERVED = frozenset({"and", "columns", "limit", "offset", "on_conflict", "or", "order", "select"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")

SUPABASE = ConnectionType(
    name="supabase",
    title="Supabase project, or another PostgREST",
    actions=("supabase.select", "supabase.insert", "supabase.upsert"),
    credentials=(Field("key", "service key (sb_secret_… or a JWT); it passes row level security"),),
    base_url=Field("base_url", "https://PROJECT.supabase.co/rest/v1"),
)


class SupabaseClient:
    """One project; without settings every use says what to set."""

    def __init__(self, settings: ConnectionSettings | None, http: Http) -> None:
        self._settings = settings
        self._http = http

    def select(self, table: str, query: Mapping[str, str], attempt: Attempt) -> list[Any]:
        """The rows; raises `StepFailed`."""
        return _rows(self._send("GET", table, attempt, query=query))

    def write(
        self, table: str, row: Mapping[str, Any], attempt: Attempt, *, on: list[str] | None = None
    ) -> dict[str, Any]:
        """The row as it stands then; `on`: the columns of a unique rule. Raises `StepFailed`."""
        prefer = ["return=representation", *(["resolution=merge-duplicates"] if on else [])]
        query = {"on_conflict": ",".join(map(_column, on))} if on else {}
        answer = self._send(
            "POST", table, attempt, query=query, json=[dict(row)], prefer=",".join(prefer)
        )
        rows = _rows(answer)
        if len(rows) != 1 or not isinstance(rows[0], dict):
            raise _strange()
        return rows[0]

    def check(self) -> str:
        """Whether the address is a PostgREST that takes the key; raises `StepFailed`."""
        answer = self._send("GET", "")
        said = answer.json if isinstance(answer.json, dict) else {}
        tables = said.get("definitions")
        if not isinstance(tables, dict):
            raise Permanent("rejected", "the address answers, but not as PostgREST: see base_url")
        return f"the key is taken; {len(tables)} tables and views can be reached"

    def _send(  # noqa: PLR0917 - what a request has
        self,
        method: str,
        table: str,
        attempt: Attempt | None = None,
        query: Mapping[str, str] | None = None,
        json: Any = None,
        prefer: str | None = None,
    ) -> HttpAnswer:
        settings = configured(self._settings, SUPABASE)
        key = settings.credentials["key"]
        headers = {"apikey": key, "Authorization": f"Bearer {key}", "Accept": "application/json"}
        if table and _NAME.fullmatch(table) is None:
            raise Permanent("invalid_input", f"{table[:40]!r} is not the name of a table")
        return self._http.request(
            method,
            f"{str(settings.base_url).rstrip('/')}/{table}",
            headers={**headers, "Prefer": prefer} if prefer else headers,
            query=query,
            json=json,
            timeout=attempt.timeout if attempt else CHECK_TIME,
        )


CONNECTOR = Connector(SUPABASE, SupabaseClient, SupabaseClient)


def _rows(answer: HttpAnswer) -> list[Any]:
    if not isinstance(answer.json, list):
        raise _strange()
    return answer.json


def _strange() -> Transient:
    return Transient("unavailable", "the answer is not that of a PostgREST", maybe_done=True)


def _column(name: str) -> str:
    if _NAME.fullmatch(name) is None or name in _RESERVED:
        raise Permanent("invalid_input", f"{name[:40]!r} cannot be the name of a column here")
    return name


def _equals(value: Any) -> str:
    """A value as a filter says it: everything after `eq.` is the value, whatever it holds."""
    if value is None:
        return "is.null"
    if isinstance(value, bool):
        return "is.true" if value else "is.false"
    if isinstance(value, str | int | float):
        return f"eq.{value}"
    raise Permanent("invalid_input", "where: a value is a text, a number, a boolean or null")


@dataclass(frozen=True)
class Rows:
    """At most 1,000 rows, each an object: column → value."""

    rows: list[dict[str, Any]]
    count: int


@dataclass(frozen=True)
class Row:
    """The row as it stands in the table."""

    row: dict[str, Any]


_ERRORS = ("not_found", "conflict", "not_configured", "address_not_allowed")


@action(
    "supabase.select",
    effect="read",
    example={"rows": [{"name": "Ada"}], "count": 1},
    errors=_ERRORS,
    outward=True,
)
def select(
    supabase: SupabaseClient,
    attempt: Attempt,
    *,
    table: str,
    where: dict[str, Any] | None = None,
    columns: list[str] | None = None,
    most: int | None = None,
) -> Rows:
    """Read the rows of a table whose columns have these values."""
    wanted = _MOST_ROWS if most is None else most
    if not 1 <= wanted <= _MOST_ROWS:
        raise Permanent("invalid_input", f"most is from 1 to {_MOST_ROWS:,}")
    query = {_column(name): _equals(value) for name, value in (where or {}).items()}
    query["select"] = ",".join(map(_column, columns)) if columns else "*"
    rows = supabase.select(table, {**query, "limit": str(wanted)}, attempt)
    return Rows(rows, len(rows))


@action(
    "supabase.insert",
    effect="once",
    example={"row": {"id": 1, "name": "Ada"}},
    errors=_ERRORS,
    outward=True,
)
def insert(supabase: SupabaseClient, attempt: Attempt, *, table: str, row: dict[str, Any]) -> Row:
    """Add a row."""
    return Row(supabase.write(table, row, attempt))


@action(
    "supabase.upsert",
    effect="idempotent",
    example={"row": {"id": 1, "name": "Ada"}},
    errors=_ERRORS,
    outward=True,
)
def upsert(
    supabase: SupabaseClient,
    attempt: Attempt,
    *,
    table: str,
    row: dict[str, Any],
    on_conflict: list[str],
) -> Row:
    """Change the row whose `on_conflict` columns have these values, or add it."""
    if not on_conflict or not set(on_conflict) <= set(row):
        raise Permanent("invalid_input", "on_conflict names columns of the row, at least one")
    return Row(supabase.write(table, row, attempt, on=on_conflict))
