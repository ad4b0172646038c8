"""Starting a workflow by hand, for commands and the console: what it is given is checked first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.bootstrap.hub import Hub
from hub.engine.workflow import Endpoint, Inputs, OnEvent, ValueField, Workflow
from hub.errors import NotPossible, PayloadProblem
from hub.ingest.entrance import open_entrance
from hub.schemas import compile_schema
from hub.storage import audit
from hub.storage.audit import Actor
from hub.storage.db import DatabaseClock, at_once
from hub.storage.deliveries import start_run
from hub.values import format_instant, plain


class Refused(NotPossible):
    """What was given does not fit the workflow."""

    def __init__(self, problems: list[PayloadProblem]) -> None:
        told = "".join(f"\n  {each.pointer or '/'}: {each.message}" for each in problems)
        super().__init__(f"no run was started:{told}")


def start_by_hand(
    hub: Hub,
    workflow: Workflow,
    *,
    payload: Any,
    inputs: Mapping[str, str],
    mode: str | None = None,
    caller: Mapping[str, str] | None = None,
    actor: Actor,
    action: str = "hub run",
) -> UUID:
    """Store the run and ring; its id. Raises `Refused` for what does not fit, or `Rejected`.

    `caller` is what an endpoint would know of who calls.
    """
    run_id = hub.new_id()
    trigger = _trigger(hub, workflow, run_id, payload, inputs)
    if caller is not None:
        trigger["caller"] = {**trigger.get("caller", {}), **caller}
    is_planned = "scheduled_at" in trigger
    new = hub.start(workflow, trigger).new_run(
        run_id, scheduled_at=_now(hub) if is_planned else None
    )
    if mode is not None:
        new = replace(new, mode=mode)
    hub.keep(workflow)
    told = {"run": str(run_id), "workflow": workflow.name, "mode": new.mode}
    with audit.act(hub.database, actor, action) as act:
        start_run(act.connection, new)
        act.note(told, after={**told, "trigger": plain(trigger)})
    hub.doorbell.ring(run_id)
    return run_id


def _now(hub: Hub) -> datetime:
    """The time that runs go by: the database's (E13), unless a test has one of its own."""
    with at_once(hub.database) as connection:
        return (hub.runs_clock or DatabaseClock(connection)).now()


# -------------------------------------------------------------------------------------- triggers


def _trigger(
    hub: Hub, workflow: Workflow, run_id: UUID, payload: Any, inputs: Mapping[str, str]
) -> dict[str, Any]:
    if isinstance(workflow.trigger, Endpoint):
        prepared = _prepared(hub, workflow, workflow.trigger, payload, inputs)
        return {**prepared, **_facts(hub, workflow.trigger, run_id)}
    if isinstance(workflow.trigger, Inputs):
        return {"inputs": read_inputs(workflow.trigger.fields, payload, inputs)}
    if isinstance(workflow.trigger, OnEvent):
        return {"event": _event(hub, workflow, workflow.trigger, payload, inputs)}
    if payload is not None or inputs:
        raise NotPossible(f"{workflow.name} is started by a schedule: it takes nothing")
    return {"scheduled_at": format_instant(_now(hub))}


def _event(
    hub: Hub, workflow: Workflow, trigger: OnEvent, payload: Any, inputs: Mapping[str, str]
) -> dict[str, Any]:
    """An event that nobody emitted: the payload is its data, `name` and `key` are inputs."""
    names = trigger.names
    given = {"name": names[0] if len(names) == 1 else "", "key": "", **inputs}
    problems = [
        PayloadProblem(f"/{name}", "is not known") for name in inputs if name not in ("name", "key")
    ]
    if given["name"] not in names:
        problems.append(PayloadProblem("/name", f"is one of {', '.join(names)}"))
    data = {} if payload is None else payload
    schema = compile_schema(workflow.event_schemas.get(given["name"], {}))
    problems += schema.problems(data)
    if problems:
        raise Refused(problems)
    at = format_instant(_now(hub))
    return {"name": given["name"], "key": given["key"], "data": data, "at": at}


def _prepared(
    hub: Hub, workflow: Workflow, endpoint: Endpoint, payload: Any, inputs: Mapping[str, str]
) -> dict[str, Any]:
    """Payload, path and query, checked as at the door; raises `Refused`."""
    entrance = open_entrance(workflow, endpoint, hub.project.settings)
    given = {name: [value] for name, value in inputs.items()}
    params, wrong_params = entrance.params.read(given)
    query, wrong_query = entrance.query.read(given)
    known = {field.name for field in (*endpoint.params, *endpoint.query)}
    unknown = [PayloadProblem(f"/{name}", "is not known") for name in inputs if name not in known]
    prepared = entrance.prepare({} if payload is None else payload)
    problems = [*wrong_params, *wrong_query, *unknown, *prepared.problems]
    if problems:
        raise Refused(problems)
    return {"payload": prepared.value, "params": params, "query": query, "headers": {}}


def _facts(hub: Hub, endpoint: Endpoint, run_id: UUID) -> dict[str, Any]:
    """What the request itself would have told."""
    return {
        "caller": {"ip": "", "dialect": endpoint.dialect, "delivery_id": str(run_id)},
        "request": {
            "id": str(run_id),
            "received_at": format_instant(_now(hub)),
            "method": endpoint.method,
            "path": endpoint.path,
        },
    }


def read_inputs(
    fields: tuple[ValueField, ...], payload: Any, given: Mapping[str, str]
) -> dict[str, Any]:
    """The inputs from a JSON object and from texts, checked by their schemas; raises `Refused`."""
    if payload is not None and not isinstance(payload, dict):
        raise Refused([PayloadProblem("", "must be an object with one member for each input")])
    schemas = {field.name: dict(field.schema) for field in fields}
    values = {
        **{field.name: field.default for field in fields if field.default is not None},
        **(payload or {}),
        **{name: _of_text(text, schemas.get(name, {})) for name, text in given.items()},
    }
    required = [field.name for field in fields if not field.is_optional and field.default is None]
    problems = compile_schema(
        {
            "type": "object",
            "properties": schemas,
            "required": required,
            "additionalProperties": False,
        }
    ).problems(values)
    if problems:
        raise Refused(problems)
    return values


def _of_text(text: str, schema: Mapping[str, Any]) -> Any:
    """The text itself where text is wanted, else what it says as JSON."""
    if schema.get("type") == "string":
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
