"""Why a step's result cannot be seen from another step (HUB202)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hub.engine.compile.link import inner_blocks
from hub.engine.workflow import Block, ForEach, Parallel, Step, Workflow

_PREFIX = "steps."


@dataclass(frozen=True)
class Whereabouts:
    """The steps of a workflow that have an id, and the steps around each step."""

    by_id: Mapping[str, Step]
    around: Mapping[int, tuple[Step, ...]]

    @classmethod
    def of(cls, workflow: Workflow) -> Whereabouts:
        """All of a workflow."""
        by_id: dict[str, Step] = {}
        around: dict[int, tuple[Step, ...]] = {}

        def note(block: Block, outer: tuple[Step, ...]) -> None:
            for step in block:
                around[id(step)] = outer
                if step.id is not None:
                    by_id.setdefault(step.id, step)
                for inner in inner_blocks(step):
                    note(inner, (*outer, step))

        for block in (workflow.steps, workflow.on_error, workflow.on_cancel):
            note(block, ())
        return cls(by_id, around)


@dataclass(frozen=True)
class Reasons(Mapping[str, str]):
    """By path (`steps.hold`): told only when somebody asks, for there are many."""

    known: Mapping[str, str]
    whereabouts: Whereabouts
    here: Step
    visible: frozenset[str]

    def __getitem__(self, path: str) -> str:
        """The reason; raises `KeyError` where there is none."""
        if path in self.known:
            return self.known[path]
        name = path.removeprefix(_PREFIX)
        if name == path or name in self.visible:
            raise KeyError(path)
        return self._why(self.whereabouts.by_id[name])

    def __iter__(self) -> Iterator[str]:
        """The paths with a reason."""
        yield from self.known
        yield from (_PREFIX + name for name in self.whereabouts.by_id if name not in self.visible)

    def __len__(self) -> int:
        """How many there are."""
        return sum(1 for _ in self)

    def _why(self, step: Step) -> str:
        line = f"in line {step.position.line}"
        if step is self.here:
            return "it is this step itself"
        around_me = {id(each) for each in self.whereabouts.around.get(id(self.here), ())}
        around = self.whereabouts.around.get(id(step), ())
        if id(step) in around_me:
            return f"this step stands inside of it, {line}"
        if any(isinstance(each, Parallel) and id(each) in around_me for each in around):
            return f"it runs at the same time, {line}"
        if step.position.line > self.here.position.line:
            return f"it comes later, {line}"
        if any(isinstance(each, ForEach) and id(each) not in around_me for each in around):
            return f"it stands in a loop, {line}: what `collect` gathers is seen behind it"
        return f"it stands in another branch, {line}"
