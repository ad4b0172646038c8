"""Opening the database: connections that cannot hang, questions to the server."""

from __future__ import annotations

import json
import logging
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from math import inf
from time import monotonic
from typing import Any, Self, TypeVar, cast

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.waiting import wait_conn
from sqlalchemy import (
    URL,
    Connection,
    DateTime,
    Engine,
    create_engine,
    func,
    select,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from hub.errors import Misconfigured
from hub.storage.pool import FairPool

OLDEST_SERVER = 150000  # PostgreSQL 15, as `server_version_num`
STATEMENT_TIMEOUT = timedelta(seconds=10)
IDLE_TIMEOUT = timedelta(seconds=10)  # a frozen worker's locks are broken, not waited for (E4)
LOCK_TIMEOUT = timedelta(seconds=5)
CONNECT_TIMEOUT = timedelta(seconds=2)
POOL_TIMEOUT = timedelta(seconds=1)
LOOK_FOR_CLIENT = timedelta(seconds=1)
ANSWER_WITHIN = timedelta(seconds=12)  # more than any statement may take
_LOOK_EVERY = 0.1  # seconds, at the clock of a session that ends at a fixed second

NEWEST_REVISION = "0018"  # of migrations/versions; `hub.storage.migrate` is held to it by a test
_KEEPALIVES = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,
}

_NOW = select(func.clock_timestamp(type_=DateTime(timezone=True)))

_LIMIT = text("SELECT set_config('statement_timeout', :limit, true)")
_BUSY = ("40001", "40P01", "55P03", "57014")  # serialization, deadlock, lock, statement

_log = logging.getLogger(__name__)
_Answer = TypeVar("_Answer")


class _ImpatientConnection(psycopg.Connection[Any]):
    """A connection that gives up on a server which does not answer.

    The server's own timeouts end a slow statement, but a frozen server or a cut link ends nothing.
    """

    answer_within: float = ANSWER_WITHIN.total_seconds()

    def set_autocommit(self, value: bool) -> None:  # noqa: FBT001 - as the driver calls it
        """The same; between transactions there is nothing to ask and to wait for."""
        if self._is_at_rest:
            self._autocommit = value
        else:
            super().set_autocommit(value)

    def rollback(self) -> None:
        """The same; nothing where nothing is open, as whenever the pool gets it back."""
        if not self._is_at_rest:
            super().rollback()

    @property
    def _is_at_rest(self) -> bool:
        is_idle = self.pgconn.transaction_status == TransactionStatus.IDLE
        return is_idle and self._pipeline is None and not self._num_transactions and not self._tpc

    def wait(self, gen: Generator[Any, Any, _Answer], *args: Any, **options: Any) -> _Answer:
        return super().wait(self._until_deadline(gen), *args, **options)

    def _until_deadline(
        self, answers: Generator[Any, Any, _Answer]
    ) -> Generator[Any, Any, _Answer]:
        deadline = monotonic() + self.answer_within
        try:
            wanted = next(answers)
            while True:
                ready = yield wanted
                if not ready and monotonic() > deadline:
                    self.pgconn.finish()  # its state is unknown: nobody may use it again
                    raise psycopg.OperationalError(
                        f"the database did not answer within {self.answer_within:g} s"
                    )
                wanted = answers.send(ready)
        except StopIteration as end:
            answer: _Answer = end.value
            return answer


class _BriefConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection that is over at a fixed second, whatever its server says until then, or how."""

    ends_at: float = inf

    @classmethod
    def opened(cls, conninfo: str, ends_at: float) -> Self:
        connected_by = min(ends_at, monotonic() + CONNECT_TIMEOUT.total_seconds())
        coming = _in_time(cls._connect_gen(conninfo), connected_by)
        connection = wait_conn(coming, interval=_LOOK_EVERY)
        connection.ends_at = ends_at
        return connection

    def wait(self, gen: Generator[Any, Any, _Answer], *args: Any, **options: Any) -> _Answer:
        try:
            return super().wait(_in_time(gen, self.ends_at), *args, **options)
        except TimeoutError:
            self.pgconn.finish()  # its state is unknown: nobody may use it again
            raise


def _in_time(answers: Generator[Any, Any, _Answer], ends_at: float) -> Generator[Any, Any, _Answer]:
    """The same answers; raises `TimeoutError` for those that come later."""
    try:
        ready = None
        while monotonic() < ends_at:
            ready = yield answers.send(ready)
    except StopIteration as end:
        answer: _Answer = end.value
        return answer
    raise TimeoutError("the time of the session is over")


def open_session(
    url: str, *, application: str, ends_at: float
) -> psycopg.Connection[tuple[Any, ...]]:
    """A session with a database, of which nothing is waited for behind this monotonic second.

    A name in the URL needs its `hostaddr`: the driver's own lookup knows no deadline. Raises
    psycopg's errors; so does every use of the session, and all of them `TimeoutError`.
    """
    return _BriefConnection.opened(_conninfo(address(url), application, may_write=True), ends_at)


def open_engine(
    url: str,
    *,
    pool_size: int,
    application: str,
    answer_within: timedelta = ANSWER_WITHIN,
    statement_timeout: timedelta = STATEMENT_TIMEOUT,
    may_write: bool = True,
) -> Engine:
    """A pool of at most `pool_size` connections; nothing is connected yet.

    A database that is down, full of waiters or frozen becomes an `OperationalError` or a pool
    `TimeoutError`, never a hang: 2 s to connect, 1 s to get a connection, `answer_within` for each
    answer, of which the server works for `statement_timeout` at most. Unless it `may_write` the
    server refuses every change. Raises `Misconfigured` when the URL is not PostgreSQL's.
    """
    found = address(url)
    return create_engine(
        found,
        creator=partial(
            _connect,
            _conninfo(found, application, may_write=may_write, within=statement_timeout),
            answer_within.total_seconds(),
        ),
        poolclass=FairPool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT.total_seconds(),
        pool_use_lifo=True,
        hide_parameters=True,  # payloads do not belong into logs
        json_serializer=partial(json.dumps, ensure_ascii=False, separators=(",", ":")),
    )


@contextmanager
def at_once(engine: Engine) -> Iterator[Connection]:
    """A connection on which each statement is a transaction of its own.

    Also for questions: a transaction that is rolled back makes psycopg forget what it prepared.
    """
    with engine.connect() as connection:
        driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
        driver.autocommit = True  # SQLAlchemy's own switch asks for more than once
        try:
            yield connection
            driver.autocommit = False
        except BaseException:
            connection.invalidate()  # whatever state it is in, nobody gets it like this
            raise


@contextmanager
def taking_up_to(connection: Connection, most: timedelta) -> Iterator[None]:
    """What is asked here may take so long, on the server and for us; in a transaction.

    Only for what nobody waits for.
    """
    driver = cast("_ImpatientConnection", connection.connection.driver_connection)
    limit = f"{_milliseconds(most)}ms"
    connection.execute(_LIMIT, {"limit": limit})
    driver.answer_within += most.total_seconds()
    try:
        yield
    finally:
        driver.answer_within -= most.total_seconds()


def _connect(conninfo: str, answer_within: float) -> psycopg.Connection[Any]:
    connection = _ImpatientConnection.connect(conninfo)
    connection.answer_within = answer_within
    return connection


def address(url: str) -> URL:
    """The same address with our driver; raises `Misconfigured` when it is not PostgreSQL's."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise Misconfigured(
            "Set HUB_DATABASE_URL to a URL such as postgresql://user@127.0.0.1:5432/hub"
        ) from None
    if parsed.get_backend_name() not in {"postgresql", "postgres"}:
        raise Misconfigured("HUB_DATABASE_URL must start with postgresql://")
    return parsed.set(drivername="postgresql+psycopg")


