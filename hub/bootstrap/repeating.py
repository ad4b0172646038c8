"""Running again by hand, for commands and the console: what would be done, and doing it (E20)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from hub.action import Action
from hub.bootstrap.hub import Hub
from hub.engine.workflow import DEFAULT_WINDOW, Endpoint, Workflow
from hub.errors import NotPossible
from hub.storage import audit, reading
from hub.storage.audit import Act, Actor
from hub.storage.deliveries import start_run
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

_UNDOING = ".undo/"  # steps that undo belong to the old run


@dataclass(frozen=True)
class Repetition:
    """A run that would be run again; `doubts` are sentences on what would happen a second time."""

    facts: RunFacts
    plan: RetryPlan
    doubts: tuple[str, ...]


def plan_repetition(
    connection: Connection,
    run_id: UUID,
    start_at: str | None,
    actions: Mapping[str, Action],
    *,
    is_anew: bool = False,
) -> Repetition:
    """What running it again would do, beginning at a step, where it stopped, or all of it anew.

    Raises `NotPossible` for a run that is not there or goes on, and for a step it did not reach.
    """
    facts = _ended_run(reading.find_run(connection, run_id), run_id)
    steps = reading.timeline(connection, run_id)
    again = reading.run_again(connection, run_id)
    holder = holder_of_key(connection, run_id, facts.line.dedupe_key)
    plan = plan_from_start(steps) if is_anew else _plan(facts, steps, start_at)
    doubts = [f"it was run again already, as run {each}" for each in again]
    if holder is not None and holder not in again:
        doubts.append(f"the same request came again and made run {holder}")
    return Repetition(facts, plan, (*doubts, *_effects(plan.repeated, actions)))


def retry_run(
    hub: Hub,
    facts: RunFacts,
    plan: RetryPlan,
    actor: Actor,
    *,
    action: str = "hub retry",
    is_anew: bool = False,
) -> UUID:
    """Store the new run and ring; its id. Raises `NotPossible` when the old one goes meanwhile.

    `is_anew`: with the version in force, which its plan begins from the start; else with its own.
    """
    line = facts.line
    workflow = _in_force(hub, line.workflow) if is_anew else hub.program(line.version)
    start = hub.start(workflow, facts.trigger)
    dedupe = workflow.trigger.dedupe if isinstance(workflow.trigger, Endpoint) else None
    new = replace(
        start.new_run(hub.new_id(), scheduled_at=facts.scheduled_at),
        version=workflow.version,
        mode=line.mode,
        dedupe_key=line.dedupe_key,
        window=DEFAULT_WINDOW if dedupe is None else dedupe.window,
        retry_of=line.id,
    )
    told = {"run": str(new.id), "retry_of": str(line.id)}
    try:
        with audit.act(hub.database, actor, action) as act:
            store_retry(act.connection, source=line.id, run=new, plan=plan)
            act.note(told, before={"status": line.status}, after={**told, "kept": plan.kept})
    except IntegrityError:
        raise NotPossible(f"run {line.id} was just removed: its period is over") from None
    hub.doorbell.ring(new.id)
    return new.id


def _in_force(hub: Hub, name: str) -> Workflow:
    """The version that new runs begin with; raises `NotPossible` where there is none."""
    found = hub.project.served.get(name)
    if found is None or name in hub.project.broken:
        raise NotPossible(f"the workflow {name} is not served as its file says: mend it first")
    return found


def replay_run(hub: Hub, facts: RunFacts, actor: Actor) -> UUID:
    """Play a run's trigger against the workflow as it is now, in `simulate`; the id of that run.

    Nothing leaves the hub, no key is taken, and the old run stays as it is. Raises `NotPossible`
    for a workflow that is not served any more.
    """
    line = facts.line
    workflow = hub.project.served.get(line.workflow)
    if workflow is None:
        raise NotPossible(f"the workflow {line.workflow} is not served: there is nothing to replay")
    start = hub.start(workflow, facts.trigger)
    new = start.new_run(hub.new_id(), scheduled_at=facts.scheduled_at)
    new = replace(new, mode="simulate", dedupe_key=None, turn=None, message_key=None)
    hub.keep(workflow)
    told = {"run": str(new.id), "replay_of": str(line.id)}
    with audit.act(hub.database, actor, "console replay") as act:
        start_run(act.connection, new)
        act.note(told, after={**told, "version": new.version})
    hub.doorbell.ring(new.id)
    return new.id


def ask_to_cancel(act: Act, run_id: UUID) -> str:
    """End a run before its time: note it and give its state. Ring once this is committed.

    Raises `NotPossible` for a run that is not there, or is over.
    """
    status = request_cancel(act.connection, run_id)
    if status is None:
        raise NotPossible(f"there is no run {run_id}")
    if status in reading.ENDED:
        raise NotPossible(f"run {run_id} is over ({status}): there is nothing to cancel")
    before = {"status": status}
    act.note({"run": str(run_id)}, before=before, after={**before, "cancel_requested": True})
    return status


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
