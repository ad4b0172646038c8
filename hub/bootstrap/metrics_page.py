"""The metrics page of one process: the files of the machine, and what is asked for the page.

The database is asked on a connection of its own, with little patience: a page without its figures
comes all the same.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from hub.ingest.openapi import installed_version
from hub.metrics import Figure, Keeper, page
from hub.metrics import catalogue as metrics
from hub.storage import db, gauges
from hub.storage.gauges import Gauges

if TYPE_CHECKING:
    from hub.bootstrap.hub import Hub
    from hub.config import Settings

_WITHIN = timedelta(seconds=1)  # for each question


@dataclass
class MetricsPage:
    """`opened` is the hub of this process, as soon as there is one."""

    settings: Settings
    keeper: Keeper
    opened: Hub | None = None

    def text(self) -> bytes:
        """The page as it is now; never raises for a server that is away."""
        return page(self.keeper, [*self._here(), *_of(self._asked())])

    def _asked(self) -> Gauges | None:
        """What the database says; None when it does not in time."""
        if not self.settings.database_url:
            return None
        try:
            with self._engine.connect() as connection:
                return gauges.read(connection, within=_WITHIN)
        except SQLAlchemyError:
            return None
        finally:
            self._engine.dispose()  # nobody may ask again for a long time

    @cached_property
    def _engine(self) -> Engine:
        """Of its own: a page that waits takes no connection from requests and runs."""
        return db.open_engine(
            self.settings.database_url,
            pool_size=2,
            application="hub-metrics",
            answer_within=_WITHIN,
        )

    def _here(self) -> Iterator[Figure]:
        yield Figure(metrics.BUILD, 1, (installed_version(), platform.python_version()))
        roles = list(self.keeper.living().values())
        for role in ("web", "worker"):
            yield Figure(metrics.PROCESSES, roles.count(role), (role,))
        if self.opened is None:
            return
        yield Figure(metrics.REDIS_UP, self.opened.doorbell.is_reachable())
        project = self.opened.project
        for state, names in (
            ("served", project.served),
            ("unserved", project.unserved),
            ("broken", project.broken),
        ):
            yield Figure(metrics.WORKFLOWS, len(names), (state,))


def _of(found: Gauges | None) -> Iterator[Figure]:
    yield Figure(metrics.DATABASE_UP, found is not None)
    if found is None:
        return
    for account in ("accepted", "ended", "queued", "waiting", "leased"):
        yield Figure(metrics.BOOKS, getattr(found.books, account), (account,))
    yield Figure(metrics.BOOKS_MISSING, found.books.missing)
    for (workflow, status), number in sorted(found.runs.items()):
        yield Figure(metrics.RUNS, number, (workflow, status))
    yield Figure(metrics.QUEUE_LENGTH, found.books.queued)
    yield Figure(metrics.QUEUE_OLDEST, found.oldest)
    for workflow, seconds in sorted(found.late.items()):
        yield Figure(metrics.SCHEDULES_LATE, seconds, (workflow,))
    yield Figure(metrics.WORKERS, found.workers)
