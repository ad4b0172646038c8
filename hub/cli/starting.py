"""`hub run`: start a workflow by hand, with what a caller or another workflow would give it."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TextIO
from uuid import UUID

import click

from hub.bootstrap import Hub
from hub.cli.console import complain, say, say_json
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment
from hub.cli.timeline import Teller
from hub.engine.findings import did_you_mean
from hub.engine.readiness import why_not_served
from hub.engine.workflow import Endpoint, Inputs, OnEvent, ValueField, Workflow
from hub.errors import NotPossible, PayloadProblem, Rejected
from hub.ingest.body import read_json
from hub.ingest.entrance import open_entrance
from hub.schemas import compile_schema
from hub.storage import audit, reading, workers
from hub.storage.audit import Actor
from hub.storage.db import DatabaseClock, at_once
from hub.storage.deliveries import start_run
from hub.values import format_instant, plain

_WORKER_COMES_WITHIN = 5.0  # seconds
_LOOK_EVERY = 0.2  # seconds between two looks at a run that is waited for


class Refused(NotPossible):
    """What was given does not fit the workflow."""

    def __init__(self, problems: list[PayloadProblem]) -> None:
        told = "".join(f"\n  {each.pointer or '/'}: {each.message}" for each in problems)
        super().__init__(f"no run was started:{told}")


@example(
    "hub run appointment-outcome --payload outcome.json --wait",
    "hub run release-expired-phones",
    "hub run hold-phone-for-appointment --input lead_id=5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21"
    " --input appointment_time=2026-12-03T19:00:00Z --input source=broker",
)
@click.command()
@click.argument("workflow")
@click.option(
    "--payload",
    type=click.File("r", encoding="utf-8"),
    metavar="FILE",
    help="The payload as JSON; - reads stdin.",
)
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="NAME=VALUE",
    help="One input, or one part of the path or query. May be repeated.",
)
@click.option(
    "--mode",
    type=click.Choice(["live", "test", "simulate"]),
    help="Where effects go, instead of what the files say.",
)
@click.option("--wait", "is_waiting", is_flag=True, help="Wait for the end and tell the run.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_environment
def run(
    environment: Environment,
    *,
    workflow: str,
    payload: TextIO | None,
    inputs: tuple[str, ...],
    mode: str | None,
    is_waiting: bool,
    as_json: bool,
) -> None:
    """Start WORKFLOW by hand and print the id of its run.

    The payload is the one the workflow sees (of a tool: its arguments), and is checked as it would
    be at the door. With --wait the exit code is 1 unless the run succeeds.
    """
    environment.use_logs("error")
    with environment.hub() as hub:
        run_id = start_by_hand(
            hub,
            _workflow(hub, workflow),
            payload=_json(payload),
            inputs=_pairs(inputs),
            mode=mode,
            actor=environment.actor,
        )
        has_worker = _has_worker(hub, seconds=_WORKER_COMES_WITHIN if is_waiting else 0)
        if not has_worker:
            complain("hub: no worker is alive; the run begins when one is (`hub worker`)")
        if is_waiting and has_worker:
            _wait_and_tell(environment, hub, run_id, as_json=as_json)
        elif as_json:
            say_json({"id": run_id, "workflow": workflow, "status": "queued"})
        else:
            say(str(run_id))
        if is_waiting and not has_worker:
            raise click.exceptions.Exit(1)


def start_by_hand(
    hub: Hub,
    workflow: Workflow,
    *,
    payload: Any,
    inputs: Mapping[str, str],
    mode: str | None = None,
    actor: Actor,
) -> UUID:
    """Store the run and ring; its id. Raises `Refused` for what does not fit, or `Rejected`."""
    run_id = hub.new_id()
    trigger = _trigger(hub, workflow, run_id, payload, inputs)
    is_planned = "scheduled_at" in trigger
    new = hub.start(workflow, trigger).new_run(
        run_id, scheduled_at=_now(hub) if is_planned else None
    )
    if mode is not None:
        new = replace(new, mode=mode)
    hub.keep(workflow)
    told = {"run": str(run_id), "workflow": workflow.name, "mode": new.mode}
    with audit.act(hub.database, actor, "hub run") as act:
        start_run(act.connection, new)
        act.note(told, after={**told, "trigger": plain(trigger)})
    hub.doorbell.ring(run_id)
    return run_id


def _now(hub: Hub) -> datetime:
    """The time that runs go by: the database's (E13), unless a test has one of its own."""
    with at_once(hub.database) as connection:
        return (hub.runs_clock or DatabaseClock(connection)).now()


def _workflow(hub: Hub, name: str) -> Workflow:
    if name in hub.project.broken:
        raise NotPossible(f"{name} has mistakes: run `hub check`")
    found = hub.project.served.get(name)
    if found is not None:
        return found
    if name in hub.project.unserved:
        reason = why_not_served(hub.project.unserved[name])
        raise NotPossible(f"{name} is not served: {reason}; see `hub actions`")
    known = ", ".join(sorted(hub.project.workflows)) or "none"
    meant = did_you_mean(name, hub.project.workflows)
    hint = f": {meant}" if meant else f"; there are: {known}"
    raise NotPossible(f"there is no workflow {name}{hint}")


def _json(file: TextIO | None) -> Any:
    """The payload, read as strictly as at the door; None when none was given."""
    if file is None:
        return None
    try:
        text = file.read()
    except UnicodeDecodeError:
        raise NotPossible(f"{file.name} is not UTF-8") from None
    try:
        return read_json(text.encode()).value
    except Rejected as refused:
        raise NotPossible(f"{file.name}{_place(text)}: {refused.title}") from None


def _place(text: str) -> str:
    """`:line:column` of the first fault, where a reader of JSON sees one."""
    try:
        json.loads(text)
    except json.JSONDecodeError as fault:
        return f":{fault.lineno}:{fault.colno}"
    except (ValueError, RecursionError):
        return ""
    return ""


def _pairs(texts: tuple[str, ...]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    for name, sign, _ in pairs:
        if not sign or not name:
            raise click.BadParameter(f"{name!r} is not NAME=VALUE", param_hint="--input")
    return {name: value for name, _, value in pairs}


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


# --------------------------------------------------------------------------------------- waiting


def _has_worker(hub: Hub, *, seconds: float) -> bool:
    """Whether a worker lives; one that is just starting is given a moment."""
    pause, left = threading.Event(), seconds
    while workers.count_alive(hub.database) == 0:
        if left <= 0:
            return False
        pause.wait(_LOOK_EVERY)
        left -= _LOOK_EVERY
    return True


def _wait_and_tell(environment: Environment, hub: Hub, run_id: UUID, *, as_json: bool) -> None:
    teller = Teller(environment)
    pause = threading.Event()
    while not _has_ended(hub, run_id):
        pause.wait(_LOOK_EVERY)
    with hub.database.connect() as connection:
        told = teller.read(connection, run_id)
    if as_json:
        say_json(teller.as_json(told))
    else:
        teller.say(told)
    if told.facts.line.status != "succeeded":
        raise click.exceptions.Exit(1)


def _has_ended(hub: Hub, run_id: UUID) -> bool:
    with hub.database.connect() as connection:
        facts = reading.find_run(connection, run_id)
    return facts is not None and facts.line.ended_at is not None
