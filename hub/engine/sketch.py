"""Notes as JSON, for another process: findings, and of each workflow what joins it with others.

That is: how it starts, what it calls, and which of its steps ask for an action that nobody
implemented (HUB701). Everything else of it is known by its findings, or read again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hub.action import Action
from hub.engine.compile.link import steps_of
from hub.engine.expressions import Literal
from hub.engine.findings import Finding
from hub.engine.notes import Note
from hub.engine.readiness import missing_in
from hub.engine.versions import workflow_path
from hub.engine.workflow import (
    Call,
    Do,
    Endpoint,
    Inputs,
    OnEvent,
    Position,
    Schedule,
    Step,
    Trigger,
    Workflow,
)

_TRIGGERS: Mapping[str, Trigger] = {
    "Endpoint": Endpoint(path="", auth=""),
    "Schedule": Schedule(),
    "OnEvent": OnEvent(()),
    "Inputs": Inputs(),
}
_NOTHING = Literal({})


def as_json(note: Note, actions: Mapping[str, Action]) -> dict[str, Any]:
    """A note that another process can read, which knows the same actions."""
    workflow = note.workflow
    return {
        "read": dict(note.read),
        "compiled": [each.as_json() for each in note.compiled],
        "checked": None if note.checked is None else [each.as_json() for each in note.checked],
        "called": dict(note.called),
        "face": note.face,
        "sketch": None if workflow is None else _sketch(workflow, actions),
    }


def from_json(name: str, given: Mapping[str, Any]) -> Note:
    """The note again. Raises `LookupError`, `TypeError`, `ValueError` for any other JSON."""
    checked, sketch = given["checked"], given["sketch"]
    return Note(
        read=dict(given["read"]),
        compiled=findings_from(given["compiled"]),
        workflow=None if sketch is None else workflow_from(name, sketch),
        checked=None if checked is None else findings_from(checked),
        called=dict(given["called"]),
        face=str(given["face"]),
        is_sketch=True,
    )


def findings_from(given: list[dict[str, Any]]) -> tuple[Finding, ...]:
    """Findings as `Finding.as_json` writes them."""
    return tuple(Finding.from_json(each) for each in given)


def workflow_from(name: str, sketch: Mapping[str, Any]) -> Workflow:
    """The workflow with no more steps than those that its sketch tells of."""
    kind, *route = sketch["trigger"]
    trigger = _TRIGGERS[kind]
    if isinstance(trigger, Endpoint):
        method, path = route
        trigger = Endpoint(path=path, auth="", method=method)
    steps = tuple(_step(workflow_path(name), *each) for each in sketch["steps"])
    return Workflow(name=name, version="", title="", trigger=trigger, steps=steps)


def _sketch(workflow: Workflow, actions: Mapping[str, Action]) -> dict[str, Any]:
    trigger = workflow.trigger
    started: list[Any] = [type(trigger).__name__]
    if isinstance(trigger, Endpoint):
        started += [trigger.method, trigger.path]
    steps = (part for step in steps_of(workflow) for part in _parts(step, actions))
    return {"trigger": started, "steps": list(steps)}


def _parts(step: Step, actions: Mapping[str, Action]) -> Iterator[list[Any]]:
    place = [step.position.line, step.position.column]
    if isinstance(step, Call):
        yield ["call", step.workflow, *place]
    for name in missing_in(step, actions):
        yield ["do", name, *place]


def _step(file: str, kind: str, name: str, line: int, column: int) -> Step:
    place = Position(file, line, column)
    if kind == "call":
        return Call(slug="", position=place, workflow=name, inputs=_NOTHING)
    return Do(slug="", position=place, action=name, inputs=_NOTHING)
