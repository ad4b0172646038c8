"""What must be right before a process starts: checked by it, and before it by the command."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Literal

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from hub.bootstrap.project import config_values
from hub.bootstrap.secrets import Seal
from hub.config import Settings
from hub.engine.settings import ProjectSettings
from hub.errors import Misconfigured
from hub.queue import Doorbell
from hub.storage import db

log = logging.getLogger(__name__)

Role = Literal["web", "worker", "browser", "command"]
SIDE_BY_SIDE = 8
_OF_THE_CONSOLE = 3
_STATEMENTS_OF_PAGES = timedelta(seconds=3)
_PAGES_WAIT = timedelta(seconds=4)
_WEB_WAITS = timedelta(seconds=1.2)  # a frozen database must be a 503 within 2 s (I11)


def check_values(settings: Settings, project: ProjectSettings) -> None:
    """Raise `Misconfigured` for what `open_hub` would refuse without having asked a server."""
    Seal(settings.encryption_key)
    config_values(project, settings.environment)
    if settings.database_url:
        db.address(settings.database_url)
    if settings.redis_url:
        Doorbell(settings.redis_url).close()


def check_server(settings: Settings) -> None:
    """Raise `Misconfigured` for a database that `open_hub` would refuse.

    One that cannot be reached now is no fault: web and worker wait for it.
    """
    database = open_database(settings, "command")
    try:
        check_database(database, allow_unsafe=settings.allows_unsafe_durability)
    except SQLAlchemyError as problem:
        log.info("the database cannot be reached yet: %s", type(problem).__name__)
    finally:
        database.dispose()


def open_database(settings: Settings, role: Role) -> Engine:
    """The connections of one process; raises `Misconfigured` when none are named."""
    if not settings.database_url:
        raise Misconfigured("Set HUB_DATABASE_URL, or use `hub dev`, which starts its own servers")
    return db.open_engine(
        settings.database_url,
        pool_size=_pool_size(settings, role),
        application=f"hub-{role}",
        answer_within=_WEB_WAITS if role == "web" else db.ANSWER_WITHIN,
    )


def open_console_database(settings: Settings) -> Engine:
    """The connections of the console: few of its own, so that no page keeps a webhook waiting."""
    return db.open_engine(
        settings.database_url,
        pool_size=_OF_THE_CONSOLE,
        application="hub-console",
        answer_within=_PAGES_WAIT,
        statement_timeout=_STATEMENTS_OF_PAGES,
    )


def check_database(database: Engine, *, allow_unsafe: bool) -> None:
    """Raise `Misconfigured` for a database that the hub must not work with."""
    db.check_version(database)
    db.check_durability(database, allow_unsafe=allow_unsafe)
    if not db.is_usable(database):
        raise Misconfigured("The tables are older than this version: run `hub db upgrade`")


def _pool_size(settings: Settings, role: Role) -> int:
    """A worker's threads have one connection each, and claiming, leases and rounds have theirs."""
    sizes: dict[Role, int] = {
        "web": settings.web_connections,
        "worker": settings.worker_runs + SIDE_BY_SIDE + 3,
        "browser": settings.browser_seats + 2,
        "command": 2,
    }
    return sizes[role]
