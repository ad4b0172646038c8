"""Notes as JSON, for another process: findings, and of each workflow what links others with it.

A workflow with a part that is not known here has no sketch: its file is read each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from hub.engine.compile.link import steps_of
from hub.engine.expressions import Literal
from hub.engine.findings import Finding
from hub.engine.notes import Note
from hub.engine.workflow import (
    Call,
    Do,
    Endpoint,
    Fail,
    ForEach,
    If,
    Inputs,
    Log,
    Position,
    Reply,
    Return,
    Schedule,
    Step,
    Switch,
    Vars,
    Workflow,
)

_STEP = ("slug", "position", "id", "name", "condition")
_FALLIBLE = (*_STEP, "inputs", "retry", "timeout", "on_error")
_KNOWN: Mapping[type, tuple[str, ...]] = {
    Workflow: (
        "name",
        "version",
        "title",
        "trigger",
        "steps",
        "description",
        "tags",
        "is_enabled",
        "timezone",
        "mode",
        "concurrency",
        "timeout",
        "vars",
        "on_error",
        "called",
    ),
    Endpoint: (
        "path",
        "auth",
        "method",
        "dialect",
        "tool",
        "payload_path",
        "payload_schema",
        "params",
        "query",
        "headers",
        "max_body",
        "timezone",
        "dedupe",
        "respond",
    ),
    Schedule: ("every", "cron", "timezone", "overlap", "missed"),
    Inputs: ("fields",),
    Do: (
        *_FALLIBLE,
        "action",
        "connection",
        "delivery",
        "idempotency_key",
        "once_per",
    ),
    Call: (*_FALLIBLE, "workflow"),
    If: (*_STEP, "branches", "otherwise"),
    Switch: (*_STEP, "subject", "cases", "otherwise"),
    ForEach: (
        *_STEP,
        "item_name",
        "items",
        "body",
        "max_parallel",
        "on_item_error",
        "collect",
        "timeout",
        "on_error",
    ),
    Vars: (*_STEP, "values"),
    Reply: (*_STEP, "value", "status", "headers"),
    Return: (*_STEP, "value", "status", "headers"),
    Fail: (*_STEP, "code", "message", "status"),
    Log: (*_STEP, "text", "level"),
}
_NOWHERE = Position("", 0, 0)
_NOTHING = Literal({})
_ANY = Log(slug="", position=_NOWHERE, text=_NOTHING)  # links nothing


def as_json(note: Note) -> dict[str, Any] | None:
    """A note that another process can read; None where it would have to know more."""
    sketch: dict[str, Any] | None = None
    if note.workflow is not None:
        sketch = _sketch(note.workflow)
        if sketch is None:
            return None
    return {
        "read": dict(note.read),
        "is_clean": note.is_clean,
        "compiled": [each.as_json() for each in note.compiled],
        "checked": None if note.checked is None else [each.as_json() for each in note.checked],
        "called": dict(note.called),
        "face": note.face,
        "sketch": sketch,
    }


def from_json(name: str, given: Mapping[str, Any]) -> Note:
    """The note again. Raises `LookupError`, `TypeError`, `ValueError` for any other JSON."""
    checked, sketch = given["checked"], given["sketch"]
    return Note(
        read=dict(given["read"]),
        is_clean=bool(given["is_clean"]),
        compiled=findings_from(given["compiled"]),
        workflow=None if sketch is None else _workflow(name, sketch),
        checked=None if checked is None else findings_from(checked),
        called=dict(given["called"]),
        face=str(given["face"]),
        is_sketch=True,
    )


def findings_from(given: list[dict[str, Any]]) -> tuple[Finding, ...]:
    """Findings as `Finding.as_json` writes them."""
    return tuple(Finding(**each) for each in given)


def _sketch(workflow: Workflow) -> dict[str, Any] | None:
    trigger, steps = workflow.trigger, list(steps_of(workflow))
    if not all(_is_known(each) for each in (workflow, trigger, *steps)):
        return None
    started: list[Any] = [type(trigger).__name__]
    if isinstance(trigger, Endpoint):
        started += [trigger.method, trigger.path]
    return {"trigger": started, "steps": [_step(each) for each in steps]}


def _is_known(part: Any) -> bool:
    """Whether no part of it is new to this module, or says anything."""
    if type(part) not in _KNOWN:
        return False
    known = _KNOWN[type(part)]
    return all(each.name in known or _is_default(part, each) for each in fields(part))


def _is_default(part: Any, field: Any) -> bool:
    made = field.default_factory() if field.default_factory is not MISSING else field.default
    return made is not MISSING and getattr(part, field.name) == made


def _step(step: Step) -> list[Any]:
    if isinstance(step, Do):
        return ["do", step.action, step.connection]
    if isinstance(step, Call):
        return ["call", step.workflow]
    return []


def _workflow(name: str, sketch: Mapping[str, Any]) -> Workflow:
    kind, *route = sketch["trigger"]
    trigger: Endpoint | Schedule | Inputs = Inputs()
    if kind == "Endpoint":
        method, path = route
        trigger = Endpoint(path=path, auth="", method=method)
    elif kind == "Schedule":
        trigger = Schedule()
    steps = tuple(_sketched(each) for each in sketch["steps"])
    return Workflow(name=name, version="", title="", trigger=trigger, steps=steps)


def _sketched(given: list[Any]) -> Step:
    """A step as flat as it was written down: those inside of it follow it."""
    if not given:
        return _ANY
    if given[0] == "call":
        return Call(slug="", position=_NOWHERE, workflow=given[1], inputs=_NOTHING)
    return Do(slug="", position=_NOWHERE, action=given[1], connection=given[2], inputs=_NOTHING)
