"""Bringing the tables to the newest revision. Only commands do it, so only they load Alembic.

Web and workers of the version before go on meanwhile (E15). All revisions are one transaction; it
has its locks for a moment only, as indexes on tables that may be large are built before it, while
others write. Whoever is killed in any place does it again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from time import monotonic

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from hub.errors import NotPossible
from hub.storage import audit
from hub.storage.audit import Actor
from hub.storage.db import NEWEST_REVISION, address, at_once, is_busy

_MIGRATIONS = Path(__file__).parent / "migrations"
_UPGRADE_LOCK = 7_213_904_655_118  # one number of ours among the server's advisory locks
_TRY_FOR = timedelta(minutes=5)  # to lock tables that others have
_AGAIN_AFTER = 0.2  # seconds
_UNHURRIED = "SET lock_timeout = 0; SET statement_timeout = 0"  # a role may say otherwise
# Whoever writes waits behind us when we wait for a lock: shorter than a caller does (I11). And who
# is frozen while it has the lock loses it (E4).
_BRIEF = """
SET LOCAL timezone = 'UTC';
SET LOCAL lock_timeout = '1s';
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = '10s'
"""
# Whoever changes anything of a run begins with the run's row. Unless all of those are waited for
# first, one may wait for our lock on `runs` while we wait for its lock on the next table (E15).
_BE_ALONE = "LOCK TABLE runs IN EXCLUSIVE MODE"
_IS_VALID = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
_IS_THERE = text("SELECT to_regclass(:name) IS NOT NULL")

_log = logging.getLogger(__name__)


def upgrade(url: str, *, actor: Actor | None = None) -> None:
    """Bring the tables to the newest revision; any number of processes may do it at once.

    Who does it by hand is noted with it (S9). Tables of a later version stay as they are (E15).
    Raises `NotPossible` when others have a table locked for five minutes.
    """
    engine = create_engine(address(url), poolclass=NullPool)
    try:
        with _alone(engine) as connection:
            before = _revision(connection)
            if before is not None and before > NEWEST_REVISION:
                return
            if before is not None:
                _build_indexes(connection, before)
            _wait_for_locks(engine, actor)
    finally:
        engine.dispose()


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """A connection on which each statement is a transaction of its own, for one process at a time.

    Others ask again and again: an index that is built concurrently waits for every statement that
    is under way, so one that waited for us would wait for ever.
    """
    with at_once(engine) as connection:
        connection.exec_driver_sql(_UNHURRIED)
        ask = text("SELECT pg_try_advisory_lock(:id)")
        is_told = False
        while not connection.execute(ask, {"id": _UPGRADE_LOCK}).scalar_one():
            if not is_told:
                _log.warning("another process changes the tables: waiting for it")
            is_told = True
            threading.Event().wait(_AGAIN_AFTER)
        yield connection  # its end frees the lock


def _build_indexes(connection: Connection, before: str) -> None:
    """Build what the coming revisions name as INDEXES, on tables that are there, beside writers.

    What an interrupted try left behind is not valid and goes first. A table that a coming revision
    makes is empty: that revision itself makes its indexes.
    """
    script = ScriptDirectory.from_config(_configuration())
    coming = reversed(list(script.iterate_revisions("head", before)))
    wanted = [item for each in coming for item in getattr(each.module, "INDEXES", {}).items()]
    for name, place in wanted:
        if not connection.execute(_IS_THERE, {"name": place.partition(" ")[0]}).scalar_one():
            continue
        is_valid = connection.execute(_IS_VALID, {"name": name}).scalar()
        if is_valid is False:
            connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY {name}")
        if not is_valid:
            connection.exec_driver_sql(f"CREATE INDEX CONCURRENTLY {name} ON {place}")


def _wait_for_locks(engine: Engine, actor: Actor | None) -> None:
    """Revise; when somebody has a table, let those behind us pass and try again."""
    ends_at = monotonic() + _TRY_FOR.total_seconds()
    while True:
        try:
            return _revise(engine, actor)
        except DBAPIError as problem:
            if not is_busy(problem):
                raise
            if monotonic() > ends_at:
                raise NotPossible(
                    f"others had the tables locked for {_TRY_FOR}: find them in pg_stat_activity,"
                    " then do it again; nothing was changed"
                ) from problem
        threading.Event().wait(_AGAIN_AFTER)


def _revise(engine: Engine, actor: Actor | None) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(_BRIEF)
        before = _revision(connection)
        if before not in (None, NEWEST_REVISION):
            connection.exec_driver_sql(_BE_ALONE)
        command.upgrade(_configuration(connection), "head")
        after = _revision(connection)
        if actor is not None and before != after:
            what = {"before": before, "after": after}
            audit.add(connection, actor, "hub db upgrade", what=what, before=before, after=after)


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str | None:
    """The head of the migrations."""
    return ScriptDirectory.from_config(_configuration()).get_current_head()


def _configuration(connection: Connection | None = None) -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(_MIGRATIONS))
    configuration.attributes["connection"] = connection
    return configuration
