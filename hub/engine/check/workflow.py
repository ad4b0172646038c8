"""One workflow from its door to its last step."""

from __future__ import annotations

from collections.abc import Mapping

from hub.engine.check.answering import check_answer, shortest_run
from hub.engine.check.doing import codes_of
from hub.engine.check.flow import walk_of
from hub.engine.check.scope import (
    answer_env,
    door_env,
    error_type,
    event_env,
    project_env,
    start_env,
)
from hub.engine.check.values import Values
from hub.engine.check.walk import Outcome, Walk
from hub.engine.compile import CompiledFile, Context, HubFile
from hub.engine.expressions import Literal, TypeEnv
from hub.engine.expressions.types import Null, Text, union_of
from hub.engine.findings import Finding
from hub.engine.workflow import AtOnce, Dedupe, Endpoint, OnEvent, Within, Workflow

MODES = frozenset({"live", "test", "simulate"})


def check_file(
    file: CompiledFile,
    *,
    context: Context,
    called: Mapping[str, Workflow],
    results: dict[str, Outcome],
) -> list[Finding]:
    """Everything that is wrong with a compiled file and could be known before it runs.

    `called` are the clean workflows so far; `results` says what they return and how they fail, and
    learns this one's.
    """
    workflow = file.workflow
    if workflow is None:
        return []
    values = Values(file.document.source, file.places)
    _check_door(values, workflow, context)
    walk = walk_of(
        values,
        workflow,
        actions=context.actions,
        called=called,
        results=results,
        files=context.files,
    )
    env = _after_vars(walk, workflow, start_env(workflow, context.settings))
    end = walk.block(workflow.steps, env)
    returned = [*walk.returned, Null()] if end is not None else walk.returned
    codes = codes_of(walk, (*workflow.steps, *workflow.on_error))
    kind = union_of(returned) if returned else Null()
    results[file.name] = Outcome(kind, codes or (), shortest_run(workflow, results))
    _check_last_steps(walk, workflow, env)
    check_answer(values, workflow, results)
    return values.findings


def check_hub_file(file: HubFile) -> list[Finding]:
    """What is wrong with the values of `hub.yaml`: `mode` sees `config` only."""
    values = Values(file.source, file.places)
    mode = file.settings.mode
    if mode is not None and not isinstance(mode, Literal):
        values.choice(mode, project_env(file.settings), Text(MODES), what="`mode`")
    return values.findings


def _after_vars(walk: Walk, workflow: Workflow, env: TypeEnv) -> TypeEnv:
    for name, value in workflow.vars:
        env = walk.set(env, "vars", name, walk.values.open_value(value, env, what="a var"))
    return env


def _check_last_steps(walk: Walk, workflow: Workflow, start: TypeEnv) -> None:
    """`on_error` and `on_cancel` of the workflow may be reached from anywhere."""
    mark = walk.mark()
    failed = {"error": error_type(codes_of(walk, workflow.steps))}
    walk.block(workflow.on_error, walk.handler_env(start, failed))
    walk.forget(mark)
    walk.block(workflow.on_cancel, walk.handler_env(start, {}))


def _check_door(values: Values, workflow: Workflow, context: Context) -> None:
    """What is worked out before the run starts."""
    env = door_env(workflow, context.settings)
    if workflow.concurrency is not None:
        values.key(workflow.concurrency.key, env, what="`key` of `concurrency`")
    is_own_mode = workflow.mode is not None and values.places.node(workflow.mode) is not None
    if workflow.mode is not None and is_own_mode and not isinstance(workflow.mode, Literal):
        values.choice(workflow.mode, env, Text(MODES), what="`mode`")
    started = answer_env(workflow, context.settings)
    if isinstance(workflow.trigger, Endpoint):
        _check_endpoint(values, workflow.trigger, env, started)
    elif isinstance(workflow.trigger, OnEvent) and workflow.trigger.only_if is not None:
        values.condition(workflow.trigger.only_if, env)
    for cancel in workflow.cancel_on:
        values.key(cancel.key, started, what="`key` of `cancel_on`")
        if cancel.only_if is not None:
            values.condition(cancel.only_if, event_env(started, cancel.events, workflow))


def _check_endpoint(values: Values, endpoint: Endpoint, env: TypeEnv, started: TypeEnv) -> None:
    if isinstance(endpoint.dedupe, Dedupe):
        values.key(endpoint.dedupe.key, env, what="`key` of `dedupe`")
    respond = endpoint.respond
    if isinstance(respond, AtOnce):
        values.open_value(respond.body, started, what="an answer")
    elif isinstance(respond, Within):
        values.open_value(respond.otherwise, started, what="an answer")
        values.open_value(respond.failed, started, what="an answer")
