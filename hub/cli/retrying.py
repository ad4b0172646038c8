"""`hub retry` and `hub cancel`: what an operator does to a run."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

import click
from sqlalchemy.exc import IntegrityError

from hub.action import Action
from hub.bootstrap import Hub
from hub.cli.console import say, say_json
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment
from hub.engine.workflow import DEFAULT_WINDOW, Endpoint
from hub.errors import NotPossible
from hub.queue import Doorbell
from hub.storage import audit, reading
from hub.storage.audit import Actor
from hub.storage.reading import RunFacts, StepFacts
from hub.storage.retry import (
    RetryPlan,
    holder_of_key,
    plan_from_start,
    plan_from_step,
    step_to_repeat,
    store_retry,
)
from hub.storage.runs import request_cancel


@example(
    "hub retry 019a9f10-2c4e-7aa1-9d53-0f2b6c1e7d10",
    "hub retry 019a9f10-2c4e-7aa1-9d53-0f2b6c1e7d10 --from announce --yes",
)
@click.command()
@click.argument("run_id", metavar="RUN", type=click.UUID)
@click.option(
    "--from",
    "start_at",
    metavar="STEP",
    help="Begin at this step (its id, or its path in `hub runs show`) instead of the failed one.",
)
@click.option("--yes", is_flag=True, help="Repeat effects without asking.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_environment
def retry(
    environment: Environment, *, run_id: UUID, start_at: str | None, yes: bool, as_json: bool
) -> None:
    """Run again what RUN did not get done, as a new run with the same version of the workflow.

    Results before the failed step are taken over; a run that succeeded begins at its first step,
    one that was undone at the first step that was.
    Asks before anything is sent a second time.
    """
    environment.use_logs("error")
    with environment.hub() as hub:
        with hub.database.connect() as connection:
            facts = _ended_run(reading.find_run(connection, run_id), run_id)
            steps = reading.timeline(connection, run_id)
            again = reading.run_again(connection, run_id)
            holder = holder_of_key(connection, run_id, facts.line.dedupe_key)
        plan = _plan(facts, steps, start_at)
        doubts = [f"it was run again already, as run {each}" for each in again]
        if holder is not None and holder not in again:
            doubts.append(f"the same request came again and made run {holder}")
        doubts += _effects(plan.repeated, hub.actions)
        if not yes:
            _ask(doubts)
        new_id = retry_run(hub, facts, plan, environment.actor)
    if as_json:
        say_json({"id": new_id, "retry_of": run_id, "taken_over": list(plan.kept)})
    else:
        say(str(new_id))


def retry_run(hub: Hub, facts: RunFacts, plan: RetryPlan, actor: Actor) -> UUID:
    """Store the new run and ring; its id. Raises `NotPossible` when the old one goes meanwhile."""
    line = facts.line
    workflow = hub.program(line.version)
    start = hub.start(workflow, facts.trigger)
    dedupe = workflow.trigger.dedupe if isinstance(workflow.trigger, Endpoint) else None
    new = replace(
        start.new_run(hub.new_id(), scheduled_at=facts.scheduled_at),
        version=line.version,
        mode=line.mode,
        dedupe_key=line.dedupe_key,
        window=DEFAULT_WINDOW if dedupe is None else dedupe.window,
        retry_of=line.id,
    )
    told = {"run": str(new.id), "retry_of": str(line.id)}
    try:
        with audit.act(hub.database, actor, "hub retry") as act:
            store_retry(act.connection, source=line.id, run=new, plan=plan)
            act.note(told, before={"status": line.status}, after={**told, "kept": plan.kept})
    except IntegrityError:
        raise NotPossible(f"run {line.id} was just removed: its period is over") from None
    hub.doorbell.ring(new.id)
    return new.id


def _ended_run(facts: RunFacts | None, run_id: UUID) -> RunFacts:
    if facts is None:
        raise NotPossible(f"there is no run {run_id}")
    if facts.line.ended_at is None:
        raise NotPossible(
            f"run {run_id} is {facts.line.status}: wait for its end, or `hub cancel` it first"
        )
    return facts


def _plan(facts: RunFacts, steps: Sequence[StepFacts], start_at: str | None) -> RetryPlan:
    if start_at is not None:
        return plan_from_step(steps, _path_of(steps, start_at))
    if facts.line.status == "succeeded":
        return plan_from_start(steps)
    failed_at = str(facts.line.error.get("step") or "") if facts.line.error else ""
    return plan_from_step(steps, step_to_repeat(steps, failed_at))


def _path_of(steps: Sequence[StepFacts], wanted: str) -> str:
    """The path of a step that was reached; raises `NotPossible` naming those that were."""
    if any(step.path == wanted for step in steps):
        return wanted
    found = [step.path for step in steps if step.step_id == wanted]
    if len(found) == 1:
        return found[0]
    if found:
        raise NotPossible(f"{wanted} was done more than once; say which: {', '.join(found)}")
    reached = [step.path for step in steps if step.step_id]
    raise NotPossible(
        f"the run did not reach a step {wanted}; it reached: {', '.join(reached) or 'none'}"
    )


_UNDOING = ".undo/"  # steps that undo belong to the old run


def _effects(steps: Sequence[StepFacts], actions: Mapping[str, Action]) -> list[str]:
    """Sentences on what would leave the hub a second time, for sure or perhaps."""
    told = []
    for step in steps:
        action = actions.get(step.action or "")
        is_outward = action is None or (action.outward and action.effect != "read")
        is_undoing = _UNDOING in step.path
        if step.kind != "do" or step.is_simulated or is_undoing or not is_outward:
            continue
        if step.status == "succeeded":
            told.append(f"{step.path} ({step.action}) was done")
        elif step.status == "started" or (step.error or {}).get("maybe_done"):
            told.append(f"{step.path} ({step.action}) may have been done: nobody knows")
    return told


def _ask(doubts: Sequence[str]) -> None:
    if not doubts:
        return
    listed = "".join(f"\n  {doubt}" for doubt in doubts)
    if not sys.stdin.isatty():
        raise NotPossible(f"this would be done again; say --yes if it shall be:{listed}")
    click.confirm(f"This would be done again:{listed}\nGo on?", abort=True, err=True)


@example("hub cancel 019a9f10-2c4e-7aa1-9d53-0f2b6c1e7d10")
@click.command()
@click.argument("run_id", metavar="RUN", type=click.UUID)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_environment
def cancel(environment: Environment, *, run_id: UUID, as_json: bool) -> None:
    """End RUN before its time.

    What it did is undone as its steps say (`compensate`), then its `on_cancel` runs.
    """
    environment.use_logs("error")
    with environment.changing("hub cancel") as act:
        status = request_cancel(act.connection, run_id)
        if status is None:
            raise NotPossible(f"there is no run {run_id}")
        if status in reading.ENDED:
            raise NotPossible(f"run {run_id} is over ({status}): there is nothing to cancel")
        before = {"status": status}
        act.note({"run": str(run_id)}, before=before, after={**before, "cancel_requested": True})
    if environment.settings.redis_url:
        Doorbell(environment.settings.redis_url).ring(run_id)
    if as_json:
        say_json({"id": run_id, "status": status, "cancel_requested": True})
    elif status == "running":
        say(f"run {run_id} ends before its next step; the step in hand is finished first")
    else:
        say(f"run {run_id} was {status} and ends as soon as a worker sees it")
