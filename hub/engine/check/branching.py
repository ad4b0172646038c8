"""Steps with steps inside: branches, cases, loops, groups."""

from __future__ import annotations

from hub.engine.check.doing import codes_of, failing
from hub.engine.check.scope import RESERVED
from hub.engine.check.state import Way, fields_of, meet
from hub.engine.check.switching import check_cases
from hub.engine.check.walk import Walk
from hub.engine.expressions import Type, TypeEnv, narrow
from hub.engine.expressions.environment import joined
from hub.engine.expressions.narrowing import narrowed_to
from hub.engine.expressions.types import (
    ANYTHING,
    Anything,
    Integer,
    ListType,
    Null,
    ObjectType,
    describe,
    is_nullable,
    members_of,
    object_type,
    union_of,
    without,
)
from hub.engine.workflow import ForEach, Group, If, Parallel, Switch
from hub.engine.yaml_profile import Mapping as MappingNode


def walk_if(walk: Walk, step: If, env: TypeEnv) -> Way:
    """The ways through the branches, and past them all."""
    ways: list[Way] = []
    for condition, block in step.branches:
        walk.values.condition(condition, env)
        ways.append(walk.block(block, narrow(condition, env, truth=True)))
        env = narrow(condition, env, truth=False)
    ways.append(walk.block(step.otherwise, env))
    return meet(ways)


def walk_switch(walk: Walk, step: Switch, env: TypeEnv) -> Way:
    """The ways through the cases; there is none past them (HUB322)."""
    before = len(walk.values.findings)
    kind = walk.values.decision(step.subject, env)
    if len(walk.values.findings) == before:  # else nothing is known of the value
        check_cases(walk.values, step, kind, env)
    subject = step.subject.root
    ways, handled = [], frozenset[str]()
    for names, block in step.cases:
        texts = frozenset(names)
        ways.append(walk.block(block, narrowed_to(subject, env, texts, is_one=True)))
        handled |= texts
    if step.otherwise is not None:
        ways.append(walk.block(step.otherwise, narrowed_to(subject, env, handled, is_one=False)))
    return meet(ways) if ways else env


def walk_for_each(walk: Walk, step: ForEach, env: TypeEnv) -> Way:
    """The body sees the item; afterwards only the collected values are seen."""
    since = walk.mark()
    kind = walk.values.decision(step.items, env)
    item = _item_type(walk, step, kind)
    if step.item_name in RESERVED or step.item_name in env.names:
        message = f"the name '{step.item_name}' is taken"
        walk.values.refuse(217, message, walk.node(step, "for_each"))
    inside = walk.block(step.body, env.with_names({step.item_name: item}))
    result: dict[str, Type] = {"count": Integer(), "failed": Integer()}
    if step.collect is not None:
        last = env.with_names({step.item_name: item}) if inside is None else inside
        collected = walk.values.open_value(step.collect, last, what="`collect`")
        result["items"] = ListType(collected)
    walk.forget(since)
    leaving = failing(step.on_error, codes_of(walk, step.body))
    return walk.after(step, env, object_type(result), [leaving], done=env, since=since)


def _item_type(walk: Walk, step: ForEach, kind: Type) -> Type:
    node = walk.node(step, "for_each")
    if is_nullable(kind):
        message = "the list may be null"
        walk.values.refuse(210, message, node, suggestion="use `| default([])`")
    items: list[Type] = []
    for member in members_of(without(kind, Null)):
        if isinstance(member, ListType):
            items.append(member.item)
        elif not isinstance(member, Anything):
            message = f"`for_each` goes over a list, this is {describe(member)}"
            walk.values.refuse(206, message, node)
    return union_of(items) if items else ANYTHING


def walk_parallel(walk: Walk, step: Parallel, env: TypeEnv) -> Way:
    """Each branch sees what was before them all; behind them the results of all are seen."""
    since = walk.mark()
    done: list[Way] = []
    before = {owner: fields_of(env, owner) for owner in ("steps", "vars")}
    named: dict[str, str] = {}
    for branch, block in step.branches:
        done.append(walk.block(block, env))
        end = done[-1]
        fresh = fields_of(end, "vars") - before["vars"] if end is not None else frozenset[str]()
        for name in sorted(fresh):
            other = named.setdefault(name, branch)
            if other != branch:
                message = f"'{name}' is set in the branches '{other}' and '{branch}'"
                node = walk.node(step, "parallel")
                entry = node.get(branch) if isinstance(node, MappingNode) else None
                place = node if entry is None else entry.key
                walk.values.refuse(218, message, place, suggestion="give it another name in one")
    behind = _behind(walk, step, env, done, since)
    codes = codes_of(walk, tuple(each for _, block in step.branches for each in block))
    output = object_type({"failed": Integer()})
    return walk.after(step, env, output, [failing(step.on_error, codes)], done=behind, since=since)


def _behind(walk: Walk, step: Parallel, env: TypeEnv, done: list[Way], since: int) -> Way:
    going_on = [way for way in done if way is not None]
    if step.wait_for == "first":
        return walk.may_have(env, since) if going_on else None
    if len(going_on) < len(done) or not going_on:
        return None
    for way in going_on:
        env = _with_all_of(env, way)
    return env


def _with_all_of(env: TypeEnv, way: TypeEnv) -> TypeEnv:
    """The place behind both: whatever either of them knows is known."""
    names = dict(env.names)
    for owner in ("steps", "vars"):
        mine, theirs = env.names[owner], way.names[owner]
        if isinstance(mine, ObjectType) and isinstance(theirs, ObjectType):
            names[owner] = ObjectType({**mine.fields, **theirs.fields})
    both = joined([env, way])
    return TypeEnv(names, env.present | way.present, env.why, both.sources, both.variants)


def walk_group(walk: Walk, step: Group, env: TypeEnv) -> Way:
    """One after the other; the handler may come from anywhere inside."""
    since = walk.mark()
    done = walk.block(step.body, env)
    leaving = failing(step.on_error, codes_of(walk, step.body))
    return walk.after(step, env, ObjectType(), [leaving], done=done, since=since)
