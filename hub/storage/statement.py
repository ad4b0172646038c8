"""Statements of the hot path, handed to the driver as they are: no more is built for each of them.

What the library makes of a statement each time it is executed (its key in a cache, its context, its
result) costs three times what the driver does. Transactions, errors and links that broke stay the
library's: both kinds of statements share a connection and a transaction, and fail alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

import psycopg
from sqlalchemy import ClauseElement, Connection, Dialect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import NoResultFound
from sqlalchemy.sql.compiler import SQLCompiler

from hub.action import Clock
from hub.storage.db import DatabaseClock
from hub.storage.hand import Rows, Written, hand_of

_DIALECT: Dialect = cast("Any", make_url("postgresql+psycopg://").get_dialect())(
    paramstyle="numeric_dollar"
)


class Statement:
    """One statement with its named parameters (`:name`), written for the driver once."""

    def __init__(self, wanted: str | ClauseElement) -> None:
        clause = text(wanted) if isinstance(wanted, str) else wanted
        compiled = cast("SQLCompiler", clause.compile(dialect=_DIALECT))
        self.sql = Written(str(compiled), compiled.positiontup or ())

    def run(self, connection: Connection, values: Mapping[str, Any]) -> Rows:
        """Carry it out in the connection's transaction, which begins with it if none is open.

        Not for what is a transaction by itself (`at_once`): its crash points lie in the library.
        Raises the library's `DBAPIError`, and gives up a link that broke, as `execute` does. Nobody
        hears of it through the library's events.
        """
        if not connection.in_transaction():
            connection.begin()
        hand = hand_of(connection.connection)
        try:
            hand.execute(self.sql, values)
        except psycopg.Error as problem:
            connection._handle_dbapi_exception(problem, self.sql, None, None, None)  # noqa: SLF001 - it alone knows its pool
        return hand.rows


def one(rows: Rows) -> tuple[Any, ...]:
    """The row of a statement that always gives one; raises `NoResultFound`."""
    row = rows.first()
    if row is None:
        raise NoResultFound
    return row


def own_time(clock: Clock) -> datetime | None:
    """The instant for a row where another clock rules; none: the statement asks the database's."""
    return None if isinstance(clock, DatabaseClock) else clock.now()
