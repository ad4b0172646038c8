"""One workflow from its door to its last step."""

from __future__ import annotations

from collections.abc import Mapping

from hub.engine.check.flow import Flow, Outcome
from hub.engine.check.scope import door_env, error_type, project_env, start_env
from hub.engine.check.state import all_unsure, with_field
from hub.engine.check.values import Values
from hub.engine.compile import CompiledFile, Context, HubFile
from hub.engine.compile.link import steps_without_failure
from hub.engine.expressions import Literal, TypeEnv
from hub.engine.expressions.types import Null, Text, union_of
from hub.engine.findings import Finding
from hub.engine.workflow import AtOnce, Dedupe, Endpoint, Reply, Return, Within, Workflow

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
    flow = Flow(values, workflow, context.actions, called, results, context.files)
    env = _after_vars(flow, workflow, start_env(workflow, context.settings))
    end = flow.block(workflow.steps, env)
    returned = [*flow.returned, Null()] if end is not None else flow.returned
    codes = flow.codes((*workflow.steps, *workflow.on_error))
    results[file.name] = Outcome(union_of(returned) if returned else Null(), codes or ())
    _check_handler(flow, workflow, env if end is None else end)
    _check_answer(values, workflow)
    return values.findings


def check_hub_file(file: HubFile) -> list[Finding]:
    """What is wrong with the values of `hub.yaml`: `mode` sees `config` only."""
    values = Values(file.source, file.places)
    mode = file.settings.mode
    if mode is not None and not isinstance(mode, Literal):
        values.choice(mode, project_env(file.settings), Text(MODES), what="`mode`")
    return values.findings


def _after_vars(flow: Flow, workflow: Workflow, env: TypeEnv) -> TypeEnv:
    for name, value in workflow.vars:
        env = with_field(env, "vars", name, flow.values.open_value(value, env, what="a var"))
    return env


def _check_handler(flow: Flow, workflow: Workflow, env: TypeEnv) -> None:
    """`on_error` of the workflow may be reached from anywhere."""
    if workflow.on_error:
        codes = flow.codes(workflow.steps)
        unsure = all_unsure(all_unsure(env, "steps"), "vars")
        flow.block(workflow.on_error, unsure.with_names({"error": error_type(codes)}))


def _check_door(values: Values, workflow: Workflow, context: Context) -> None:
    """What is worked out before the run starts."""
    env = door_env(workflow, context.settings)
    if workflow.concurrency is not None:
        values.key(workflow.concurrency.key, env, what="`key` of `concurrency`")
    is_own_mode = workflow.mode is not None and values.places.node(workflow.mode) is not None
    if workflow.mode is not None and is_own_mode and not isinstance(workflow.mode, Literal):
        values.choice(workflow.mode, env, Text(MODES), what="`mode`")
    if isinstance(workflow.trigger, Endpoint):
        _check_endpoint(values, workflow.trigger, env)


def _check_endpoint(values: Values, endpoint: Endpoint, env: TypeEnv) -> None:
    if isinstance(endpoint.dedupe, Dedupe):
        values.key(endpoint.dedupe.key, env, what="`key` of `dedupe`")
    respond = endpoint.respond
    if isinstance(respond, AtOnce):
        values.open_value(respond.body, env, what="an answer")
    elif isinstance(respond, Within):
        values.open_value(respond.otherwise, env, what="an answer")
        values.open_value(respond.failed, env, what="an answer")


def _check_answer(values: Values, workflow: Workflow) -> None:
    """Somebody waits: a step must answer, not only one that runs after a failure (HUB612)."""
    endpoint = workflow.trigger
    if not isinstance(endpoint, Endpoint) or not isinstance(endpoint.respond, Within):
        return
    if not any(isinstance(step, Reply | Return) for step in steps_without_failure(workflow.steps)):
        node = values.places.value_of(endpoint, "respond")
        values.refuse(
            612, "`within` waits for an answer, and no step gives one when all goes well", node
        )
