"""What is known at one place of a workflow, and where several ways meet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from hub.engine.expressions import Type, TypeEnv
from hub.engine.expressions.types import Field, ObjectType, union_of

Way = TypeEnv | None
"""The place after some steps; None where no way goes on."""


def meet(ways: Iterable[Way]) -> Way:
    """The place that several ways lead to: what only some of them have may be missing there."""
    going_on = [way for way in ways if way is not None]
    if len(going_on) <= 1:
        return going_on[0] if going_on else None
    first = going_on[0]
    names = dict(first.names)
    for name in ("steps", "vars"):
        names[name] = union_of(way.names[name] for way in going_on if name in way.names)
    present = frozenset.intersection(*(way.present for way in going_on))
    return replace(first, names=names, present=present)


def with_field(env: TypeEnv, owner: str, name: str, kind: Type) -> TypeEnv:
    """The place where `steps.<name>` or `vars.<name>` is there."""
    known = env.names[owner]
    fields: Mapping[str, Field] = known.fields if isinstance(known, ObjectType) else {}
    grown = ObjectType({**fields, name: Field(kind)})
    kept = frozenset(path for path in env.present if path[:2] != (owner, name))
    return replace(env, names={**env.names, owner: grown}, present=kept)


def with_unsure_field(env: TypeEnv, owner: str, name: str, kind: Type) -> TypeEnv:
    """The same where it may also be missing."""
    grown = with_field(env, owner, name, kind)
    owned = grown.names[owner]
    fields = dict(owned.fields) if isinstance(owned, ObjectType) else {}
    fields[name] = replace(fields[name], may_be_missing=True)
    return replace(grown, names={**grown.names, owner: ObjectType(fields)})


def all_unsure(env: TypeEnv, owner: str) -> TypeEnv:
    """The place that may be reached from anywhere: every result may be missing."""
    owned = env.names[owner]
    fields = owned.fields if isinstance(owned, ObjectType) else {}
    unsure = {name: replace(each, may_be_missing=True) for name, each in fields.items()}
    kept = frozenset(path for path in env.present if path[0] != owner)
    return replace(env, names={**env.names, owner: ObjectType(unsure)}, present=kept)


def fields_of(env: TypeEnv, owner: str) -> frozenset[str]:
    """The names that `steps` or `vars` have here, sure or not."""
    owned = env.names.get(owner)
    return frozenset(owned.fields) if isinstance(owned, ObjectType) else frozenset()
