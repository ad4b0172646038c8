"""The cases of a `switch`: none twice, none impossible, none forgotten (HUB321, HUB322)."""

from __future__ import annotations

from hub.engine.check.values import Values
from hub.engine.expressions import Type, TypeEnv
from hub.engine.expressions.syntax import constant_path
from hub.engine.expressions.types import (
    Boolean,
    Null,
    Text,
    describe,
    is_nullable,
    is_secret,
    kinds_of,
    members_of,
    without,
)
from hub.engine.findings import did_you_mean
from hub.engine.workflow import Switch
from hub.engine.yaml_profile import Mapping, Node

_MOST_SHOWN = 6
_COMPARABLE = frozenset({"text", "boolean", "integer", "number", "null"})


def check_cases(values: Values, step: Switch, kind: Type, env: TypeEnv) -> None:
    """Report what is wrong with the cases of a value of this type."""
    source = env.source_of(constant_path(step.subject.root))
    node = values.places.value_of(step, "switch")
    if is_secret(kind):
        values.refuse(501, "a secret cannot decide anything", node)
    elif kinds_of(kind) - _COMPARABLE:
        values.refuse(206, f"`switch` compares texts, this is {describe(kind)}", node)
    possible = _possible(kind)
    covered = _check_each(values, step, possible, source)
    if step.otherwise is not None:
        if possible is not None and possible <= covered and not is_nullable(kind):
            message = "`else` can never match: every value has its case"
            values.refuse(321, message, _else_of(values, step), suggestion="delete it")
        return
    if possible is None:
        message = "the value may be anything, so `else` is needed"
        values.refuse(322, message, node)
        return
    missing = sorted(possible - covered)
    if missing:
        shown = ", ".join(missing[:_MOST_SHOWN]) + (", …" if len(missing) > _MOST_SHOWN else "")
        message = f"no case for {shown}"
        values.refuse(322, message, node, suggestion="add it, or `else`", source=source)


def _else_of(values: Values, step: Switch) -> Node | None:
    cases = values.places.value_of(step, "cases")
    entry = cases.get("else") if isinstance(cases, Mapping) else None
    return cases if entry is None else entry.key


def _possible(kind: Type) -> frozenset[str] | None:
    """The texts of all values, if they are known."""
    texts: set[str] = set()
    for member in members_of(without(kind, Null)):
        if isinstance(member, Boolean):
            texts |= {"true", "false"}
        elif isinstance(member, Text) and member.possible is not None:
            texts |= member.possible
        else:
            return None
    return frozenset(texts)


def _check_each(
    values: Values, step: Switch, possible: frozenset[str] | None, source: str | None
) -> frozenset[str]:
    cases = values.places.value_of(step, "cases")
    entries = cases.entries if isinstance(cases, Mapping) else ()
    keys = [entry.key for entry in entries if entry.name != "else"]
    covered: set[str] = set()
    for (names, _), key in zip(step.cases, keys, strict=False):
        for name in names:
            if name in covered:
                values.refuse(321, f"'{name}' is handled already", key)
            elif possible is not None and name not in possible:
                message = f"'{name}' can never match"
                suggestion = did_you_mean(name, possible)
                values.refuse(321, message, key, suggestion=suggestion, source=source)
            covered.add(name)
    return frozenset(covered)
