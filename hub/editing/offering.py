"""What may be written at one place of a file, by its JSON Schema, and what stands there. Pure.

The text may be broken, as it is while somebody types: the place is found by the indentation of the
lines above it, not by reading the whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

Schema = Mapping[str, Any]

_KEY = re.compile(r" *(?:- +)*(?P<name>[^\s:#'\"\[\]{},&*!|>%@`-][^:#]*?):(?=\s|$)")
_MOST = 200  # offers
_DEEPEST = 40  # references behind one another
_ITEM = object()


@dataclass(frozen=True)
class Offer:
    """Something that fits here. `insert` is what to write for it; `detail` says what it is."""

    label: str
    insert: str
    detail: str
    kind: str


@dataclass(frozen=True)
class _Level:
    """An item of a list, or a key with all keys of its object."""

    name: object
    beside: Mapping[str, str]


@dataclass(frozen=True)
class Around:
    """Where a place is: the way of keys and items to it, and the keys beside it.

    `value_of` is the key whose value is being written; None: a key is.
    """

    way: tuple[_Level, ...]
    beside: Mapping[str, str]
    value_of: str | None
    written: str


def offers(text: str, line: int, column: int, schema: Schema) -> list[Offer]:
    """What may be written at this place (both from 1): keys that are not there yet, or values."""
    place = around(text, line, column)
    if place is None:
        return []
    reading = _Schemas(schema)
    found = reading.at(place)
    if place.value_of is None:
        names = reading.keys(found)
        return [
            Offer(name, f"{name}: " if _is_short(reading, each) else f"{name}:", _told(each), "key")
            for name, each in names.items()
            if name not in place.beside
        ][:_MOST]
    values: dict[str, Offer] = {}
    for each in reading.spread(reading.member(found, place.value_of)):
        for value, told in reading.values(each):
            said = value if isinstance(value, str) else json.dumps(value)
            values.setdefault(said, Offer(said, said, told or _told(each), "value"))
    return list(values.values())[:_MOST]


def explanation(text: str, line: int, column: int, schema: Schema) -> str:
    """What the key at this place means, or the name behind it (an action); empty: nothing known."""
    written = text.split("\n")[line - 1 : line]
    match = _KEY.match(written[0]) if written else None
    if match is None or not match.start("name") < column:
        return ""
    if column > match.end("name") + 1:
        return _meaning_of_value(text, line, column, _value(written[0]), schema)
    place = around(text, line, match.start("name") + 1)
    if place is None:
        return ""
    reading = _Schemas(schema)
    told = [_told(each) for each in reading.member(reading.at(place), match["name"].strip())]
    return next((each for each in told if each), "")


def _meaning_of_value(text: str, line: int, column: int, value: str, schema: Schema) -> str:
    """What is said of one of the names that fit here; the key's own words would say nothing new."""
    place = around(text, line, column)
    if place is None or place.value_of is None:
        return ""
    reading = _Schemas(schema)
    found = reading.spread(reading.member(reading.at(place), place.value_of))
    known = (pair for each in found for pair in reading.values(each))
    return next((told for name, told in known if name == value and told), "")


def around(text: str, line: int, column: int) -> Around | None:
    """The surroundings of a place; None inside a comment."""
    lines = text.split("\n")
    if not 0 < line <= len(lines):
        return None
    here = lines[line - 1]
    before = here[: column - 1]
    if before.lstrip().startswith("#") or " #" in before:
        return None
    match = _KEY.match(here)
    if match is not None and column - 1 > match.end():
        start, value_of, written = match.start("name"), match["name"].strip(), before[match.end() :]
    else:
        start = len(before) - len(before.lstrip(" -"))
        value_of, written = None, before[start:]
    beside = _beside(lines, line, start)
    if value_of is not None:
        beside[value_of] = written.strip()
    return Around(_way(lines, line, start), beside, value_of, written.strip())


def _way(lines: Sequence[str], line: int, start: int) -> tuple[_Level, ...]:
    """The keys and items in which a key at this column stands, the outermost first."""
    way: list[_Level] = []
    column, is_dash = start, False
    for at in range(line - 1, -1, -1):
        for place, name in reversed(_parts(lines[at])):
            is_outside = place < column or (place == column and is_dash and name is not _ITEM)
            if is_outside and (at < line - 1 or name is _ITEM):
                beside = {} if name is _ITEM else _beside(lines, at + 1, place)
                way.append(_Level(name, {**beside, str(name): _value(lines[at])}))
                column, is_dash = place, name is _ITEM
        if column == 0 and not is_dash:
            break
    return tuple(reversed(way))


