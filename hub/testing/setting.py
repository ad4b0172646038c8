"""What all tests of a project share, made once: workflows, the way in, validators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from hub.action import Action
from hub.engine.expressions import Literal
from hub.engine.gate import TestDestinations
from hub.engine.project import Project
from hub.engine.workflow import Workflow
from hub.errors import PayloadProblem
from hub.schemas import Validator, compile_schema
from hub.testing.door import Door

_LIVE = Literal("live")


@dataclass(frozen=True)
class Setting:
    """A project as its tests see it.

    A workflow that does not say its own `mode` runs `live`: nothing real is reached all the same.
    Values of `config` are the defaults of hub.yaml, never those of this machine's environment.
    """

    project: Project
    _validators: dict[str, Validator] = field(default_factory=dict, repr=False)

    @cached_property
    def workflows(self) -> Mapping[str, Workflow]:
        """The workflows without mistakes."""
        return {name: self._in_test(each) for name, each in self.project.workflows.items()}

    def _in_test(self, workflow: Workflow) -> Workflow:
        is_own = workflow.mode is not None and workflow.mode is not self.project.settings.mode
        return workflow if is_own else replace(workflow, mode=_LIVE)

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """The defaults of hub.yaml."""
        declared = self.project.settings.config.values()
        return {each.name: each.default for each in declared if each.has_default}

    @cached_property
    def door(self) -> Door:
        """The way in."""
        return Door(self.workflows, self.project.settings)

    def destinations(self, config: Mapping[str, Any]) -> TestDestinations:
        """Who may be reached in mode `test`."""
        return TestDestinations(**self.project.settings.test_destinations_with(config))

    def input_problems(self, action: Action, inputs: Any) -> list[PayloadProblem]:
        """What is wrong with the inputs of an action."""
        if action.name not in self._validators:
            self._validators[action.name] = compile_schema(action.input_schema)
        return self._validators[action.name].problems(inputs)
