"""Where a change is made: `steps[2].with.text`, or `@hold.with.text` from the step with that id."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hub.editing.layout import Branch, Leaf
from hub.editing.order import Role, inner_role

Place = tuple[str | int, ...]
"""Keys and indexes from the root; the first may be `@<id>` for a step."""

_PART = re.compile(r"(?P<name>@?[A-Za-z0-9_-]+)|\[(?P<index>[0-9]+)\]|\['(?P<quoted>[^']+)'\]")


class NoSuchPlace(Exception):
    """The file has nothing there; the message says how far the way leads."""


def parse_place(text: str) -> Place:
    """The place that a text names; raises `NoSuchPlace` for one that cannot be read."""
    place: list[str | int] = []
    at = 0
    while at < len(text):
        at += text[at] == "." and at > 0
        found = _PART.match(text, at)
        if found is None:
            raise NoSuchPlace(f"'{text}' is no place: write it like `steps[2].with.text`")
        place.append(int(found["index"]) if found["index"] else found["name"] or found["quoted"])
        at = found.end()
    return tuple(place)


def resolved(root: Branch, role: Role, place: Place) -> Place:
    """The same place from the root, without `@<id>`; raises `NoSuchPlace`."""
    first = place[0] if place else ""
    if not isinstance(first, str) or not first.startswith("@"):
        return place
    for way, step in steps_of(root, role):
        if id_of(step) == first[1:]:
            return (*way, *place[1:])
    raise NoSuchPlace(f"there is no step '{first[1:]}'")


def part_at(root: Branch, place: Place) -> tuple[Branch, int]:
    """The mapping or list that holds the part, and the part's number in it."""
    branch = root
    for depth, word in enumerate(place):
        number = _number(branch, word)
        if number is None:
            raise NoSuchPlace(f"there is no {shown(place[: depth + 1])}")
        if depth == len(place) - 1:
            return branch, number
        inner = branch.parts[number].value
        if not isinstance(inner, Branch):
            raise NoSuchPlace(f"{shown(place[: depth + 1])} is one value")
        branch = inner
    raise NoSuchPlace("the whole file is no part of itself")


def branch_at(root: Branch, place: Place) -> Branch:
    """The mapping or list at a place; an empty place is the file."""
    if not place:
        return root
    branch, number = part_at(root, place)
    found = branch.parts[number].value
    if not isinstance(found, Branch):
        raise NoSuchPlace(f"{shown(place)} is one value")
    return found


def role_at(root: Branch, role: Role, place: Place) -> Role:
    """What stands at a place that is there."""
    branch = root
    for word in place:
        part = branch.parts[_number(branch, word) or 0]
        role = inner_role(role, part)
        branch = part.value if isinstance(part.value, Branch) else branch
    return role


def steps_of(branch: Branch, role: Role, way: Place = ()) -> Iterator[tuple[Place, Branch]]:
    """Every step of a workflow with its place, from top to bottom."""
    if role == "step" and branch.kind == "mapping":
        yield way, branch
    for number, part in enumerate(branch.parts):
        if isinstance(part.value, Branch):
            word = part.name if branch.kind == "mapping" else number
            yield from steps_of(part.value, inner_role(role, part), (*way, word))


def id_of(step: Branch) -> str | None:
    """The `id` of a step."""
    part = step.part("id")
    found = part.value.value if part is not None and isinstance(part.value, Leaf) else None
    return found if isinstance(found, str) else None


def shown(place: Place) -> str:
    """`steps[2].with.text`."""
    words = (f"[{word}]" if isinstance(word, int) else f".{word}" for word in place)
    return "".join(words).removeprefix(".")


def _number(branch: Branch, word: str | int) -> int | None:
    if branch.kind == "list":
        is_there = isinstance(word, int) and word < len(branch.parts)
        return int(word) if is_there else None
    names = [part.name for part in branch.parts]
    return names.index(str(word)) if str(word) in names else None
