"""`hub run`: start a workflow by hand, with what a caller or another workflow would give it."""

from __future__ import annotations

import json
import threading
from typing import Any, TextIO
from uuid import UUID

import click

from hub.bootstrap import Hub
from hub.bootstrap.by_hand import start_by_hand
from hub.cli.console import complain, say, say_json
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment
from hub.cli.timeline import Teller
from hub.engine.findings import did_you_mean
from hub.engine.readiness import why_not_served
from hub.engine.workflow import Workflow
from hub.errors import NotPossible, Rejected
from hub.ingest.body import read_json
from hub.storage import reading, workers

_WORKER_COMES_WITHIN = 5.0  # seconds
_LOOK_EVERY = 0.2  # seconds between two looks at a run that is waited for


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
