"""Which names a workflow sees, and of which types (language, chapter 11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from hub.engine.compile.link import fixed_vars_of
from hub.engine.compile.waits import event_path
from hub.engine.expressions import Type, TypeEnv, type_from_schema, type_of_fields
from hub.engine.expressions.environment import PathKey
from hub.engine.expressions.types import (
    ANYTHING,
    Boolean,
    Instant,
    Integer,
    ObjectType,
    Text,
    object_type,
    union_of,
)
from hub.engine.settings import ProjectSettings
from hub.engine.workflow import (
    Endpoint,
    Inputs,
    OnEvent,
    Schedule,
    ValueField,
    Workflow,
)

RESERVED = frozenset(
    {
        *("payload", "params", "query", "headers", "caller", "request", "inputs", "event"),
        *("steps", "vars", "config", "secrets", "run", "error", "result", "omit"),
        *("true", "false", "null", "and", "or", "not", "in", "is", "if", "else"),
    }
)
"""Names that no `for_each` may take."""

STANDARD_CODES = frozenset(
    {
        *("timeout", "unavailable", "rate_limited", "internal"),
        *("unauthorized", "not_found", "conflict", "invalid_input", "rejected"),
        *("missing_value", "outcome_unknown", "cancelled", "not_configured", "poison"),
    }
)
"""Codes that any step may fail with (chapter 8)."""

_OF_ENDPOINTS = ("payload", "params", "query", "headers", "caller", "request")
_TEXT = Text()
_RUN: Mapping[str, Type] = {
    "id": _TEXT,
    "workflow": _TEXT,
    "version": _TEXT,
    "mode": Text(frozenset({"live", "test", "simulate"})),
    "started_at": Instant(),
    "attempt": Integer(),
    "test": Boolean(),
}


def door_env(workflow: Workflow, settings: ProjectSettings) -> TypeEnv:
    """What is known before the run starts: the trigger's names and `config`."""
    names = {**_trigger_names(workflow), "config": _config(settings)}
    why = dict.fromkeys(("steps", "vars", "run", "error"), "it is known only while the run goes on")
    why = {**_elsewhere(workflow), **why, "secrets": _SECRET_HERE}
    return TypeEnv(names, why=why, sources=_sources(workflow), variants=_variants(workflow))


def answer_env(workflow: Workflow, settings: ProjectSettings) -> TypeEnv:
    """What an answer sees that needs no step, and what cancels a run: the run is stored."""
    stored = object_type({name: _RUN[name] for name in ("id", "workflow", "version", "mode")})
    return door_env(workflow, settings).with_names({"run": stored})


def project_env(settings: ProjectSettings) -> TypeEnv:
    """What `hub.yaml` itself may use."""
    return TypeEnv({"config": _config(settings)})


def start_env(workflow: Workflow, settings: ProjectSettings) -> TypeEnv:
    """What the first step sees."""
    names: dict[str, Type] = {
        **_trigger_names(workflow),
        "config": _config(settings),
        "secrets": object_type({name: Text(is_secret=True) for name in settings.secrets}),
        "run": _run(workflow),
        "steps": ObjectType(),
        "vars": ObjectType(),
    }
    why = {"error": "it exists only in `on_error`", "result": "it exists only in a poll"}
    why = {**_elsewhere(workflow), **why}
    return TypeEnv(
        names,
        why=why,
        sources=_sources(workflow),
        variants=_variants(workflow),
        fixed_vars=fixed_vars_of(workflow),
    )


def event_env(env: TypeEnv, names: Iterable[str], workflow: Workflow) -> TypeEnv:
    """What an `only_if` sees: the event that may be the one."""
    told = tuple(names)
    seen = env.with_names({"event": event_type(told, workflow.event_schemas)})
    return replace(
        seen,
        sources={**seen.sources, **_event_source(told)},
        variants={**seen.variants, **_event_variants(told, workflow)},
    )


def error_type(codes: Iterable[str] | None) -> Type:
    """`error` of an `on_error`: its code is one of these or of the standard ones, or any text."""
    return object_type(
        {
            "code": _TEXT if codes is None else Text(STANDARD_CODES | frozenset(codes)),
            "message": _TEXT,
            "step": _TEXT,
            "attempts": Integer(),
            "maybe_done": Boolean(),
        },
        {"status": Integer()},
    )


def fields_schema(fields: Iterable[ValueField]) -> dict[str, Any]:
    """The JSON Schema of declared values as one object."""
    declared = list(fields)
    return {
        "type": "object",
        "properties": {each.name: dict(each.schema) for each in declared},
        "required": [
            each.name for each in declared if not each.is_optional and each.default is None
        ],
        "additionalProperties": False,
    }


