"""The hub that the demonstration plays against, and what its runs did."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from hub.action import Attempt, Clock
from hub.bootstrap.clock import SystemClock, new_id
from hub.cli.demo.caller import Answer, Caller
from hub.cli.demo.sending import Asked, Sender
from hub.cli.environment import Environment
from hub.domain import monitor
from hub.domain.monitor import HoldLine
from hub.engine.workflow import Endpoint
from hub.errors import NotPossible
from hub.storage import audit, reading, workers
from hub.storage.audit import Act
from hub.storage.reading import RunLine, StepFacts
from hub.values import decode, plain

_LOOK_EVERY = 0.1


@dataclass(frozen=True)
class Stage:
    """What the scenes play on. `played` are the workflows whose effects are shown."""

    environment: Environment
    database: Engine
    caller: Caller
    began_at: datetime
    played: tuple[str, ...]
    clock: Clock = field(default_factory=SystemClock)

    def has(self, workflow: str) -> bool:
        """Whether the project has this workflow."""
        return workflow in self.environment.loaded.project.workflows

    def path(self, workflow: str) -> str:
        """The path of a workflow's endpoint."""
        trigger = self.environment.loaded.project.workflows[workflow].trigger
        return trigger.path if isinstance(trigger, Endpoint) else ""

    def send(self, workflow: str, asked: Asked, *, is_proved: bool = True) -> Answer:
        """A request to the endpoint of a workflow, proved as its caller proves itself."""
        project = self.environment.loaded.project
        trigger = project.workflows[workflow].trigger
        if not isinstance(trigger, Endpoint):
            raise NotPossible(f"{workflow} has no endpoint")
        sender = Sender(
            self.caller.base_url, project.settings, self.environment.secrets.reveal, self.now
        )
        return self.caller.send(sender.prepare(trigger, asked, is_proved=is_proved))

    def now(self) -> datetime:
        """The present instant."""
        return self.clock.now()

    def wait_for_another_second(self) -> None:
        """The same signed words within one second are one request that was repeated (I7)."""
        threading.Event().wait(1 - self.now().microsecond / 1e6)

    def in_two_days(self) -> datetime:
        """A time for an appointment: whole minutes, so that it is said well."""
        return (self.began_at + timedelta(days=2)).replace(second=0, microsecond=0)

    @contextmanager
    def acting(self) -> Iterator[tuple[Act, Attempt]]:
        """A transaction in which the rows of a part are made ready, noted in the audit."""
        made = new_id()
        attempt = Attempt(run_id=made, workflow="hub demo", key=str(made), mode="simulate")
        with audit.act(self.database, self.environment.actor, "hub demo") as act:
            yield act, attempt

    def runs(self, workflow: str) -> list[RunLine]:
        """The runs of a workflow that this demonstration made, the newest first."""
        with self.database.connect() as connection:
            found = reading.list_runs(connection, workflow=workflow, limit=100)
        return [run for run in found if run.created_at >= self.began_at]

    def run_of(self, workflow: str, key: str) -> RunLine | None:
        """The run with this dedupe key, once it has ended."""
        self.wait_until(lambda: self._ended(workflow, key) is not None)
        return self._ended(workflow, key)

    def _ended(self, workflow: str, key: str) -> RunLine | None:
        return next(
            (run for run in self.runs(workflow) if run.dedupe_key == key and run.ended_at), None
        )

    def last_run(self, workflow: str) -> RunLine | None:
        """The newest run of a workflow, once it has ended."""
        self.wait_until(lambda: all(run.ended_at for run in self.runs(workflow)))
        return next(iter(self.runs(workflow)), None)

    def steps(self, run_id: UUID) -> list[StepFacts]:
        """What a run did."""
        with self.database.connect() as connection:
            return reading.timeline(connection, run_id)

    def sent(self) -> list[tuple[str, dict[str, Any]]]:
        """What the runs of this demonstration would have sent: action and inputs."""
        return self.sent_by([run for name in self.played for run in self.runs(name)])

    def sent_by(self, runs: Sequence[RunLine]) -> list[tuple[str, dict[str, Any]]]:
        """The same of these runs, in their order."""
        return [
            (step.action or "", plain(decode(step.inputs)))
            for run in runs
            for step in self.steps(run.id)
            if step.is_simulated and step.attempts
        ]

    def hold_of(self, lead_id: UUID) -> HoldLine | None:
        """The number that a lead holds."""
        return next((hold for hold in self.holds() if hold.lead_id == lead_id), None)

    def holds(self) -> list[HoldLine]:
        """The monitor of H-25."""
        with self.database.connect() as connection:
            return monitor.holds(connection, self.clock)

    def wait_until(self, is_so: Callable[[], bool], *, seconds: float = 20) -> bool:
        """Whether it became so in time."""
        pause = threading.Event()
        for _ in range(int(seconds / _LOOK_EVERY)):
            if is_so():
                return True
            pause.wait(_LOOK_EVERY)
        return False

    def is_ready(self) -> bool:
        """Whether web and worker are there."""
        try:
            is_serving = self.caller.get("/readyz").status == 200  # noqa: PLR2004 - HTTP
        except NotPossible:
            return False
        return is_serving and workers.count_alive(self.database) > 0