def _beside(lines: Sequence[str], line: int, start: int) -> dict[str, str]:
    """The other keys of the same object, above and below."""
    found: dict[str, str] = {}
    is_first = any(place < start for place, _ in _parts(lines[line - 1]))
    above = [] if is_first else lines[line - 2 :: -1] if line > 1 else []
    for each in above:
        parts = _parts(each)
        is_own = bool(parts) and parts[-1][0] == start and parts[-1][1] is not _ITEM
        if is_own:
            found[str(parts[-1][1])] = _value(each)
        if parts and parts[0][0] < start:
            break
    for each in lines[line:]:
        parts = _parts(each)
        if parts and parts[0][0] < start:
            break
        if len(parts) == 1 and parts[0][0] == start and parts[0][1] is not _ITEM:
            found[str(parts[0][1])] = _value(each)
    return found


def _parts(line: str) -> list[tuple[int, object]]:
    """The dashes and the key of a line, each with its column from 0."""
    if not line.strip() or line.lstrip().startswith("#"):
        return []
    start = len(line) - len(line.lstrip(" -"))
    parts: list[tuple[int, object]] = [
        (place, _ITEM) for place, sign in enumerate(line[:start]) if sign == "-"
    ]
    match = _KEY.match(line)
    return parts if match is None else [*parts, (match.start("name"), match["name"].strip())]


def _value(line: str) -> str:
    match = _KEY.match(line)
    said = "" if match is None else line[match.end() :].split(" #", maxsplit=1)[0].strip()
    return said.strip("'\"")


def _told(schema: Schema) -> str:
    return str(schema.get("description", ""))


def _is_short(reading: _Schemas, schema: Schema) -> bool:
    """Whether the value stands behind the key on its line."""
    kinds = [each.get("type") for each in reading.spread([schema])]
    return not any(kind in ("object", "array") for kind in kinds)


@dataclass(frozen=True)
class _Schemas:
    """Reads one schema with its references."""

    root: Schema

    def at(self, place: Around) -> list[Schema]:
        """The schemas of the object in which the place is."""
        found = [self.root]
        for level in place.way:
            spread = list(self.spread(found, level.beside))
            if level.name is _ITEM:
                items = (each.get("items") for each in spread)
                found = [each for each in items if isinstance(each, Mapping)]
            else:
                found = self.member(spread, str(level.name))
        return list(self.spread(found, place.beside))

    def member(self, spread: Sequence[Schema], name: str) -> list[Schema]:
        """What stands behind a key."""
        found: list[Schema] = []
        for each in spread:
            known = each.get("properties", {}).get(name)
            more = each.get("additionalProperties")
            if isinstance(known, Mapping):
                found.append(known)
            elif isinstance(more, Mapping) and more:
                found.append(more)
        return found

    def keys(self, spread: Sequence[Schema]) -> dict[str, Schema]:
        """Key → its schema, that with a description first."""
        names: dict[str, Schema] = {}
        for each in spread:
            for name, inner in each.get("properties", {}).items():
                if isinstance(inner, Mapping) and not _told(names.get(name, {})):
                    names[name] = inner
        return names

    def values(self, schema: Schema) -> Iterator[tuple[Any, str]]:
        """The values that a schema names, each with what is said of it alone."""
        told = chain(schema.get("enumDescriptions", ()), repeat(""))
        yield from zip(schema.get("enum", ()), told, strict=False)
        if "const" in schema:
            yield schema["const"], ""
        if schema.get("type") == "boolean":
            yield from ((True, ""), (False, ""))

    def spread(
        self, schemas: Sequence[Schema], beside: Mapping[str, str] | None = None, depth: int = 0
    ) -> Iterator[Schema]:
        """Each schema and those that are part of it; of conditions the part that holds.

        `beside` are the keys that stand there; without it both parts may hold.
        """
        for each in schemas if depth < _DEEPEST else ():
            target = self._target(each)
            if target is not None:
                yield from self.spread([target], beside, depth + 1)
            yield each
            for name in ("allOf", "anyOf", "oneOf"):
                yield from self.spread(each.get(name, ()), beside, depth + 1)
            if "if" in each:
                yield from self.spread(self._chosen(each, beside), beside, depth + 1)

    def _chosen(self, schema: Schema, beside: Mapping[str, str] | None) -> list[Schema]:
        ways = [schema[name] for name in ("then", "else") if name in schema]
        if beside is None:
            return ways
        name = "then" if _holds(schema["if"], beside) else "else"
        return [schema[name]] if name in schema else []

    def _target(self, schema: Schema) -> Schema | None:
        ref = schema.get("$ref", "")
        if not isinstance(ref, str) or not ref.startswith("#/definitions/"):
            return None
        found = self.root.get("definitions", {}).get(ref.removeprefix("#/definitions/"))
        return found if isinstance(found, Mapping) else None


def _holds(condition: Schema, beside: Mapping[str, str]) -> bool:
    """Whether keys that must be there are, with the values that they must have."""
    is_there = all(name in beside for name in condition.get("required", ()))
    return is_there and all(
        "const" not in each or beside.get(name) == each["const"]
        for name, each in condition.get("properties", {}).items()
        if isinstance(each, Mapping)
    )
