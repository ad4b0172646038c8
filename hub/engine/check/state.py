"""What is known at one place of a workflow, and where several ways meet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from hub.engine.expressions import Type, TypeEnv
from hub.engine.expressions.environment import PathKey, joined
from hub.engine.expressions.types import Field, ObjectType

Known = TypeVar("Known")
Way = TypeEnv | None
"""The place after some steps; None where no way goes on."""


def meet(ways: Iterable[Way]) -> Way:
    """The place that several ways lead to: what only some of them have may be missing there."""
    going_on = [way for way in ways if way is not None]
    return joined(going_on) if going_on else None


def with_field(env: TypeEnv, owner: str, name: str, kind: Type) -> TypeEnv:
    """The place where `steps.<name>` or `vars.<name>` is there."""
    return _with(env, owner, {name: Field(kind)})


def with_unsure_field(
    env: TypeEnv, owner: str, name: str, kind: Type, lacking: frozenset[str] = frozenset()
) -> TypeEnv:
    """The same where it may also be missing: in these states of the step, if that is known."""
    return _with(env, owner, {name: Field(kind, may_be_missing=True, lacking=lacking)})


def all_unsure(env: TypeEnv, owner: str) -> TypeEnv:
    """The place that may be reached from anywhere: every result may be missing."""
    unsure = {
        name: Field(each.type, may_be_missing=True) for name, each in _fields(env, owner).items()
    }
    return _with(env, owner, unsure)


def within(inner: TypeEnv, outer: TypeEnv) -> TypeEnv:
    """What the inner place has set, seen from the outer one: its own names are gone."""
    names = {**outer.names, "steps": inner.names["steps"], "vars": inner.names["vars"]}
    present = frozenset(path for path in inner.present if path[0] in {"steps", "vars"})
    return replace(
        outer,
        names=names,
        present=outer.present | present,
        sources={**outer.sources, **_of_steps(inner.sources)},
        variants={**outer.variants, **_of_steps(inner.variants)},
    )


def fields_of(env: TypeEnv, owner: str) -> frozenset[str]:
    """The names that `steps` or `vars` have here, sure or not."""
    return frozenset(_fields(env, owner))


def field_of(env: TypeEnv, owner: str, name: str) -> Field | None:
    """What is known of one of them."""
    return _fields(env, owner).get(name)


def _fields(env: TypeEnv, owner: str) -> Mapping[str, Field]:
    owned = env.names.get(owner)
    return owned.fields if isinstance(owned, ObjectType) else {}


def _with(env: TypeEnv, owner: str, fields: Mapping[str, Field]) -> TypeEnv:
    grown = ObjectType({**_fields(env, owner), **fields})
    kept = frozenset(
        path for path in env.present if not (path[0] == owner and path[1:2] and path[1] in fields)
    )
    return replace(env, names={**env.names, owner: grown}, present=kept)


def _of_steps(known: Mapping[PathKey, Known]) -> dict[PathKey, Known]:
    return {path: each for path, each in known.items() if path[0] == "steps"}
