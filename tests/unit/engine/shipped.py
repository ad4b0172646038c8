"""The project's own flows, loaded as the hub loads them, and walked without any effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from hub.action import Action
from hub.bootstrap.actions import all_actions
from hub.engine.advance.commands import Perform
from hub.engine.advance.failure import Failure
from hub.engine.advance.frame import Facts
from hub.engine.advance.journal import Journal
from hub.engine.advance.machine import Machine
from hub.engine.project import Project, load_project
from hub.engine.start import trigger_names
from hub.engine.typed import typed
from hub.ingest.dialects import DIALECTS, dialect_facts
from hub.ingest.signatures import AUTH_TYPES
from hub.values import plain

ROOT = Path(__file__).parents[3]
NOW = datetime(2025, 10, 20, 15, tzinfo=UTC)
LEAD = "07f26a19-e9dc-422c-b61d-030e3c7971bb"


def shipped_files() -> dict[str, str]:
    """Path → text of the project's files."""
    paths = [
        ROOT / "hub.yaml",
        *(ROOT / "workflows").glob("*.yaml"),
        *(ROOT / "schemas").rglob("*.json"),
        *(ROOT / "templates").rglob("*.*"),
    ]
    return {path.relative_to(ROOT).as_posix(): path.read_text() for path in paths}


def shipped_actions() -> dict[str, Action]:
    """All actions of the hub that the flows use."""
    return all_actions()


@cache
def shipped() -> Project:
    """The project."""
    dialects = {name: dialect_facts(each) for name, each in DIALECTS.items()}
    return load_project(
        shipped_files(), actions=shipped_actions(), auth_types=AUTH_TYPES, dialects=dialects
    )


@dataclass
class Walk:
    """What a run did, in order, and how it ended. Actions give their examples."""

    name: str
    results: Mapping[str, Any] = field(default_factory=dict)
    fails: Mapping[str, str] = field(default_factory=dict)
    did: list[tuple[str, Any]] = field(default_factory=list)
    replies: list[Any] = field(default_factory=list)
    once_keys: list[str] = field(default_factory=list)

    def inputs(self, action: str) -> Any:
        """What an action was given; it must have been asked for exactly once."""
        (given,) = [inputs for name, inputs in self.did if name == action]
        return given

    @property
    def actions(self) -> list[str]:
        """The names of what was done."""
        return [name for name, _ in self.did]

    def go(self, **trigger: Any) -> Any:
        """Start with a trigger and give back the ending."""
        workflow = shipped().workflows[self.name]
        names = trigger_names(workflow, trigger)
        run = {"id": "run-1", "mode": "live", "scheduled_at": NOW}
        machine = Machine(
            workflow,
            Facts(
                run_id="run-1",
                names=names,
                shared={"config": {}, "secrets": {}, "run": run},
                actions=shipped_actions(),
                now=lambda: NOW,
                timer=lambda: NOW,
                new_id=lambda: "id",
            ),
            Journal(),
        )
        while machine.commands:
            command = machine.commands[0]
            self.replies += [reply.body for reply in machine.take_replies()]
            if isinstance(command, Perform):
                self._perform(machine, command)
            else:
                machine.resolve(command)
        self.replies += [reply.body for reply in machine.take_replies()]
        assert machine.ending is not None
        return machine.ending

    def _perform(self, machine: Machine, command: Perform) -> None:
        action = shipped_actions()[command.step.action]
        self.did.append((action.name, plain(command.inputs)))
        if command.once_key is not None:
            self.once_keys.append(command.once_key)
        if action.name in self.fails:
            machine.fail(command, Failure(self.fails[action.name], "no", step=command.path))
            return
        result = self.results.get(action.name, action.example)
        machine.resolve(command, typed(result, action.output_schema))
