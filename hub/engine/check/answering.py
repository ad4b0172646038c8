"""Whether somebody who waits gets an answer, and in time (HUB612, HUB618)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from hub.engine.check.values import Values
from hub.engine.compile.link import inner_blocks, steps_without_failure
from hub.engine.expressions import Literal
from hub.engine.workflow import (
    Block,
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
from hub.engine.yaml_profile import Mapping
from hub.values import parse_duration

_NONE = timedelta()
_NEVER = timedelta.max


def check_answer(values: Values, workflow: Workflow) -> None:
    """A step must answer, not only one that runs after a failure, and before a long wait."""
    endpoint = workflow.trigger
    if not isinstance(endpoint, Endpoint) or not isinstance(endpoint.respond, Within):
        return
    node = values.places.value_of(endpoint, "respond")
    if not any(isinstance(step, Reply | Return) for step in steps_without_failure(workflow.steps)):
        message = "`within` waits for an answer, and no step gives one when all goes well"
        values.refuse(612, message, node)
        return
    answered, _ = _shortest(workflow.steps)
    if endpoint.respond.deadline < answered < _NEVER or answered == _NEVER:
        late = _first_late(workflow.steps, endpoint.respond.deadline)
        message = "the first answer comes after this wait, which is longer than `within`"
        suggestion = "put a `reply` before it"
        node = values.places.node(late)
        entry = node.get("wait") if isinstance(node, Mapping) else None
        place = node if entry is None else entry.key
        values.refuse(618, message, place, suggestion=suggestion)


def _shortest(block: Block) -> tuple[timedelta, timedelta]:
    """How long at least is waited until an answer, and until the end of the block."""
    answered, passed = _NEVER, _NONE
    for step in block:
        inner_answered, inner_passed = _through(step)
        answered = min(answered, _sum(passed, inner_answered))
        passed = _sum(passed, inner_passed)
    return answered, passed


def _through(step: Step) -> tuple[timedelta, timedelta]:
    """The same for one step, which may be skipped."""
    answered, passed = _own(step)
    return answered, (_NONE if step.condition is not None else passed)


def _own(step: Step) -> tuple[timedelta, timedelta]:
    if isinstance(step, Reply):
        return _NONE, _NONE
    if isinstance(step, Return | Fail):
        return (_NONE if isinstance(step, Return) else _NEVER), _NEVER
    if isinstance(step, Wait):
        return _NEVER, longest(step)
    inner = [_shortest(block) for block in _ways(step)]
    if not inner:
        return _NEVER, _NONE
    passed = _NONE if isinstance(step, ForEach) else min(each for _, each in inner)
    return min(each for each, _ in inner), passed


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
    if written is None:
        return _NEVER
    if not isinstance(written, Literal):
        return _NONE
    try:
        return parse_duration(str(written.value))
    except ValueError:
        return _NONE


def _first_late(block: Block, deadline: timedelta) -> Step | None:
    waits = (step for step in steps_without_failure(block) if isinstance(step, Wait))
    return next((step for step in waits if longest(step) > deadline), None)


def _sum(one: timedelta, other: timedelta) -> timedelta:
    return _NEVER if _NEVER in (one, other) else one + other
