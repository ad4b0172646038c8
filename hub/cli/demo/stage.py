"""The hub that the demonstration plays against: its leads and numbers, and what its runs did."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine

from hub.action import Attempt
from hub.bootstrap.clock import SystemClock, new_id
from hub.cli.demo.bodies import LEADS, NUMBERS
from hub.cli.demo.caller import Caller
from hub.cli.environment import Environment
from hub.domain import appointments, leads, monitor, phones
from hub.domain.monitor import HoldLine
from hub.engine.workflow import Endpoint
from hub.errors import NotPossible
from hub.storage import audit, reading, workers
from hub.storage.reading import RunLine, StepFacts
from hub.values import decode, plain

_LOOK_EVERY = 0.1
_NEEDED = (
    "lead-phone",
    "vapi-appointment-booked",
    "vapi-call-ended",
    "appointment-outcome",
    "calcom-appointment-outcome",
)
RETELL = "retell-appointment-booked"  # is shown where it is there
_PLAYED = (*_NEEDED, RETELL)


@dataclass(frozen=True)
class Stage:
    """What the scenes play on."""

    environment: Environment
    database: Engine
    caller: Caller
    began_at: datetime

    def has(self, workflow: str) -> bool:
        """Whether the project has this workflow."""
        return workflow in self.environment.loaded.project.workflows

    def path(self, workflow: str) -> str:
        """The path of a workflow's endpoint."""
        trigger = self.environment.loaded.project.workflows[workflow].trigger
        return trigger.path if isinstance(trigger, Endpoint) else ""

    def now(self) -> datetime:
        """The present instant."""
        return SystemClock().now()

    def in_two_days(self) -> datetime:
        """A time for an appointment: whole minutes, so that it is said well."""
        return (self.began_at + timedelta(days=2)).replace(second=0, microsecond=0)

    def prepare(self) -> None:
        """Leads and numbers, or those of last time without their appointments."""
        made = new_id()
        attempt = Attempt(run_id=made, workflow="hub demo", key=str(made), mode="simulate")
        actor = self.environment.actor
        with audit.act(self.database, actor, "hub demo") as act:
            connection = act.connection
            for lead in LEADS:
                leads.create(
                    connection,
                    SystemClock(),
                    attempt,
                    first_name=lead.first_name,
                    last_name=lead.last_name,
                    email=lead.email,
                    phone=lead.phone,
                    lead_id=lead.id,
                )
                _call_off(connection, attempt, lead.id)
            phones.add_numbers(connection, SystemClock(), numbers=NUMBERS)
            act.note({"leads": [str(lead.id) for lead in LEADS], "numbers": list(NUMBERS)})

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
        return [
            (step.action or "", plain(decode(step.inputs)))
            for workflow in _PLAYED
            for run in self.runs(workflow)
            for step in self.steps(run.id)
            if step.is_simulated and step.attempts
        ]

    def hold_of(self, lead_id: UUID) -> HoldLine | None:
        """The number that a lead holds."""
        return next((hold for hold in self.holds() if hold.lead_id == lead_id), None)

    def holds(self) -> list[HoldLine]:
        """The monitor of H-25."""
        with self.database.connect() as connection:
            return monitor.holds(connection, SystemClock())

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


def _call_off(connection: Connection, attempt: Attempt, lead_id: UUID) -> None:
    """Cancel what an earlier demonstration left open, or its times would be known already."""
    while True:
        found = appointments.find(connection, lead_id=lead_id)
        if found.status != "scheduled":
            return
        appointments.record_outcome(
            connection,
            SystemClock(),
            attempt,
            lead_id=lead_id,
            outcome="cancelled",
            keep_number_for=timedelta(),
            starts_at=found.starts_at,
        )


def require_flows(environment: Environment) -> None:
    """Raises `NotPossible` when the project lacks a workflow that the demonstration plays."""
    present = environment.loaded.project.workflows
    missing = [name for name in _NEEDED if name not in present]
    if missing:
        raise NotPossible(
            f"the demonstration needs the workflows {', '.join(missing)}: see `hub check`"
        )
