"""Steps that name, answer, end and tell."""

from __future__ import annotations

from hub.engine.check.state import Way, fields_of
from hub.engine.check.walk import Walk
from hub.engine.expressions import Type, TypeEnv
from hub.engine.workflow import Continue, Endpoint, Fail, Inputs, Log, Reply, Return, Vars
from hub.engine.yaml_profile import Mapping as MappingNode


def walk_vars(walk: Walk, step: Vars, env: TypeEnv) -> Way:
    """Each name is set once on every way (HUB218)."""
    node = walk.node(step, "vars")
    for name, value in step.values:
        kind = walk.values.open_value(value, env, what="a var")
        if name in fields_of(env, "vars"):
            entry = node.get(name) if isinstance(node, MappingNode) else None
            message = f"'{name}' is set already"
            walk.values.refuse(218, message, entry.key if entry else node)
        env = walk.set(env, "vars", name, kind)
    return env


def walk_reply(walk: Walk, step: Reply, env: TypeEnv) -> Way:
    """An answer needs somebody who asked (HUB616)."""
    _answer(walk, step, env, "reply")
    if not isinstance(walk.workflow.trigger, Endpoint):
        message = "`reply` needs an endpoint: nobody waits for an answer here"
        suggestion = "use `return`" if isinstance(walk.workflow.trigger, Inputs) else None
        walk.values.refuse(616, message, walk.node(step), suggestion=suggestion)
    return env


def walk_return(walk: Walk, step: Return, env: TypeEnv) -> Way:
    """The end of the run."""
    walk.returned.append(_answer(walk, step, env, "return"))
    if not isinstance(walk.workflow.trigger, Endpoint):
        for key, value in (("status", step.status), ("headers", step.headers)):
            if value is not None:
                message = f"`{key}` needs an endpoint: there is no HTTP answer here"
                walk.values.refuse(616, message, walk.node(step, key))
    return None


def _answer(walk: Walk, step: Reply | Return, env: TypeEnv, what: str) -> Type:
    walk.values.status(step.status, env)
    walk.values.headers(step.headers, env)
    return walk.values.open_value(step.value, env, what=f"a {what}")


def walk_fail(walk: Walk, step: Fail, env: TypeEnv) -> Way:
    """The end of the run, as a failure; a called workflow's status may reach a caller."""
    walk.values.key(step.message, env, what="`message`")
    walk.values.status(step.status, env)
    if step.status is not None and not isinstance(walk.workflow.trigger, Endpoint | Inputs):
        message = "`status` needs an endpoint: there is no HTTP answer here"
        walk.values.refuse(616, message, walk.node(step, "status"))
    return None


def walk_continue(walk: Walk, step: Continue, env: TypeEnv) -> Way:
    """The value becomes the result of the step that failed; the way goes on behind that one."""
    walk.leave(walk.values.open_value(step.value, env, what="a result"), env)
    return None


def walk_log(walk: Walk, step: Log, env: TypeEnv) -> Way:
    """A line of text."""
    walk.values.log_line(step.text, env)
    return env
