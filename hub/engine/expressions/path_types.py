"""The types of names, fields and items."""

from __future__ import annotations

from dataclasses import dataclass

from hub.engine.expressions.environment import Findings, PathKey, Seen, TypeEnv
from hub.engine.expressions.signatures import suggestion
from hub.engine.expressions.syntax import FieldStep, IndexStep, Name
from hub.engine.expressions.types import (
    ANYTHING,
    Anything,
    ListType,
    Null,
    ObjectType,
    Type,
    describe,
    is_nullable,
    marked,
    members_of,
    nullable,
    union_of,
    without,
)
from hub.engine.findings import only_candidate

UNKNOWN = Seen(ANYTHING, is_certain=False)

_MOST_LISTED = 5


def infer_name(node: Name, env: TypeEnv, findings: Findings) -> Seen:
    """The type of a name in scope, or HUB201."""
    kind = env.names.get(node.name)
    if kind is None:
        fix = None if node.name in env.why else only_candidate(node.name, env.names)
        findings.error("HUB201", _unknown_name(node.name, env), node, fix=fix)
        return UNKNOWN
    return known(Seen(kind, is_certain=not isinstance(kind, Anything)), (node.name,), env)


def _unknown_name(name: str, env: TypeEnv) -> str:
    if name in env.why:
        return f"there is no '{name}' here: {env.why[name]}"
    near = suggestion(name, tuple(env.names))
    return f"there is no '{name}' here" + (near or f"; text needs quotes: '{name}'")


def known(seen: Seen, path: PathKey | None, env: TypeEnv) -> Seen:
    """What is known of a path once earlier conditions are taken into account."""
    if path not in env.present:
        return seen
    return Seen(without(seen.type, Null), None, seen.is_certain)


@dataclass(frozen=True, slots=True)
class Look:
    """One look into a value: `.name`, `['key']`, `[0]`.

    `key` is None if it is computed; `label` is the text up to there; `path` the whole path with
    this key in it, if it is written down.
    """

    step: FieldStep | IndexStep
    key: str | int | None
    label: str
    path: PathKey | None


def infer_step(seen: Seen, look: Look, env: TypeEnv, findings: Findings) -> Seen:
    """The type of a field or item of a value."""
    found = [
        _inside(member, look, env, findings) for member in members_of(without(seen.type, Null))
    ]
    kind = marked(union_of(each.type for each in found), is_pii=seen.type.is_pii)
    missing = seen.missing or next((each.missing for each in found if each.missing), None)
    certain = seen.is_certain and all(each.is_certain for each in found)
    whole = nullable(kind) if is_nullable(seen.type) else kind
    return known(Seen(whole, missing, certain), look.path, env)


def _inside(kind: Type, look: Look, env: TypeEnv, findings: Findings) -> Seen:
    if isinstance(kind, Anything):
        return UNKNOWN
    if isinstance(kind, ObjectType) and isinstance(look.key, str):
        return _field(kind, look.key, look, env, findings)
    if isinstance(kind, ObjectType) and look.key is None:
        return _any_field(kind, look)
    if isinstance(kind, ListType) and not isinstance(look.key, str):
        return Seen(kind.item, look.label)
    findings.error("HUB206", _refusal(kind, look), look.step)
    return UNKNOWN


def _any_field(kind: ObjectType, look: Look) -> Seen:
    inside = [field.type for field in kind.fields.values()]
    if kind.extra is not None or not inside:
        inside.append(kind.extra or ANYTHING)
    return Seen(union_of(inside), look.label)


def _field(kind: ObjectType, key: str, look: Look, env: TypeEnv, findings: Findings) -> Seen:
    field = kind.fields.get(key)
    if field is not None:
        certain = not isinstance(field.type, Anything)
        return Seen(field.type, look.label if field.may_be_missing else None, certain)
    if kind.extra is not None:
        return Seen(kind.extra, is_certain=False)
    code, message = _unknown_field(kind, key, look.path, env)
    fix = only_candidate(key, kind.fields) if _can_be_meant(key, look, env) else None
    findings.error(code, message, look.step, source=env.source_of(look.path), fix=fix)
    return UNKNOWN


def _can_be_meant(key: str, look: Look, env: TypeEnv) -> bool:
    """Whether another name is meant: the key is written as `.name`, and stands nowhere else."""
    return isinstance(look.step, FieldStep) and f"steps.{key}" not in env.why


def _unknown_field(
    kind: ObjectType, key: str, path: PathKey | None, env: TypeEnv
) -> tuple[str, str]:
    owner = ".".join(str(part) for part in path[:-1]) if path else "the object"
    near = suggestion(key, tuple(kind.fields))
    if owner == "steps":
        reason = env.why.get(f"steps.{key}")
        if reason is not None:
            return "HUB202", f"there is no result of step '{key}' here: {reason}"
        return "HUB202", f"there is no step '{key}' before this one{near}"
    return "HUB203", f"{owner} has no field '{key}'{near or _listed(tuple(kind.fields))}"


def _listed(names: tuple[str, ...]) -> str:
    """At most five of the names there are."""
    more = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    return f" — it has {', '.join(names[:_MOST_LISTED])}{more}" if names else ""


def _refusal(kind: Type, look: Look) -> str:
    if isinstance(kind, ListType):
        return f"this is a list: use `[0]`, `| first` or `| pluck('{look.key}')`"
    if isinstance(look.step, FieldStep):
        return f"`.{look.step.name}` needs an object, this is {describe(kind)}"
    return f"`[ ]` needs an object with texts as keys or a list, this is {describe(kind)}"