def _conninfo(
    address: URL, application: str, *, may_write: bool, within: timedelta = STATEMENT_TIMEOUT
) -> str:
    """What the operator wrote in the URL wins over our settings."""
    _, given = address.get_dialect()().create_connect_args(address)
    read_only = "" if may_write else "-c default_transaction_read_only=on"
    options = (_session_options(within), given.get("options", ""), read_only)
    settings = {
        **_KEEPALIVES,
        "connect_timeout": int(CONNECT_TIMEOUT.total_seconds()),
        "application_name": application,
        **given,
        "options": " ".join(filter(None, options)),
    }
    return make_conninfo("", **settings)


def _session_options(within: timedelta) -> str:
    settings = {
        "timezone": "UTC",
        "statement_timeout": _milliseconds(within),
        "idle_in_transaction_session_timeout": _milliseconds(IDLE_TIMEOUT),
        "lock_timeout": _milliseconds(LOCK_TIMEOUT),
        # What nobody waits for any more ends: else sessions pile up while the database hangs (I11).
        "client_connection_check_interval": _milliseconds(LOOK_FOR_CLIENT),
    }
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


def _milliseconds(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)


def is_busy(problem: DBAPIError) -> bool:
    """Whether the database refused for others' locks: what was asked may be asked again."""
    return getattr(problem.orig, "sqlstate", None) in _BUSY


class DatabaseClock:
    """The database's clock (UTC): the one all hosts agree on, however wrong their own are (E13)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def now(self) -> datetime:
        """The present instant, also late in a long transaction."""
        return self._connection.scalars(_NOW).one()


# ------------------------------------------------------------------------------------- the tables


def revision(engine: Engine) -> str | None:
    """The revision the tables are at; nothing in an empty database."""
    with at_once(engine) as connection:
        if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar() is None:
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def is_usable(engine: Engine) -> bool:
    """Whether this code works on the tables: they are its own, or those of a later version.

    Revisions only add, so an old process lives, and may start again, while others are upgraded
    (E15).
    """
    found = revision(engine)
    return found is not None and found >= NEWEST_REVISION


# ------------------------------------------------------------------------------------- the server


def check_version(engine: Engine) -> None:
    """Raise `Misconfigured` for a server older than PostgreSQL 15."""
    found = _setting(engine, "server_version_num")
    if int(found) < OLDEST_SERVER:
        raise Misconfigured(
            "The database must be PostgreSQL 15 or later; HUB_DATABASE_URL names version "
            f"{_setting(engine, 'server_version')}"
        )


def check_durability(engine: Engine, *, allow_unsafe: bool) -> None:
    """Raise `Misconfigured` when a commit may be lost by the server (I2); only warn when allowed.

    A setting of the role or the database counts: the session is asked, not the configuration file.
    """
    unsafe = [name for name in ("fsync", "synchronous_commit") if _setting(engine, name) == "off"]
    if not unsafe:
        return
    what = f"PostgreSQL runs with {' and '.join(f'{name} = off' for name in unsafe)}"
    if not allow_unsafe:
        raise Misconfigured(
            f"{what}: an accepted webhook could be lost. Set it to on,"
            " or HUB_UNSAFE_DURABILITY=1 to start all the same"
        )
    _log.warning("%s: accepted webhooks may be lost (HUB_UNSAFE_DURABILITY=1)", what)


def _setting(engine: Engine, name: str) -> str:
    with at_once(engine) as connection:
        return str(
            connection.execute(text("SELECT current_setting(:name)"), {"name": name}).scalar_one()
        )
