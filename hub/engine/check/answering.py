"""Whether somebody who waits gets an answer, and in time (HUB612, HUB618)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from hub.engine.check.values import Values
from hub.engine.check.walk import Outcome
from hub.engine.compile.link import inner_blocks, steps_without_failure
from hub.engine.expressions import CompiledValue, Literal
from hub.engine.workflow import (
    Block,
    Call,
    Endpoint,
    Fail,
    ForEach,
    If,
    Reply,
    Return,
    Step,
    Switch,
    Wait,
    Within,
    Workflow,
)
from hub.engine.yaml_profile import Mapping as MappingNode
from hub.values import parse_duration

_NONE = timedelta()
_NEVER = timedelta.max


def check_answer(values: Values, workflow: Workflow, results: Mapping[str, Outcome]) -> None:
    """A step must answer, not only one that runs after a failure, and before a long wait.

    `results` are those of the workflows that this one calls: their waits count as its own.
    """
    endpoint = workflow.trigger
    if not isinstance(endpoint, Endpoint) or not isinstance(endpoint.respond, Within):
        return
    node = values.places.value_of(endpoint, "respond")
    if not any(isinstance(step, Reply | Return) for step in steps_without_failure(workflow.steps)):
        message = "`within` waits for an answer, and no step gives one when all goes well"
        values.refuse(612, message, node)
        return
    clock, deadline = _Clock(results), endpoint.respond.deadline
    answered, _ = clock.through_block(workflow.steps)
    if answered <= deadline:
        return
    late = clock.first_late(workflow.steps, deadline)
    node = values.places.node(late)
    word = "call" if isinstance(late, Call) else "wait"
    message = f"the first answer comes after this {word}: until then it takes longer than `within`"
    entry = node.get(word) if isinstance(node, MappingNode) else None
    place = node if entry is None else entry.key
    values.refuse(618, message, place, suggestion="put a `reply` before it")


def shortest_run(workflow: Workflow, results: Mapping[str, Outcome]) -> timedelta:
    """How long at least somebody waits who calls this workflow."""
    return min(_Clock(results).through_block(workflow.steps))


@dataclass(frozen=True)
class _Clock:
    """Counts the waits on the shortest way through steps that do not fail."""

    results: Mapping[str, Outcome]

    def through_block(self, block: Block) -> tuple[timedelta, timedelta]:
        """How long at least is waited until an answer, and until the end of the block."""
        answered, passed = _NEVER, _NONE
        for step in block:
            inner_answered, inner_passed = self._through(step)
            answered = min(answered, _sum(passed, inner_answered))
            passed = _sum(passed, inner_passed)
        return answered, passed

    def _through(self, step: Step) -> tuple[timedelta, timedelta]:
        """The same for one step, which may be skipped."""
        answered, passed = self._own(step)
        return answered, (_NONE if step.condition is not None else passed)

    def _own(self, step: Step) -> tuple[timedelta, timedelta]:
        if isinstance(step, Reply):
            return _NONE, _NONE
        if isinstance(step, Return | Fail):
            return (_NONE if isinstance(step, Return) else _NEVER), _NEVER
        if isinstance(step, Wait | Call):
            return _NEVER, longest(step) if isinstance(step, Wait) else self._called(step)
        inner = [self.through_block(block) for block in _ways(step)]
        if not inner:
            return _NEVER, _NONE
        passed = _NONE if isinstance(step, ForEach) else min(each for _, each in inner)
        return min(each for each, _ in inner), passed

    def _called(self, step: Call) -> timedelta:
        """What is called inside of the run is waited for, at most until its `timeout`."""
        outcome = self.results.get(step.workflow)
        if outcome is None or step.is_detached:
            return _NONE
        return (
            outcome.shortest
            if step.timeout is None
            else min(outcome.shortest, _length(step.timeout))
        )

    def first_late(self, block: Block, left: timedelta) -> Step | None:
        """The wait or call on the shortest way with which the time that is left runs out."""
        for step in block:
            _, passed = self._through(step)
            if passed > left and not isinstance(step, Return | Fail):
                inner = (self.first_late(each, left) for each in _ways(step))
                return step if isinstance(step, Wait | Call) else next(filter(None, inner), None)
            left -= min(passed, left)
        return None


def _ways(step: Step) -> Iterable[Block]:
    """The blocks of which one is gone through while nothing fails."""
    if isinstance(step, If | Switch):
        return inner_blocks(step)
    bodies = getattr(step, "body", None)
    if bodies is not None:
        return (bodies,)
    return tuple(block for _, block in getattr(step, "branches", ()))


def longest(step: Wait) -> timedelta:
    """How long a wait may last: its duration, or the time limit of what it waits for."""
    if step.until is not None:
        return _NONE  # the date may be past
    written = step.duration if step.duration is not None else step.timeout
    return _NEVER if written is None else _length(written)


def _length(written: CompiledValue) -> timedelta:
    """A length of time that is written down; none where it is known only while the run goes on."""
    if not isinstance(written, Literal):
        return _NONE
    try:
        return parse_duration(str(written.value))
    except ValueError:
        return _NONE


def _sum(one: timedelta, other: timedelta) -> timedelta:
    return _NEVER if _NEVER in (one, other) else one + other
