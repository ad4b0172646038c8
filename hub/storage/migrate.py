"""Bringing the tables to the newest revision. Only commands do it, so only they load Alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine, text

from hub.storage import audit
from hub.storage.audit import Actor
from hub.storage.db import NEWEST_REVISION, address

_MIGRATIONS = Path(__file__).parent / "migrations"
_UPGRADE_LOCK = 7_213_904_655_118  # one number of ours among the server's advisory locks


def upgrade(url: str, *, actor: Actor | None = None) -> None:
    """Bring the tables to the newest revision; any number of processes may do it at once.

    Who does it by hand is noted with it (S9). Tables of a later version stay as they are (E15).
    """
    engine = create_engine(address(url), poolclass=NullPool)
    try:
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL timezone = 'UTC'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": _UPGRADE_LOCK})
            before = _revision(connection)
            if before is not None and before > NEWEST_REVISION:
                return
            command.upgrade(_configuration(connection), "head")
            after = _revision(connection)
            if actor is not None and before != after:
                what = {"before": before, "after": after}
                audit.add(
                    connection, actor, "hub db upgrade", what=what, before=before, after=after
                )
    finally:
        engine.dispose()


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
