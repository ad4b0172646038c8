"""The action `sql.query`: one question to a PostgreSQL database of the operator's (S13).

The text is the author's and fixed when the file is loaded; values go beside it, to the server's own
parameters. Each query has a session of its own: nothing that one sets is there for the next.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from json import dumps
from time import monotonic
from typing import Any, cast
from urllib.parse import unquote
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import URL

from hub.action import Attempt, action
from hub.connectors.connections import (
    CHECK_TIME,
    ConnectionSettings,
    ConnectionType,
    Connector,
    Field,
    configured,
)
from hub.connectors.http import excerpt
from hub.connectors.http.sockets import addresses_of
from hub.connectors.sql_rights import check_rights, excessive_rights
from hub.errors import Permanent, StepFailed, Transient
from hub.signature import Sql
from hub.storage import db
from hub.storage.unreachable import what_to_do
from hub.values import format_instant
from hub.values.sql_text import is_question, pieces

__all__ = ["Rows", "SqlClient", "query"]

LONGEST = timedelta(seconds=5)
MOST_ROWS = 1_000
LARGEST_RESULT = 1024 * 1024  # bytes, as JSON

_ADDRESS = re.compile(
    r"postgresql://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._%-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"/(?P<database>[^/?#]+)",
    re.ASCII,
)
_TLS = ("verify-full", "verify-ca", "require", "disable")
_BIGGEST_INTEGER = 2**63 - 1
_CANCELED = "57014"
_CLASSES: tuple[tuple[str, type[StepFailed], str], ...] = (
    ("25006", Permanent, "not_allowed"),  # it would write
    ("42501", Permanent, "unauthorized"),  # no right to it
    ("28", Permanent, "unauthorized"),  # user or password
    ("40", Transient, "unavailable"),  # deadlock
    ("53", Transient, "unavailable"),  # no room, no connection left
    ("55", Transient, "unavailable"),  # locks
    ("57", Transient, "unavailable"),  # it goes down
)

Session = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class Rows:
    """Each row is an object: column → value. `numeric` is text, an interval seconds."""

    rows: list[dict[str, Any]]
    count: int


POSTGRES = ConnectionType(
    name="postgres",
    title="PostgreSQL database of your own, with a role that cannot change its tables",
    actions=("sql.query",),
    credentials=(
        Field("username", "role, see docs/security.md"),
        Field("password", "password of that role", required=False),
    ),
    options=(
        Field(
            "sslmode",
            "verify-full (default), verify-ca, require, or disable",
            required=False,
        ),
        Field("ca_file", "PEM file of a private certificate authority", required=False),
    ),
    base_url=Field("base_url", "postgresql://host:5432/database"),
)


class SqlClient:
    """One database; without settings every use says what to set."""

    def __init__(self, settings: ConnectionSettings | None) -> None:
        self._settings = settings

    def query(
        self, statement: str, params: Mapping[str, Any], *, timeout: timedelta
    ) -> list[dict[str, Any]]:
        """The rows of a statement that changes nothing; raises `StepFailed`."""
        ends_at = monotonic() + min(timeout, LONGEST).total_seconds()
        settings = configured(self._settings, POSTGRES)
        ready, names = _bound(statement)
        values = _values(names, params)
        with _session(settings, ends_at) as session:
            check_rights(session, settings.name)
            return _rows(session, ready, values)

    def excessive_rights(self) -> list[str]:
        """What the role can do that it must not, for `hub doctor`; raises `StepFailed`."""
        settings = configured(self._settings, POSTGRES)
        with _session(settings, monotonic() + LONGEST.total_seconds()) as session:
            return excessive_rights(session)

    def check(self) -> str:
        """Whether the role gets in and can do no more than read; raises `StepFailed`."""
        settings = configured(self._settings, POSTGRES)
        with _session(settings, monotonic() + CHECK_TIME.total_seconds()) as session:
            check_rights(session, settings.name)
            version = session.info.parameter_status("server_version")
            return f"PostgreSQL {version} answers, and the role can read and nothing else"


CONNECTOR = Connector(POSTGRES, SqlClient, lambda settings, _: SqlClient(settings))


# ----------------------------------------------------------------------------------- the statement


def _bound(statement: str) -> tuple[str, frozenset[str]]:
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


def _values(names: frozenset[str], params: Mapping[str, Any]) -> dict[str, Any]:
    """Exactly the values that the statement names; raises `Permanent("invalid_input")`."""
    for what, wrong in (
        ("has no value for", names - set(params)),
        ("does not use", set(params) - names),
    ):
        if wrong:
            listed = ", ".join(sorted(wrong))[:100]
            raise Permanent("invalid_input", f"the query {what} {listed}: params name what it uses")
    return {name: Jsonb(each) if isinstance(each, dict) else each for name, each in params.items()}


# ------------------------------------------------------------------------------------- the session


@contextmanager
def _session(settings: ConnectionSettings, ends_at: float) -> Iterator[Session]:
    """A session that can only read and ends with the query, or at this monotonic second.

    The lookup, the way in, the look at the role, the query and its rows have that time together.
    """
    host, port, url = _address(settings)
    with _told(settings):
        session = _opened(host, port, url, ends_at)
        try:
            session.read_only = True
            yield session
        finally:
            session.close()


def _opened(host: str, port: int, url: URL, ends_at: float) -> Session:
    """At the first address of the host that takes us; raises as the last one that does not."""
    limits = {"statement_timeout": math.ceil(_left(ends_at) * 1000), "lock_timeout": 1000}
    url = url.update_query_dict(
        {"options": " ".join(f"-c {name}={value}" for name, value in limits.items())}
    )
    found: list[dict[str, str]] = [{}]  # a folder with the server's socket
    if not host.startswith("/"):
        found = [
            {"hostaddr": str(each)} for each in addresses_of(host, port, seconds=_left(ends_at))
        ]
    refused: Exception = psycopg.OperationalError("the name has no address")
    for each in found:
        there = url.update_query_dict(each).render_as_string(hide_password=False)
        try:
            return db.open_session(there, application="hub-sql-query", ends_at=ends_at)
        except (psycopg.OperationalError, TimeoutError) as problem:
            refused = problem
    raise refused


def _left(ends_at: float) -> float:
    """Seconds until then; raises `TimeoutError` when there are none."""
    left = ends_at - monotonic()
    if left <= 0:
        raise TimeoutError("the time of the query is over")
    return left


def _address(settings: ConnectionSettings) -> tuple[str, int, URL]:
    """Host, port and all that leads there; raises `Permanent("not_configured")`."""
    found = _ADDRESS.fullmatch(settings.base_url or "")
    mode = settings.options.get("sslmode", _TLS[0])
    if found is None or mode not in _TLS:
        raise Permanent(
            "not_configured",
            f"the connection {settings.name} of hub.yaml needs a base_url such as"
            " postgresql://db.example.com:5432/shop, without a user, and options.sslmode may be"
            f" {', '.join(_TLS)}",
        )
    host, port = unquote(found["host"]).strip("[]"), int(found["port"] or 5432)
    query = {"sslmode": mode, "sslrootcert": settings.options.get("ca_file") or "system"}
    if mode == "disable" or (mode == "require" and "ca_file" not in settings.options):
        del query["sslrootcert"]
    url = URL.create(
        "postgresql",
        username=settings.credentials["username"],
        password=settings.credentials.get("password") or None,
        port=port,
        database=unquote(found["database"]),
        query={**query, "host": host},
    )
    return host, port, url


def _rows(session: Session, statement: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
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


# ---------------------------------------------------------------------------------- what went wrong


@contextmanager
def _told(settings: ConnectionSettings) -> Iterator[None]:
    """Turn what the server and the driver say into the two kinds of failure."""
    try:
        yield
    except psycopg.Error as problem:
        raise _failure(problem, settings) from None  # its context holds the statement's values
    except UnicodeError:
        raise Permanent("invalid_input", f"{settings.name}: a value is no text") from None
    except TimeoutError:
        raise Transient("timeout", f"{settings.name}: no answer in time") from None


def _failure(problem: psycopg.Error, settings: ConnectionSettings) -> StepFailed:
    """Codes of PostgreSQL by class; of its message one line, without detail and context."""
    state = problem.sqlstate or ""
    if not state:
        return _unsaid(problem, settings)
    said = excerpt(problem.diag.message_primary or "", hidden=settings.credentials.values())
    if state == _CANCELED:
        return Transient("timeout", f"{settings.name}: the query took too long")
    for begins, kind, code in _CLASSES:
        if state.startswith(begins):
            return kind(code, f"{settings.name} refused it: {said}")
    return Permanent("rejected", f"{settings.name} refused the query: {said}")


def _unsaid(problem: psycopg.Error, settings: ConnectionSettings) -> StepFailed:
    """What the driver says by itself, without a word of the server."""
    if isinstance(problem, psycopg.DataError):
        return Permanent("invalid_input", f"{settings.name}: a value is of no type it can take")
    if isinstance(problem, psycopg.OperationalError):
        advice = what_to_do(str(problem))
        told = f"{settings.name}: the database cannot be reached"
        return Transient("unavailable", f"{told}; {advice}" if advice else told)
    return Permanent("rejected", f"{settings.name}: the query cannot be sent as it is")


@action(
    "sql.query",
    effect="read",
    example={"rows": [{"name": "Ada"}], "count": 1},
    errors=(
        "invalid_query",
        "not_allowed",
        "not_configured",
        "too_many_rows",
        "answer_too_large",
        "answer_unreadable",
    ),
    outward=True,
    timeout=LONGEST,
    literal_inputs=("query",),
)
def query(
    sql: SqlClient, attempt: Attempt, *, query: Sql, params: dict[str, Any] | None = None
) -> Rows:
    """Ask a PostgreSQL database; values stand in `params` and as `:name` in the query."""
    rows = sql.query(query, params or {}, timeout=attempt.timeout)
    return Rows(rows=rows, count=len(rows))
