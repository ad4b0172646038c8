"""What a condition tells about the values it asks for (chapter 15, narrowing)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hub.engine.expressions.environment import PathKey, TypeEnv, joined
from hub.engine.expressions.syntax import (
    And,
    Compare,
    Constant,
    Expression,
    ListDisplay,
    Node,
    Not,
    Or,
    Pipeline,
    TestStep,
    constant_path,
)
from hub.engine.expressions.types import (
    Field,
    Null,
    ObjectType,
    Text,
    Type,
    Union,
    members_of,
    union_of,
    without,
)

Change = Callable[[Field], Field]


def narrow(expression: Expression, env: TypeEnv, *, truth: bool) -> TypeEnv:
    """The place behind a condition that came out as `truth`."""
    return narrowed(expression.root, env, truth=truth)


def narrowed(node: Node, env: TypeEnv, *, truth: bool) -> TypeEnv:
    """The same for a part of an expression."""
    if isinstance(node, Not):
        return narrowed(node.operand, env, truth=not truth)
    if isinstance(node, And | Or):
        return _logic(node, env, truth=truth)
    if isinstance(node, Pipeline) and len(node.steps) == 1:
        return _asked(node, env, truth=truth)
    return _compared(node, env, truth=truth) if isinstance(node, Compare) else env


def narrowed_to(subject: Node, env: TypeEnv, texts: frozenset[str], *, is_one: bool) -> TypeEnv:
    """The place where the subject is one of these texts, or is none of them."""
    path = constant_path(subject)
    if path is None:
        return env
    if is_one:
        env = env.with_present([path])
    env = _retyped(
        env, path, lambda field: replace(field, type=_of(field.type, texts, is_one=is_one))
    )
    return _chosen(env, path, texts, is_one=is_one)


def _logic(node: And | Or, env: TypeEnv, *, truth: bool) -> TypeEnv:
    if truth is isinstance(node, And):  # then all terms came out like that
        for term in node.terms:
            env = narrowed(term, env, truth=truth)
        return env
    ways = []
    for term in node.terms:  # one of them did, after those before it came out otherwise
        ways.append(narrowed(term, env, truth=truth))
        env = narrowed(term, env, truth=not truth)
    return joined(ways)


def _asked(node: Pipeline, env: TypeEnv, *, truth: bool) -> TypeEnv:
    test, path = node.steps[0], constant_path(node.operand)
    if not isinstance(test, TestStep) or path is None:
        return env
    is_so = truth is not test.is_negated
    if test.name in {"set", "ok"}:
        return env.with_present([path]) if is_so else env
    if is_so or test.name == "empty":
        return env
    return _retyped(env, path, lambda field: _without_reason(field, test.name))


def _without_reason(field: Field, state: str) -> Field:
    """A step's result, once the step is known not to be in this state."""
    if state not in field.lacking:
        return field
    lacking = field.lacking - {state}
    return Field(field.type, bool(lacking), lacking)


def _compared(node: Compare, env: TypeEnv, *, truth: bool) -> TypeEnv:
    if node.operator in {"in", "not in"}:
        texts = _texts(node.right.items) if isinstance(node.right, ListDisplay) else None
        is_one = truth is (node.operator == "in")
        return env if texts is None else narrowed_to(node.left, env, texts, is_one=is_one)
    if node.operator not in {"==", "!="}:
        return env
    is_equal = truth is (node.operator == "==")
    for one, other in ((node.left, node.right), (node.right, node.left)):
        if isinstance(other, Constant) and other.value is None:
            path = constant_path(one)
            return env if is_equal or path is None else env.with_present([path])
        if (texts := _texts((other,))) is not None:
            return narrowed_to(one, env, texts, is_one=is_equal)
    return env


def _texts(nodes: tuple[Node, ...]) -> frozenset[str] | None:
    """The texts that are written down, if they all are nothing else."""
    values = [node.value if isinstance(node, Constant) else None for node in nodes]
    texts = frozenset(value for value in values if isinstance(value, str))
    return texts if values and all(isinstance(value, str) for value in values) else None


def _of(kind: Type, texts: frozenset[str], *, is_one: bool) -> Type:
    """A type whose text is one of these, or none of them."""
    parts = (_text_of(part, texts, is_one=is_one) for part in members_of(kind))
    return without(union_of(parts), Null) if is_one else union_of(parts)


def _text_of(kind: Type, texts: frozenset[str], *, is_one: bool) -> Type:
    if not isinstance(kind, Text):
        return kind
    possible = kind.possible
    if possible is None:
        return replace(kind, values=texts, is_open=False) if is_one else kind
    # What cannot be is told where it is asked (HUB208); here the type stays what it was.
    return replace(kind, values=(possible & texts if is_one else possible - texts) or possible)


def _chosen(env: TypeEnv, path: PathKey, texts: frozenset[str], *, is_one: bool) -> TypeEnv:
    """Where the text says which object its owner is, the owner is that one."""
    kinds = env.variants.get(path)
    if kinds is None:
        return env
    left = {name: kind for name, kind in kinds.items() if (name in texts) is is_one}
    if not left:
        return env
    whole = union_of(left.values())
    env = _retyped(env, path[:-1], lambda field: replace(field, type=whole))
    return replace(env, variants={**env.variants, path: left})


def _retyped(env: TypeEnv, path: PathKey, change: Change) -> TypeEnv:
    name, *keys = path
    known = env.names.get(str(name))
    if known is None:
        return env
    kind = _changed(Field(known), keys, change).type
    return env if kind is known else replace(env, names={**env.names, str(name): kind})


def _changed(field: Field, keys: list[str | int], change: Change) -> Field:
    if not keys:
        return change(field)
    kind = field.type
    if isinstance(kind, Union):
        members = [_changed(Field(each), keys, change).type for each in kind.members]
        return replace(field, type=union_of(members))
    inner = kind.fields.get(str(keys[0])) if isinstance(kind, ObjectType) else None
    if inner is None or not isinstance(kind, ObjectType) or isinstance(keys[0], int):
        return field
    fields = {**kind.fields, str(keys[0]): _changed(inner, keys[1:], change)}
    return replace(field, type=replace(kind, fields=fields))
