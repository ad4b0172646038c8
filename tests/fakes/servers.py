"""The suite's PostgreSQL and Redis: named by the environment, or the embedded ones."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from hub import embedded

TABLES = text("""
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
      AND NOT relispartition AND relname <> 'alembic_version'
""")


@dataclass(frozen=True)
class Servers:
    """Where the two servers of this session are. Neither holds anything that would be missed."""

    database_url: str
    redis_url: str


@contextlib.contextmanager
def open_servers(environment: Mapping[str, str]) -> Iterator[Servers]:
    """Servers named by HUB_TEST_DATABASE_URL and HUB_TEST_REDIS_URL, or embedded ones."""
    database_url = environment.get("HUB_TEST_DATABASE_URL")
    redis_url = environment.get("HUB_TEST_REDIS_URL")
    if database_url and redis_url:
        yield Servers(with_driver(database_url), redis_url)
        return
    state_dir = Path(tempfile.mkdtemp(prefix="hub-tests-"))
    try:
        with embedded.start(state_dir) as servers:
            yield Servers(servers.database_url, servers.redis_url)
    finally:
        shutil.rmtree(state_dir)


@contextlib.contextmanager
def new_database(server_url: str) -> Iterator[str]:
    """An empty database of its own on that server, dropped at the end."""
    name = f"hub_test_{secrets.token_hex(6)}"
    with _server(server_url) as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    try:
        url = make_url(server_url).set(database=name)
        yield url.render_as_string(hide_password=False)
    finally:
        with _server(server_url) as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


class Cleaner:
    """Empties all tables of one migrated database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with engine.connect() as connection:
            self._tables = connection.scalars(TABLES).all()

    def clean(self) -> None:
        """Delete all rows: a few milliseconds, where TRUNCATE takes tens of them.

        No trigger fires meanwhile: some rows are kept from everybody, some refer to each other.
        """
        if not self._tables:
            return
        deletes = [f'DELETE FROM "{table}"' for table in self._tables]  # noqa: S608 -- ours
        before = ["SET LOCAL lock_timeout = '10s'", "SET LOCAL session_replication_role = replica"]
        with self._engine.begin() as connection:
            connection.exec_driver_sql(";".join([*before, *deletes]))


@contextlib.contextmanager
def open_cleaner(database_url: str) -> Iterator[Cleaner]:
    """A cleaner with one connection that it keeps."""
    engine = create_engine(database_url, pool_size=1, max_overflow=0, pool_pre_ping=True)
    try:
        yield Cleaner(engine)
    finally:
        engine.dispose()


def with_driver(url: str) -> str:
    """The same URL with the hub's driver."""
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


@contextlib.contextmanager
def _server(server_url: str) -> Iterator[Connection]:
    engine = create_engine(server_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()
