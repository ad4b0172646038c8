"""Which steps no test reached: what nobody has tried may do anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hub.engine.compile.link import steps_of
from hub.engine.workflow import Position, Step, Workflow

Reached = Iterable[tuple[str, Position]]


@dataclass(frozen=True)
class Coverage:
    """The steps of a project's workflows, and by workflow those that no test reached."""

    total: int
    missing: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)

    @property
    def reached(self) -> int:
        """How many steps some test reached."""
        return self.total - sum(map(len, self.missing.values()))

    @property
    def percent(self) -> float:
        """Of all steps; 100 where there are none."""
        return 100.0 if self.total == 0 else 100.0 * self.reached / self.total


def coverage_of(workflows: Iterable[Workflow], reached: Reached) -> Coverage:
    """What the tests that reached these places left out, of these workflows."""
    walked = set(reached)
    total, missing = 0, {}
    for workflow in workflows:
        steps = list(steps_of(workflow))
        left = tuple(step for step in steps if (workflow.name, step.position) not in walked)
        total += len(steps)
        if left:
            missing[workflow.name] = left
    return Coverage(total, missing)


def named(step: Step) -> str:
    """The id of a step, else the line and what it does: `line 12 reply`."""
    kind = type(step).__name__.lower()
    return step.id or f"line {step.position.line} {_WORDS.get(kind, kind)}"


_WORDS = {"foreach": "for_each", "group": "steps"}
