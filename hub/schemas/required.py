"""Names in `required` that no member has: no payload could ever hold them (chapter 5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hub.schemas.view import View


@dataclass(frozen=True)
class Unmet:
    """A required name without a member; `known` are the members of its place."""

    pointer: str
    name: str
    known: tuple[str, ...]


def unmet_names(schema: Mapping[str, Any]) -> Iterator[Unmet]:
    """Those of a schema that compiles; where other members are kept, any name may be required."""
    pointers = dict(_pointers(schema, ""))
    waiting, seen = [View(schema)], set()
    while waiting:
        view = waiting.pop()
        key = tuple(map(id, view.parts))
        if key in seen or view.is_leaf:
            continue
        seen.add(key)
        known = tuple(dict.fromkeys(name for part in view.parts for name in _members(part)))
        if not view.is_open:
            yield from _unmet(view, pointers, known)
        waiting.extend(inner for name in (*known, "") if (inner := view.field(name)) is not None)
        waiting.extend(view.item(index) for index in range(_listed(view) + 1))


def _unmet(view: View, pointers: Mapping[int, str], known: tuple[str, ...]) -> Iterator[Unmet]:
    for part in view.parts:
        for index, name in enumerate(part.get("required", ())):
            if view.field(name) is None:
                yield Unmet(f"{pointers[id(part)]}/required/{index}", name, known)


def _pointers(value: Any, here: str) -> Iterator[tuple[int, str]]:
    """Every object in a schema, by identity."""
    if isinstance(value, Mapping):
        yield id(value), here
        for name, each in value.items():
            yield from _pointers(each, f"{here}/{name.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _pointers(each, f"{here}/{index}")


def _members(part: Mapping[str, Any]) -> Mapping[str, Any]:
    members: Mapping[str, Any] = part.get("properties", {})
    return members


def _listed(view: View) -> int:
    return max((len(part.get("prefixItems", ())) for part in view.parts), default=0)