def event_type(names: Iterable[str], schemas: Mapping[str, Mapping[str, Any]]) -> Type:
    """`event`: its name is one of these, its data what one of their schemas says."""
    known = [name for name in names if name in schemas]
    data = union_of(type_from_schema(schemas[name]) for name in known) if known else ANYTHING
    return object_type(
        {"name": Text(frozenset(names)), "key": _TEXT, "data": data, "at": Instant()}
    )


def _sources(workflow: Workflow) -> dict[PathKey, str]:
    """The files that describe what the trigger brings."""
    trigger = workflow.trigger
    if isinstance(trigger, Endpoint) and trigger.payload_path is not None:
        return {("payload",): trigger.payload_path}
    return _event_source(trigger.names) if isinstance(trigger, OnEvent) else {}


def _event_source(names: tuple[str, ...]) -> dict[PathKey, str]:
    return {("event", "data"): event_path(names[0])} if len(names) == 1 else {}


def _variants(workflow: Workflow) -> dict[PathKey, Mapping[str, Type]]:
    trigger = workflow.trigger
    return _event_variants(trigger.names, workflow) if isinstance(trigger, OnEvent) else {}


def _event_variants(
    names: tuple[str, ...], workflow: Workflow
) -> dict[PathKey, Mapping[str, Type]]:
    """Of several events the name says which data came."""
    if len(names) <= 1:
        return {}
    schemas = workflow.event_schemas
    return {("event", "name"): {name: event_type([name], schemas) for name in names}}


def _trigger_names(workflow: Workflow) -> dict[str, Type]:
    trigger = workflow.trigger
    if isinstance(trigger, Inputs):
        return {"inputs": _fields(trigger.fields)}
    if isinstance(trigger, OnEvent):
        return {"event": event_type(trigger.names, workflow.event_schemas)}
    return {} if isinstance(trigger, Schedule) else _endpoint_names(trigger)


def _endpoint_names(endpoint: Endpoint) -> dict[str, Type]:
    schema = endpoint.payload_schema
    names: dict[str, Type] = {
        "params": _fields(endpoint.params),
        "query": _fields(endpoint.query),
        "headers": object_type(
            {}, {name.lower().replace("-", "_"): _TEXT for name in endpoint.headers}
        ),
        "caller": object_type(
            {"ip": _TEXT, "dialect": _TEXT, "delivery_id": _TEXT},
            {"call_id": _TEXT, "phone": _TEXT, "assistant_id": _TEXT, "key_id": _TEXT},
        ),
        "request": object_type(
            {"id": _TEXT, "received_at": Instant(), "method": _TEXT, "path": _TEXT}
        ),
    }
    if endpoint.method not in ("GET", "DELETE"):
        names["payload"] = ANYTHING if schema is None else type_from_schema(schema)
    return names


def _fields(fields: Iterable[ValueField]) -> Type:
    declared = list(fields)
    optional = [each.name for each in declared if _may_be_missing(each)]
    return type_of_fields({each.name: each.schema for each in declared}, optional=optional)


def _may_be_missing(field: ValueField) -> bool:
    return field.is_optional and field.default is None


def _config(settings: ProjectSettings) -> Type:
    return object_type(
        {name: type_from_schema(each.schema) for name, each in settings.config.items()}
    )


def _run(workflow: Workflow) -> Type:
    planned: dict[str, Type] = {"scheduled_at": Instant()}
    if isinstance(workflow.trigger, Schedule):
        return object_type({**_RUN, **planned})
    return object_type(_RUN, planned if isinstance(workflow.trigger, Inputs) else {})


def _elsewhere(workflow: Workflow) -> Mapping[str, str]:
    """Names of the language that this kind of workflow does not have."""
    trigger = workflow.trigger
    why = {}
    if not isinstance(trigger, OnEvent):
        why["event"] = "it exists only in workflows with `event`, and in `only_if`"
    if not isinstance(trigger, Inputs):
        why["inputs"] = "it exists only in workflows with `inputs`"
    if not isinstance(trigger, Endpoint):
        only = "it exists only in workflows with `endpoint`"
        hint = "; what is called sees only its `inputs`" if isinstance(trigger, Inputs) else ""
        why |= dict.fromkeys(_OF_ENDPOINTS, only + hint)
    elif trigger.method in ("GET", "DELETE"):
        why["payload"] = f"a {trigger.method} request has none"
    why |= {
        "env": "write `config.<name>` and declare it in hub.yaml",
        "item": "it has the name that `for_each` gives it",
    }
    return why


_SECRET_HERE = "a secret may only go into inputs of actions"  # noqa: S105 - a message
