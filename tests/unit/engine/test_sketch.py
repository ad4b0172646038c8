"""A sketch holds all that joins a workflow with others, and nothing that is not looked at."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass

from hub.action import Action
from hub.engine import workflow as model
from hub.engine.compile.link import called_names, calls_of
from hub.engine.notes import Note
from hub.engine.readiness import missing_actions, note_of
from hub.engine.sketch import as_json, from_json
from hub.engine.workflow import Endpoint, Workflow
from tests.unit.engine.shipped import shipped, shipped_actions

STEP = {"slug", "position", "id", "name", "condition"}
ENDS = {"timeout", "on_error"}

JOINS: dict[str, set[str]] = {
    "Workflow": {"name", "trigger", "steps", "on_error", "on_cancel", "called"},
    "Endpoint": {"path", "method"},
    "Schedule": set(),
    "OnEvent": set(),
    "Inputs": set(),
    "Position": {"file", "line", "column"},
    "Do": {"action", "position", "on_error", "compensate"},
    "Call": {"workflow", "position", "on_error", "compensate"},
    "Wait": {"poll", "position", "on_error", "on_timeout"},
    "Poll": {"ask"},
    "Parallel": {"branches", "on_error"},
    "Group": {"body", "on_error", "compensate"},
    "If": {"branches", "otherwise"},
    "Switch": {"cases", "otherwise"},
    "ForEach": {"body", "on_error"},
}
"""What the linker and readiness look at: names of others, the places of steps, inner blocks."""

ALONE: dict[str, set[str]] = {
    "Workflow": {
        *("version", "title", "description", "tags", "is_enabled", "timezone", "mode"),
        *("concurrency", "timeout", "vars", "fixed_vars", "cancel_on", "event_schemas"),
    },
    "Endpoint": {
        *("auth", "dialect", "tool", "payload_path", "payload_schema", "params", "query"),
        *("headers", "rate_limit", "cors", "max_body", "timezone", "dedupe", "respond"),
    },
    "Origins": {"written", "from_config"},
    "Schedule": {"every", "cron", "timezone", "overlap", "missed"},
    "OnEvent": {"names", "only_if"},
    "Inputs": {"fields"},
    "Step": STEP,
    "Do": {
        *(STEP - {"position"}),
        *("inputs", "connection", "retry", "timeout", "delivery", "idempotency_key", "once_per"),
    },
    "Call": {*(STEP - {"position"}), "inputs", "is_detached", "retry", "timeout"},
    "Wait": {*(STEP - {"position"}), "duration", "until", "events", "key", "only_if", "timeout"},
    "Poll": {"every", "done_if", "data"},
    "Emit": {*STEP, "event", "key", "data"},
    "Parallel": {*STEP, "wait_for", "timeout"},
    "Group": {*STEP, "timeout"},
    "Continue": {*STEP, "value"},
    "If": STEP,
    "Switch": {*STEP, "subject"},
    "ForEach": {*STEP, "item_name", "items", "max_parallel", "on_item_error", "collect", "timeout"},
    "Vars": {*STEP, "values"},
    "Reply": {*STEP, "value", "status", "headers"},
    "Return": {*STEP, "value", "status", "headers"},
    "Fail": {*STEP, "code", "message", "status"},
    "Log": {*STEP, "text", "level"},
    "Retry": {"attempts", "first", "factor", "maximum", "jitter", "only_if"},
    "Accepted": set(),
    "AtOnce": {"body", "status"},
    "Within": {"deadline", "otherwise", "failed", "status"},
    "Dedupe": {"key", "window", "on_duplicate"},
    "RateLimit": {"count", "window", "per"},
    "ValueField": {"name", "schema", "is_optional", "default"},
    "Concurrency": {"key", "limit", "when_full"},
    "CancelOn": {"events", "key", "only_if"},
}
"""What is checked in its own file and the files this one names, or seen in the face of a callee."""


def sketched(workflow: Workflow, actions: Mapping[str, Action] | None = None) -> Workflow:
    """As another process knows it, which has these actions."""
    note = Note(read={}, compiled=(), workflow=workflow)
    given = json.loads(json.dumps(as_json(note, actions or shipped_actions())))
    found = from_json(workflow.name, given).workflow
    assert found is not None
    return found


def test_each_part_of_the_model_is_known_to_join_files_or_to_stand_alone():
    """Whoever adds a part must say here whether a note for another process has to hold it."""
    parts = {
        name: {each.name for each in fields(part)}
        for name, part in inspect.getmembers(model, is_dataclass)
        if part.__module__ == model.__name__
    }

    assert {name: JOINS.get(name, set()) | ALONE.get(name, set()) for name in parts} == parts
    assert JOINS.keys() | ALONE.keys() == parts.keys()
    assert all(not JOINS.get(name, set()) & ALONE.get(name, set()) for name in parts)


def test_a_sketch_has_the_door_and_the_calls_of_its_workflow():
    for workflow in shipped().workflows.values():
        sketch = sketched(workflow)

        assert type(sketch.trigger) is type(workflow.trigger)
        assert called_names(sketch) == called_names(workflow)
        assert [each.position for each in calls_of(sketch)] == [
            each.position for each in calls_of(workflow)
        ]
        if isinstance(workflow.trigger, Endpoint) and isinstance(sketch.trigger, Endpoint):
            assert sketch.trigger.path == workflow.trigger.path
            assert sketch.trigger.method == workflow.trigger.method


def sketched_with_calls(workflow: Workflow, actions: Mapping[str, Action]) -> Workflow:
    called = {name: sketched_with_calls(each, actions) for name, each in workflow.called.items()}
    return model.Workflow(**{**vars(sketched(workflow, actions)), "called": called})


def test_a_sketch_waits_for_the_same_actions_at_the_same_place():
    actions = {name: each for name, each in shipped_actions().items() if name != "email.send"}
    resting = 0
    for workflow in shipped().workflows.values():
        sketch = sketched_with_calls(workflow, actions)

        assert missing_actions(sketch, actions) == missing_actions(workflow, actions)
        assert note_of(sketch, actions) == note_of(workflow, actions)
        resting += bool(missing_actions(workflow, actions))
    assert resting
