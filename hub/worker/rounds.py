"""What a worker does now and then, safely with any number of workers: sweep and schedules."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from hub.engine.schedule import next_time
from hub.engine.start import Start
from hub.engine.workflow import Schedule, Workflow
from hub.storage import runs, schedules, workers
from hub.storage.deliveries import start_run
from hub.storage.schedules import DueSchedule
from hub.values import format_instant, zone

log = logging.getLogger(__name__)

SWEEP_EVERY = timedelta(seconds=2)
MOST_MISSED = 100  # `missed: run_all` is bounded (E12)


class Starting(Protocol):
    """What making a run needs of the hub."""

    @property
    def database(self) -> Engine:
        """The database."""

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
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._go, name="rounds", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the present round."""
        self._stopping.set()
        self._thread.join()

    def _go(self) -> None:
        while not self._stopping.is_set():
            try:
                self.once()
            except SQLAlchemyError as problem:
                log.warning("the round was cut short: %s", problem)
            self._stopping.wait(SWEEP_EVERY.total_seconds())

    def once(self) -> None:
        """One round: say that we live, free lost runs, fire what is due."""
        workers.say_alive(self._hub.database, self._worker)
        if runs.sweep(self._hub.database) + self._fire_due():
            self._ring()

    def _fire_due(self) -> int:
        scheduled = self._scheduled()
        return sum(
            fire(self._hub, scheduled[due.workflow], due)
            for due in schedules.due(self._hub.database)
            if due.workflow in scheduled
        )


def plan_schedules(hub: Starting, scheduled: Mapping[str, Workflow], now: datetime) -> None:
    """Make the rows of the schedules of this project; those of vanished files go."""
    schedules.drop_others(hub.database, list(scheduled))
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
        for instant in instants:
            start = hub.start(workflow, {"scheduled_at": format_instant(instant)})
            start_run(connection, start.new_run(hub.new_id(), scheduled_at=instant))
    return len(instants)


def missed_instants(workflow: Workflow, due: DueSchedule) -> tuple[list[datetime], datetime]:
    """The planned instants to run now, and the next one to wait for. Pure."""
    planned = [due.next_at]
    while (upcoming := following(workflow, planned[-1])) <= due.now:
        planned = [*planned[-(MOST_MISSED - 1) :], upcoming]
    missed = _schedule(workflow).missed
    if missed == "run_all":
        return planned, upcoming
    is_late = len(planned) > 1
    return ([] if missed == "skip" and is_late else [planned[-1]]), upcoming


def following(workflow: Workflow, after: datetime) -> datetime:
    """The first planned instant after this one."""
    schedule = _schedule(workflow)
    return next_time(schedule, after, zone(schedule.timezone or workflow.timezone))


def _schedule(workflow: Workflow) -> Schedule:
    if not isinstance(workflow.trigger, Schedule):
        raise TypeError(f"{workflow.name} has no schedule")
    return workflow.trigger
