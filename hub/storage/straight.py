"""The short way to the database: a connection of the pool and its driver, nothing between them.

For the few statements that every request makes. What goes wrong is told as SQLAlchemy tells it:
who catches it need not know which way was taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import Engine, PoolProxiedConnection
from sqlalchemy.exc import DBAPIError

from hub.storage.hand import Rows, hand_of
from hub.storage.statement import Statement


class Straight:
    """A connection on which each statement is a transaction of its own."""

    def __init__(self, engine: Engine, link: PoolProxiedConnection) -> None:
        self._dialect = engine.dialect
        self._link = link

    def first(self, statement: Statement, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """The first row that a statement gives; raises `DBAPIError`."""
        return self.all(statement, values).first()

    def all(self, statement: Statement, values: Mapping[str, Any]) -> Rows:
        """All rows that a statement gives; raises `DBAPIError`."""
        hand: Any = hand_of(self._link)
        try:
            self._dialect.do_execute(hand, statement.sql, cast("Any", values))
        except self._dialect.loaded_dbapi.Error as problem:
            is_lost = self._dialect.is_disconnect(problem, hand.connection, None)
            raise _told(self._dialect.loaded_dbapi.Error, problem, is_lost=is_lost) from problem
        return cast("Rows", hand.rows)


@contextmanager
def straight_at_once(engine: Engine) -> Iterator[Straight]:
    """A connection without SQLAlchemy's layers; raises as `engine.connect` does."""
    try:
        link = engine.raw_connection()
    except engine.dialect.loaded_dbapi.Error as problem:
        raise _told(engine.dialect.loaded_dbapi.Error, problem, is_lost=False) from problem
    driver: Any = link.driver_connection
    try:
        driver.autocommit = True
        yield Straight(engine, link)
        driver.autocommit = False
    except BaseException:
        link.invalidate()  # whatever state it is in, nobody gets it like this
        raise
    link.close()


def _told(base: type[Exception], problem: Exception, *, is_lost: bool) -> DBAPIError:
    return cast(
        "DBAPIError",
        DBAPIError.instance(
            None, None, problem, base, hide_parameters=True, connection_invalidated=is_lost
        ),
    )
