"""Local actions done for real, on a database that nobody will miss.

A test's whole work is one transaction that is rolled back at its end; each action is a savepoint
inside it, so that a crash takes back exactly what it would take back.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, NestedTransaction, NullPool, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from hub.action import Action, Attempt, Clock, FormerSecrets
from hub.errors import Transient
from hub.storage import migrate
from hub.storage.db import address
from hub.testing.memory import RunId
from hub.values import reveal


@dataclass(frozen=True)
class StageClock:
    """The stage's clock, as actions ask for it."""

    tell: Callable[[], datetime]

    def now(self) -> datetime:
        """The present instant of the test."""
        return self.tell()


class _NoFormerSecrets:
    """In a test no secret is exchanged."""

    def former(self, value: str) -> str | None:  # noqa: ARG002 - as `FormerSecrets` wants it
        """There is none."""
        return None


@dataclass
class Database:
    """The database during one test; `connectors` are those whose actions are done on it."""

    connection: Connection
    connectors: frozenset[str]
    clock: StageClock
    secret: Callable[[str], str]
    _open: NestedTransaction | None = field(default=None, init=False)

    def does(self, action: Action) -> bool:
        """Whether the test wants this action done for real."""
        return not action.outward and action.name.partition(".")[0] in self.connectors

    def call(self, action: Action, inputs: Mapping[str, Any], attempt: Attempt) -> Any:
        """Do it inside a savepoint, which stays open; raises what the action raises."""
        self.undo()
        self._open = self.connection.begin_nested()
        services = {
            Connection: self.connection,
            Clock: self.clock,
            Attempt: attempt,
            FormerSecrets: _NoFormerSecrets(),
        }
        try:
            return action.call(services, reveal(dict(inputs), self.secret))
        except DBAPIError as problem:
            said = str(problem.orig).partition("\n")[0]
            raise Transient("internal", f"the database refused it: {said}") from problem

    def keep(self) -> None:
        """The effect of the last action stays."""
        done, self._open = self._open, None
        if done is not None:
            self.connection.execute(_CHECK_ALL)
            done.commit()

    def undo(self) -> None:
        """The effect of the last action is taken back, unless it was kept."""
        done, self._open = self._open, None
        if done is not None:
            done.rollback()

    def look(self, action: Action, inputs: Mapping[str, Any]) -> Any:
        """What a reading action gives."""
        try:
            return self.call(action, inputs, _attempt("look"))
        finally:
            self.undo()

    def do_before(self, actions: Mapping[str, Action], given: Iterable[tuple[str, Any]]) -> None:
        """What the test begins with; raises what an action raises."""
        for place, (name, inputs) in enumerate(given):
            self.call(actions[name], inputs, _attempt(f"given/{place}"))
            self.keep()


_CHECK_ALL = text("SET CONSTRAINTS ALL IMMEDIATE")


def _attempt(key: str) -> Attempt:
    return Attempt(run_id=RunId(0), workflow="given", key=key, mode="live")


@contextmanager
def for_one_test(
    engine: Engine,
    connectors: Iterable[str],
    now: Callable[[], datetime],
    secret: Callable[[str], str],
) -> Iterator[Database]:
    """The database without rows; whatever is done in it is gone afterwards.

    `secret` gives the value of a secret in tests.
    """
    with engine.connect() as connection:
        try:
            yield Database(connection, frozenset(connectors), StageClock(now), secret)
        finally:
            connection.rollback()


@contextmanager
def throwaway(server_url: str) -> Iterator[Engine]:
    """A new database with the hub's tables on that server, dropped at the end."""
    name = f"hub_test_{secrets.token_hex(6)}"
    server = create_engine(address(server_url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    url = make_url(server_url).set(database=name).render_as_string(hide_password=False)
    engine = create_engine(address(url), pool_size=1, max_overflow=0)
    try:
        migrate.upgrade(url)
        yield engine
    finally:
        engine.dispose()
        with server.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        server.dispose()
