"""The database's clock, moved: for stories of days in which runs go by it, as they do in earnest.

Statements of the hub ask `now()` and `clock_timestamp()` without a schema. Here those of a schema
of our own are found first; they give the time of the server, moved by what a row says.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import Engine, create_engine, make_url, text

from hub.storage.db import address

_SET_UP = """
CREATE SCHEMA moved_clock;
CREATE TABLE moved_clock.moved (by interval NOT NULL);
INSERT INTO moved_clock.moved VALUES ('0');
CREATE FUNCTION moved_clock.now() RETURNS timestamptz STABLE LANGUAGE sql AS
    'SELECT pg_catalog.now() + by FROM moved_clock.moved';
CREATE FUNCTION moved_clock.clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE sql AS
    'SELECT pg_catalog.clock_timestamp() + by FROM moved_clock.moved';
"""


class DatabaseClock:
    """Moves the clock of one database, for connections that are opened from now on."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def set(self, now: datetime) -> None:
        """It is this late, and time goes on from there."""
        with self._engine.begin() as connection:
            connection.execute(
                text("UPDATE moved_clock.moved SET by = :now - pg_catalog.clock_timestamp()"),
                {"now": now},
            )

    def advance(self, by: timedelta) -> None:
        """It becomes so much later."""
        with self._engine.begin() as connection:
            connection.execute(text("UPDATE moved_clock.moved SET by = by + :by"), {"by": by})


@contextmanager
def database_clock(url: str) -> Iterator[DatabaseClock]:
    """The clock of this database while the context lasts; then it is the server's again."""
    name = make_url(url).database
    engine = create_engine(address(url))
    with engine.begin() as connection:
        connection.exec_driver_sql(_SET_UP)
        connection.exec_driver_sql(
            f'ALTER DATABASE "{name}" SET search_path = moved_clock, pg_catalog, public'
        )
    try:
        yield DatabaseClock(engine)
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql(f'ALTER DATABASE "{name}" RESET search_path')
            connection.exec_driver_sql("DROP SCHEMA moved_clock CASCADE")
        engine.dispose()
