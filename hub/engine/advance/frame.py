"""One call of one workflow: its scope, its place in the journal, its deadline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hub.action import Action
from hub.engine.expressions import Scope, StepState
from hub.engine.workflow import Step, Workflow


@dataclass(frozen=True)
class Facts:
    """What a run knows besides its workflow: names of the scope, and where time comes from.

    `now` is what `now()` gives; `timer` is the clock of pauses and deadlines, which no jump of a
    host's clock moves (E13). `walked` hears of each step that is begun, with its path; of a run
    that is resumed it hears again.
    """

    run_id: str
    names: Mapping[str, Any]  # payload, params, query, headers, caller, request, inputs, run …
    shared: Mapping[str, Any]  # config, secrets, run: what called workflows see too
    actions: Mapping[str, Action]
    now: Callable[[], datetime]
    timer: Callable[[], datetime]
    new_id: Callable[[], str]
    walked: Callable[[Workflow, Step, str], object] = lambda _workflow, _step, _path: None


@dataclass
class Frame:
    """The scope of a block. `prefix` is the path of calls and items; results grow in `results`."""

    workflow: Workflow
    prefix: str
    names: dict[str, Any]
    results: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    states: dict[str, StepState] = field(default_factory=dict)
    deadline: datetime | None = None

    def scope(self, facts: Facts, extra: Mapping[str, Any] | None = None) -> Scope:
        """What an expression sees now."""
        return Scope(
            names={
                **self.names,
                "steps": self.results,
                "vars": self.variables,
                **(extra or {}),
            },
            now=facts.now,
            new_id=facts.new_id,
            zone=ZoneInfo(self.workflow.timezone),
            step_states=self.states,
            fixed_vars=self.workflow.fixed_vars,
        )

    def item(self, name: str, value: Any, *, prefix: str, deadline: datetime | None) -> Frame:
        """The frame of one item of a loop: sees everything, leaves nothing behind."""
        inner = self.copy(deadline=deadline)
        inner.prefix = prefix
        inner.names[name] = value
        return inner

    def copy(self, *, deadline: datetime | None) -> Frame:
        """The frame of one strand: what it adds is not seen by others."""
        return replace(
            self,
            names=dict(self.names),
            results=dict(self.results),
            variables=dict(self.variables),
            states=dict(self.states),
            deadline=deadline,
        )

    def take_over(self, inner: Frame) -> None:
        """See from now on what a strand added."""
        self.results.update(inner.results)
        self.variables.update(inner.variables)
        self.states.update(inner.states)


def earliest(instants: Iterable[datetime | None]) -> datetime | None:
    """The first of several deadlines, some of which may not exist."""
    known = [instant for instant in instants if instant is not None]
    return min(known) if known else None
