"""`wait` and `emit`: what events carry, what polls find (language, chapter 10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hub.engine.check.doing import check_action
from hub.engine.check.scope import error_type, event_env
from hub.engine.check.state import Way
from hub.engine.check.walk import Exit, Walk
from hub.engine.compile.waits import event_path
from hub.engine.expressions import Literal, ObjectOf, Type, TypeEnv, narrow, type_from_schema
from hub.engine.expressions.types import (
    ANYTHING,
    Instant,
    Null,
    ObjectType,
    Text,
    object_type,
    union_of,
)
from hub.engine.workflow import Do, Emit, Poll, Wait

_INSTANT = Instant()


@dataclass(frozen=True)
class _Found:
    """The result of a wait, and, where the name of the event tells them apart, each event's."""

    output: Type
    by_name: Mapping[str, Type] | None = None
    source: str | None = None


def walk_wait(walk: Walk, step: Wait, env: TypeEnv) -> Way:
    """`wait:` for a time, for events, for an answer."""
    since = walk.mark()
    walk.values.duration(step.duration, env, what="`wait`")
    if step.until is not None:
        walk.values.choice(step.until, env, _INSTANT, what="`until`")
    walk.values.key(step.key, env, what="`key`")
    if step.only_if is not None:
        seen = event_env(env, step.events, walk.workflow)
        walk.values.condition(step.only_if, seen)
    if step.timeout is None:
        _check_endless(walk, step)
    polled = None if step.poll is None else _poll(walk, step, step.poll, env)
    found = _found(step, polled, walk.workflow.event_schemas)
    way = walk.after(step, env, found.output, _exits(walk, step), done=env, since=since)
    return way if way is None or step.id is None else _explained(way, step.id, found)


def _check_endless(walk: Walk, step: Wait) -> None:
    """What may never come needs a `timeout` (HUB614); what is sure to come never times out."""
    if step.events or step.poll is not None:
        does = "last" if step.events else "ask"
        message = f"this wait may {does} as long as the run: it has no `timeout`"
        suggestion = "add `timeout`, and `on_timeout` for what to do then"
        walk.values.refuse(614, message, walk.key_node(step, "wait"), suggestion=suggestion)
    elif step.on_timeout != "fail":
        message = "`on_timeout` is never reached: this wait ends by itself and has no `timeout`"
        place = walk.key_node(step, "on_timeout")
        walk.values.refuse(110, message, place, suggestion="delete it, or add `timeout`")


def _exits(walk: Walk, step: Wait) -> list[Exit]:
    codes: tuple[str, ...] | None = ()
    if step.poll is not None:
        action = walk.actions.get(step.poll.ask.action)
        codes = None if action is None else action.errors
    return [
        Exit(step.on_timeout, "timed_out"),
        Exit(step.on_error, "failed", {"error": error_type(codes)}),
    ]


def _found(step: Wait, polled: Type | None, schemas: Mapping[str, object]) -> _Found:
    """`event`, `data`, `at`: whichever came first."""
    if not step.events and polled is None:
        return _Found(object_type({"at": _INSTANT}))
    by_name: dict[str, Type] = {
        name: _result(Text(frozenset({name})), type_from_schema(schemas.get(name)))
        for name in step.events
    }
    only = step.events[0] if len(step.events) == 1 else None
    if polled is None:
        source = event_path(only) if only is not None else None
        return _Found(union_of(by_name.values()), by_name if only is None else None, source)
    told = Null() if only is None else Text(frozenset({only}))
    return _Found(union_of([*by_name.values(), _result(told, polled)]))


def _result(event: Type, data: Type) -> Type:
    return object_type({"event": event, "data": data, "at": _INSTANT})


def _explained(env: TypeEnv, step_id: str, found: _Found) -> TypeEnv:
    """The place that knows where the description of the data stands."""
    if found.by_name is not None:
        path = ("steps", step_id, "event")
        return replace(env, variants={**env.variants, path: found.by_name})
    if found.source is not None:
        return replace(env, sources={**env.sources, ("steps", step_id, "data"): found.source})
    return env


def _poll(walk: Walk, step: Wait, poll: Poll, env: TypeEnv) -> Type:
    """What a poll finds: only what reads may be asked again and again (HUB615)."""
    action = walk.actions.get(poll.ask.action)
    if action is not None and action.effect != "read":
        message = (
            f"{action.name} does something: only actions that read can be asked every so often"
        )
        walk.values.refuse(615, message, walk.node(poll.ask, "do"))
    result = check_action(walk, poll.ask, env)
    if action is not None and action.effect != "read":
        result = ANYTHING  # it is told already that another action is needed
    asked = env.with_names({"result": result})
    walk.values.condition(poll.done_if, asked)
    done = narrow(poll.done_if, asked, truth=True)
    if poll.data is None:
        data = done.names["result"]
    else:
        data = walk.values.open_value(poll.data, done, what="an event")
    return _checked_data(walk, step, poll.ask, data) if step.events else data


def _checked_data(walk: Walk, step: Wait, ask: Do, data: Type) -> Type:
    """What a poll beside an event finds must be what the event would carry: then it is that.

    A whole result may have fields that the event has not, where its schema does not forbid them.
    """
    schemas = walk.workflow.event_schemas
    wanted = union_of(type_from_schema(schemas.get(name)) for name in step.events)
    source = event_path(step.events[0]) if len(step.events) == 1 else None
    place = walk.node(ask, "data", "do")
    value = None if step.poll is None else step.poll.data
    allowed = wanted
    if isinstance(wanted, ObjectType) and not isinstance(value, Literal | ObjectOf):
        is_closed = any(
            schemas.get(name, {}).get("additionalProperties") is False for name in step.events
        )
        allowed = wanted if is_closed else replace(wanted, extra=wanted.extra or ANYTHING)
    walk.values.fits(value, data, allowed, place=place, source=source)
    return wanted if len(step.events) == 1 else data


def walk_emit(walk: Walk, step: Emit, env: TypeEnv) -> Way:
    """`emit:` what it carries against the event's schema."""
    walk.values.key(step.key, env, what="`key`")
    kind = walk.values.open_value(step.data, env, what="an event")
    schema = walk.workflow.event_schemas.get(step.event)
    if schema is not None:
        place = walk.inputs_place(step, "emit", "data")
        source = event_path(step.event)
        walk.values.inputs(step.data, kind, schema, place=place, source=source, what="`data`")
    return walk.result(env, step, ObjectType())
