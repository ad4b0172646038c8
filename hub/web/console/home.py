"""The first page: how the hub is, at a glance. Its middle is a part that is asked for alone too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from flask import Response
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from hub.engine.workflow import Endpoint
from hub.people.roles import Deed
from hub.storage import finding_runs, gauges, pulse
from hub.storage.answer_times import AnswerTimes, answer_times
from hub.storage.db import DatabaseClock
from hub.storage.gauges import Gauges
from hub.storage.pulse import Heard, Minute, Rates
from hub.storage.reading import RunLine
from hub.web.console import figures
from hub.web.console.app import Console
from hub.web.console.remembered import Remembered
from hub.web.console.silence import silent

_Counted = TypeVar("_Counted")
_MINUTE = timedelta(minutes=1)
_SHOWN = 60 * _MINUTE
_LATELY = 5 * _MINUTE
_FAILURES = 8
_REMEMBERED = 3.0  # seconds
_GAUGES_WITHIN = timedelta(seconds=2)


@dataclass(frozen=True)
class Health:
    """All figures of one moment; None: they took too long to count."""

    at: datetime
    gauges: Gauges
    minutes: Sequence[Minute] | None
    rates: Rates | None
    answers: Sequence[AnswerTimes] | None
    silent: Sequence[Heard]
    heard: int
    failures: Sequence[RunLine]
    is_redis_there: bool

    @property
    def accepted(self) -> int:
        """How many runs in the time that is shown."""
        return sum(each.accepted for each in self.minutes or ())

    @property
    def failed(self) -> int:
        """How many of them failed."""
        return sum(each.failed for each in self.minutes or ())


class Home:
    """The page at `/admin`."""

    def __init__(self, app: Console) -> None:
        self._app = app
        self._health = Remembered(self._read, seconds=_REMEMBERED)
        app.remembered.append(self._health)
        app.page("/admin", Deed.SEE_HEALTH)(self.page)
        app.page("/admin/pulse", Deed.SEE_HEALTH)(self.pulse)

    def page(self) -> Response:
        """All of it."""
        return self._rendered("home.html")

    def pulse(self) -> Response:
        """What changes from moment to moment, for a page that is open."""
        return self._rendered("pulse.html")

    def _rendered(self, template: str) -> Response:
        health, project = self._health.get(), self._app.hub.current
        return self._app.render(
            template,
            health=health,
            chart=None if health.minutes is None else figures.minutes(health.minutes),
            broken=self._app.hub.broken,
            served=len(project.project.served),
            refused=project.refused,
        )

    def _read(self) -> Health:
        hub = self._app.hub
        endpoints = [
            name
            for name, workflow in hub.project.served.items()
            if isinstance(workflow.trigger, Endpoint)
        ]
        with hub.console_database.connect() as db:
            now = DatabaseClock(db).now()  # rows have their times from it
            found = gauges.read(db, within=_GAUGES_WITHIN)
            heard = pulse.heard(db, endpoints, now)
            failures = finding_runs.last_failures(db, limit=_FAILURES)
        return Health(
            at=now,
            gauges=found,
            minutes=self._counted(partial(_minutes_until, now=now)),
            rates=self._counted(partial(pulse.rates, since=now - _LATELY, until=now)),
            answers=self._counted(partial(answer_times, since=_SHOWN)),
            silent=silent(heard, now),
            heard=len(heard),
            failures=failures,
            is_redis_there=hub.doorbell.is_reachable(),
        )

    def _counted(self, count: Callable[[Connection], _Counted]) -> _Counted | None:
        """None: more than can be counted in time; the rest of the page stays."""
        try:
            with self._app.hub.console_database.connect() as db:
                return count(db)
        except DBAPIError:
            return None


def _minutes_until(db: Connection, *, now: datetime) -> Sequence[Minute]:
    until = now.replace(second=0, microsecond=0) + _MINUTE
    return pulse.minutes(db, since=until - _SHOWN, until=until)
