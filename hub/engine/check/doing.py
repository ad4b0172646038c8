"""`do` and `call`: what goes in, what comes out, how it fails."""

from __future__ import annotations

from typing import Any

from hub.action import Action
from hub.engine.check.scope import error_type, fields_schema
from hub.engine.check.state import Way
from hub.engine.check.walk import Exit, Outcome, Walk
from hub.engine.compile.link import actions_of, all_steps
from hub.engine.expressions import (
    Literal,
    ObjectOf,
    Template,
    Type,
    TypeEnv,
    type_from_schema,
)
from hub.engine.expressions.types import (
    ANYTHING,
    ObjectType,
    Text,
    is_secret,
    object_type,
)
from hub.engine.findings import did_you_mean
from hub.engine.workflow import Block, Call, Do, Fail, Inputs, OnError
from hub.engine.yaml_profile import Mapping as MappingNode
from hub.values.sql_text import problem_in

_SQL = "application/sql"
_STARTED = object_type({"run_id": Text(format="uuid")})


def walk_do(walk: Walk, step: Do, env: TypeEnv) -> Way:
    """`do:` its inputs, its result, its handler."""
    since = walk.mark()
    output = check_action(walk, step, env)
    walk.values.key(step.once_per, env, what="`once_per`")
    walk.values.key(step.idempotency_key, env, what="`idempotency_key`")
    action = walk.actions.get(step.action)
    leaving = failing(step.on_error, None if action is None else action.errors)
    _check_retry(walk, step, env, leaving)
    return walk.after(step, env, output, [leaving], done=env, since=since)


def walk_call(walk: Walk, step: Call, env: TypeEnv) -> Way:
    """`call:` its inputs against the callee's, its result."""
    since = walk.mark()
    callee = walk.called.get(step.workflow)
    kind = walk.values.open_value(step.inputs, env, what="the inputs of a workflow")
    outcome = Outcome(ANYTHING)
    if callee is not None and isinstance(callee.trigger, Inputs):
        schema = fields_schema(callee.trigger.fields)
        walk.values.inputs(step.inputs, kind, schema, place=walk.inputs_place(step, "call"))
        outcome = walk.results.get(callee.name, outcome)
        if callee.cancel_on and not step.is_detached:
            message = f"`cancel_on` of '{callee.name}' does nothing here: it runs inside this run"
            suggestion = "write `detach: true`, or `cancel_on` in this file"
            walk.values.refuse(619, message, walk.node(step, "call"), suggestion=suggestion)
    if step.is_detached:
        outcome = Outcome(_STARTED)
    leaving = failing(step.on_error, outcome.codes)
    _check_retry(walk, step, env, leaving)
    return walk.after(step, env, outcome.returned, [leaving], done=env, since=since)


def failing(on_error: OnError, codes: tuple[str, ...] | None) -> Exit:
    """The exit of a step that fails with one of these codes; None: not all of them are known."""
    return Exit(on_error, "failed", {"error": error_type(codes)})


def _check_retry(walk: Walk, step: Do | Call, env: TypeEnv, leaving: Exit) -> None:
    if step.retry.only_if is not None:
        walk.values.condition(step.retry.only_if, env.with_names(leaving.names))


def check_action(walk: Walk, step: Do, env: TypeEnv) -> Type:
    """The inputs of an action, of a step's own or of a poll's; the type of its result."""
    action = walk.actions.get(step.action)
    kind = walk.values.value(step.inputs, env)
    if action is None:
        return ANYTHING
    place = walk.inputs_place(step, "do")
    walk.values.inputs(step.inputs, kind, action.input_schema, place=place)
    _check_guarded(walk, step, action, kind)
    _check_questions(walk, step, action)
    _check_templates(walk, step, action)
    return type_from_schema(action.output_schema)


def _check_guarded(walk: Walk, step: Do, action: Action, kind: Type) -> None:
    """Secrets only where the action takes them (HUB501), literals where it wants them."""
    fields = kind.fields if isinstance(kind, ObjectType) else {}
    for name, each in fields.items():
        if is_secret(each.type) and name not in action.secret_inputs:
            message = f"`{name}` of {action.name} does not take secrets"
            walk.values.refuse(501, message, _input(walk, step, name))
    entries = dict(step.inputs.entries) if isinstance(step.inputs, ObjectOf) else {}
    for name in (*action.literal_inputs, *action.template_inputs):
        given = entries.get(name)
        if isinstance(given, Template) and given.file is None:
            message = f"`{name}` of {action.name} is fixed: an expression cannot stand here"
            suggestion = "give values as `params`" if "params" in fields else None
            walk.values.refuse(503, message, _input(walk, step, name), suggestion=suggestion)


def _check_questions(walk: Walk, step: Do, action: Action) -> None:
    """What stands where a question in SQL is wanted is one, as far as that is known (S13)."""
    properties = action.input_schema.get("properties", {})
    for name in action.literal_inputs:
        text = _literal_input(step, name)
        if properties[name].get("contentMediaType") != _SQL or not isinstance(text, str):
            continue
        problem = problem_in(text)
        if problem is not None:
            told = f"`{name}` of {action.name}: {problem.message}"
            walk.values.refuse_part(
                206, told, _input(walk, step, name), problem.start, problem.stop
            )


def _check_templates(walk: Walk, step: Do, action: Action) -> None:
    for name in (*action.template_inputs, *action.file_or_text_inputs):
        path = _literal_input(step, name)
        if not isinstance(path, str):
            continue
        node, is_file = _input(walk, step, name), path.startswith("templates/")
        if not is_file and name in action.file_or_text_inputs:
            continue
        if not is_file:
            message = f"`{name}` of {action.name} names a file of templates/"
            walk.values.refuse(403, message, node, suggestion="write `templates/<name>`")
        elif path not in walk.files:
            known = [each for each in walk.files if each.startswith("templates/")]
            suggestion = did_you_mean(path, known)
            walk.values.refuse(403, f"there is no file {path}", node, suggestion=suggestion)


def _literal_input(step: Do, name: str) -> Any:
    if isinstance(step.inputs, Literal):
        return step.inputs.value.get(name)
    entries = dict(step.inputs.entries) if isinstance(step.inputs, ObjectOf) else {}
    value = entries.get(name)
    return value.value if isinstance(value, Literal) else None


def _input(walk: Walk, step: Do, name: str) -> Any:
    node = walk.node(step, "with")
    entry = node.get(name) if isinstance(node, MappingNode) else None
    return entry.value if entry is not None else node


def codes_of(walk: Walk, block: Block) -> tuple[str, ...] | None:
    """Codes that a block can fail with, besides the standard ones; None: not all are known."""
    codes: dict[str, None] = {}
    for step in all_steps(block):
        for ask in actions_of(step):
            if ask.action not in walk.actions:
                return None
            codes.update(dict.fromkeys(walk.actions[ask.action].errors))
        if isinstance(step, Call) and step.workflow in walk.results and not step.is_detached:
            codes.update(dict.fromkeys(walk.results[step.workflow].codes))
        elif isinstance(step, Fail):
            codes[step.code] = None
    return tuple(codes)
