"""`hub runs`: which runs there are, and what one of them did."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import click

from hub.bootstrap.retelling import line_as_json
from hub.cli.console import complain, duration, instant, say, say_json, table
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment
from hub.cli.timeline import Teller
from hub.engine.findings import did_you_mean
from hub.errors import Misconfigured
from hub.storage import reading
from hub.storage.reading import STATUSES, NotedDelivery, RunLine


@example(
    "hub runs",
    "hub runs --status failed --workflow appointment-outcome",
    "hub runs --request 019a9f10-2c4d-7bb0-8c11-5d3f0e9a7c02",
    "hub runs --ignored --workflow calcom-appointment-outcome",
    "hub runs --json --limit 1000 | jq -r 'select(.maybe_done) | .id'",
    "hub runs show 019a9f10-2c4e-7aa1-9d53-0f2b6c1e7d10",
)
@click.group(invoke_without_command=True)
@click.option(
    "--status", "statuses", multiple=True, type=click.Choice(STATUSES), help="May be repeated."
)
@click.option("--workflow", metavar="NAME", help="Only runs of this workflow.")
@click.option(
    "--request",
    type=click.UUID,
    metavar="ID",
    help="Only runs that this request made: X-Request-Id of the answer, `instance` of a refusal.",
)
@click.option(
    "--ignored",
    is_flag=True,
    help="Requests that made no run, or not all, or came to the wrong place, with the reason.",
)
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1, 100_000), help="How many."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
@pass_environment
def runs(
    environment: Environment,
    context: click.Context,
    *,
    statuses: tuple[str, ...],
    workflow: str | None,
    request: UUID | None,
    ignored: bool,
    limit: int,
    as_json: bool,
) -> None:
    """List runs, the newest first; `hub runs show ID` tells one of them."""
    if context.invoked_subcommand is not None:
        return
    environment.use_logs("error")
    teller = Teller(environment)
    with environment.database() as engine, engine.connect() as connection:
        lines = reading.list_runs(
            connection, statuses=statuses, workflow=workflow, request=request, limit=limit
        )
        noted = (
            reading.list_noted(connection, endpoint=workflow, request=request, limit=limit)
            if ignored or request
            else []
        )
    if workflow is not None and not (lines or noted):
        _doubt(environment, workflow)
    if ignored:
        _list_ignored(teller, noted, as_json=as_json)
    else:
        _list_runs(lines, as_json=as_json)
    if request is not None and not (ignored or as_json):
        for each in noted:
            say(f"{each.endpoint} took it and noted: {teller.why(each)}")
        if not (lines or noted):
            complain(_WITHOUT_RUNS)


def _list_runs(lines: Sequence[RunLine], *, as_json: bool) -> None:
    if as_json:
        for line in lines:
            say_json(line_as_json(line))
    elif lines:
        table(("run", "workflow", "status", "accepted", "took", "mode", ""), map(_cells, lines))
    else:
        say("no runs")


_WITHOUT_RUNS = (
    "A request that was refused makes no run, nor does one that repeats another:"
    " the line `request` with its id in the log of `hub web` says what became of it."
)


def _list_ignored(teller: Teller, noted: Sequence[NotedDelivery], *, as_json: bool) -> None:
    """Tell requests that made no run, or not all of them."""
    if as_json:
        for each in noted:
            said = {"request": each.id, "workflow": each.endpoint, "received_at": each.received_at}
            say_json({**said, "reason": teller.why(each)})
    elif noted:
        cells = [
            (str(each.id), each.endpoint, instant(each.received_at), teller.why(each))
            for each in noted
        ]
        table(("request", "workflow", "received", "reason"), cells)
    else:
        say("no such requests")


def _doubt(environment: Environment, name: str) -> None:
    """Tell of a workflow that is not in the project: the name may be mistyped."""
    try:
        project = environment.loaded.project
    except Misconfigured:
        return
    known = {*project.workflows, *project.broken}
    if name not in known:
        meant = did_you_mean(name, known)
        complain(f"hub: there is no workflow {name}" + (f": {meant}" if meant else ""))


def _cells(line: RunLine) -> tuple[str, ...]:
    took = duration(None if line.ended_at is None else line.ended_at - line.created_at)
    said = "" if line.error is None else str(line.error.get("code", ""))
    notes = [said] if said else []
    if line.is_maybe_done:
        notes.append("maybe done: an effect may have happened")
    if line.retry_of:
        notes.append("run again by hand")
    return (
        str(line.id),
        line.workflow,
        line.status,
        instant(line.created_at),
        took,
        line.mode,
        ", ".join(notes),
    )


@example(
    "hub runs show 019a9f10-2c4e-7aa1-9d53-0f2b6c1e7d10",
    "hub runs show --json 019a9f10-2c4e-7aa1-9d53-0f2b6c1e7d10 | jq .steps",
)
@runs.command()
@click.argument("run_id", metavar="ID", type=click.UUID)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_environment
def show(environment: Environment, *, run_id: UUID, as_json: bool) -> None:
    """Tell one run: the request, every step with inputs and result, the answer.

    Secrets are never shown, also not those that callers send inside their bodies.
    """
    environment.use_logs("error")
    teller = Teller(environment)
    with environment.database() as engine, engine.connect() as connection:
        told = teller.read(connection, run_id)
    if as_json:
        say_json(teller.as_json(told))
    else:
        teller.say(told)
