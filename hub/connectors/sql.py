"""The action `sql.query`: one question to a PostgreSQL database of the operator's (S13).

The text is the author's and fixed when the file is loaded; values go beside it, to the server's own
parameters. Each query has a session of its own: nothing that one sets is there for the next.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any

import psycopg
from sqlalchemy import URL

from hub.action import Attempt, action
from hub.connectors.connections import (
    CHECK_TIME,
    ConnectionSettings,
    Connector,
    configured,
)
from hub.connectors.http.sockets import addresses_of
from hub.connectors.sql_failures import told
from hub.connectors.sql_rights import check_rights, excessive_rights
from hub.connectors.sql_rows import Session, bound, rows_of, values_of
from hub.connectors.sql_settings import POSTGRES, address_of
from hub.signature import Sql
from hub.storage import db

__all__ = ["Rows", "SqlClient", "query"]

LONGEST = timedelta(seconds=5)


@dataclass(frozen=True)
class Rows:
    """Each row is an object: column → value. `numeric` is text, an interval seconds."""

    rows: list[dict[str, Any]]
    count: int


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
        ready, names = bound(statement)
        values = values_of(names, params)
        with _session(settings, ends_at) as session:
            check_rights(session, settings.name)
            return rows_of(session, ready, values)

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


@contextmanager
def _session(settings: ConnectionSettings, ends_at: float) -> Iterator[Session]:
    """A session that can only read and ends with the query, or at this monotonic second.

    The lookup, the way in, the look at the role, the query and its rows have that time together.
    """
    host, port, url = address_of(settings)
    with told(settings):
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
