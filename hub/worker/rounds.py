"""What a worker does now and then, safely with any number of workers: sweeps and schedules.

One duty that fails keeps no other from being done, in this round or in the next.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from hub.engine.schedule import next_time
from hub.engine.start import Start
from hub.engine.workflow import Schedule, Workflow
from hub.metrics import catalogue as metrics
from hub.storage import books, runs, schedules, workers
from hub.storage.db import DatabaseClock, at_once
from hub.storage.deliveries import start_run
from hub.storage.schedules import DueSchedule
from hub.values import format_instant, zone

log = logging.getLogger(__name__)

SWEEP_EVERY = timedelta(seconds=2)
MOST_MISSED = 100  # `missed: run_all` is bounded (E12)
LATE_AFTER = timedelta(minutes=1)  # a planned time that is older was missed; before, it is slow
_LOOK_BACK = timedelta(minutes=1)
_BOOKS_EVERY = 5  # rounds


class Starting(Protocol):
    """What making a run needs of the hub."""

    @property
    def database(self) -> Engine:
        """The database."""

    @property
    def broken(self) -> Sequence[str]:
        """The workflows that cannot start now: broken files, and actions nobody implemented."""

    def new_id(self) -> UUID:
        """A new run's id."""

    def start(self, workflow: Workflow, trigger: Mapping[str, object]) -> Start:
        """The start of a run of this workflow."""


class Rounds:
    """One thread that goes its rounds until it is stopped."""

    def __init__(
        self,
        hub: Starting,
        *,
        scheduled: Callable[[], Mapping[str, Workflow]],
        ring: Callable[[], None],
        worker: workers.WorkerName,
    ) -> None:
        self._hub = hub
        self._scheduled = scheduled
        self._ring = ring
        self._worker = worker
        self._planned: object = None
        self._rounds = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._go, name="rounds", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the present duty."""
        self._stopping.set()

    def join(self) -> None:
        """Wait for the end."""
        self._thread.join()

    def _go(self) -> None:
        while not self._stopping.is_set():
            self.once()
            self._stopping.wait(SWEEP_EVERY.total_seconds())

    def once(self) -> None:
        """One round: say that we live, free lost runs, fire what is due. Never raises.

        The first one plans the schedules of this project's files, and so does each that finds
        other ones.
        """
        self._do("saying that the worker lives", self._say_alive)
        self._do("planning the schedules", self._plan)
        if freed := self._do("freeing lost runs", lambda: runs.sweep(self._hub.database)):
            metrics.LEASES_TAKEN_OVER.add(by=freed)
            self._ring()
        if self._do("looking for due schedules", self._fire_due):
            self._ring()
        if self._rounds % _BOOKS_EVERY == 0:
            self._do("adding the books up", lambda: books.add_up(self._hub.database))
        self._rounds += 1

    def _do(self, duty: str, do: Callable[[], int]) -> int:
        if self._stopping.is_set():
            return 0
        try:
            return do()
        except SQLAlchemyError as problem:
            log.warning("%s was cut short: %s", duty, problem)
        except Exception:
            log.exception("%s failed", duty)
        return 0

    def _say_alive(self) -> int:
        workers.say_alive(self._hub.database, self._worker)
        return 0

    def _plan(self) -> int:
        scheduled = self._scheduled()
        found = {name: workflow.version for name, workflow in scheduled.items()}, self._hub.broken
        if self._planned != found:
            with at_once(self._hub.database) as connection:
                now = DatabaseClock(connection).now()  # the host's own may be wrong (E13)
            plan_schedules(self._hub, scheduled, now)
            self._planned = found
        return 0

    def _fire_due(self) -> int:
        scheduled = self._scheduled()
        return sum(
            self._do(f"firing {due.workflow}", partial(self._fire, scheduled[due.workflow], due))
            for due in schedules.due(self._hub.database)
            if due.workflow in scheduled
        )

    def _fire(self, workflow: Workflow, due: DueSchedule) -> int:
        return fire(self._hub, workflow, due)


def plan_schedules(hub: Starting, scheduled: Mapping[str, Workflow], now: datetime) -> None:
    """Make the rows of the schedules of this project; those of vanished files go.

    A workflow that cannot start now keeps its row: what it misses is made up for when it can.
    """
    schedules.drop_others(hub.database, [*scheduled, *hub.broken])
    for workflow in scheduled.values():
        schedules.plan(
            hub.database,
            workflow=workflow.name,
            version=workflow.version,
            first_at=following(workflow, now),
        )


def fire(hub: Starting, workflow: Workflow, due: DueSchedule) -> int:
    """Start the run of a planned instant; the number of runs made by this process (E12).

    After downtime `missed` decides: the latest planned instant once, none, or each of the last
    hundred. `overlap: skip` starts nothing while an earlier run goes on.
    """
    instants, next_at = missed_instants(workflow, due)
    with hub.database.begin() as connection:
        if not schedules.move(connection, due, next_at=next_at):
            return 0
        overlap = _schedule(workflow).overlap
        if overlap == "skip" and schedules.has_unfinished(connection, workflow.name):
            log.info("%s still runs: this time is skipped", workflow.name)
            return 0
        missing = [
            each for each in instants if not schedules.was_fired(connection, workflow.name, each)
        ]
        for instant in missing:
            start = hub.start(workflow, {"scheduled_at": format_instant(instant)})
            start_run(connection, start.new_run(hub.new_id(), scheduled_at=instant))
    metrics.SCHEDULE_LATENESS.observe((due.now - due.next_at).total_seconds())
    metrics.RUNS_ACCEPTED.add(workflow.name, "schedule", by=len(missing))
    return len(missing)


def missed_instants(workflow: Workflow, due: DueSchedule) -> tuple[list[datetime], datetime]:
    """The planned instants to run now, and the next one to wait for. Pure."""
    missed = _schedule(workflow).missed
    planned = _planned(workflow, due, most=MOST_MISSED if missed == "run_all" else 1)
    upcoming = following(workflow, planned[-1])
    if missed == "skip" and due.now - planned[-1] > LATE_AFTER:
        return [], upcoming
    return planned, upcoming


def _planned(workflow: Workflow, due: DueSchedule, *, most: int) -> list[datetime]:
    """The last planned instants up to now, the oldest first.

    It looks back further and further, so that a long downtime is no long calculation.
    """
    look_back = _LOOK_BACK
    while True:
        since = due.now - look_back
        is_whole = since < due.next_at
        first = due.next_at if is_whole else following(workflow, since)
        found: deque[datetime] = deque(maxlen=most)
        while first <= due.now:
            found.append(first)
            first = following(workflow, first)
        if is_whole or len(found) == most:
            return list(found)
        look_back *= 2


def following(workflow: Workflow, after: datetime) -> datetime:
    """The first planned instant after this one."""
    schedule = _schedule(workflow)
    return next_time(schedule, after, zone(schedule.timezone or workflow.timezone))


def _schedule(workflow: Workflow) -> Schedule:
    if not isinstance(workflow.trigger, Schedule):
        raise TypeError(f"{workflow.name} has no schedule")
    return workflow.trigger
