"""A schema seen from a value: which members it names, and what it says about each of them.

At one place of a value several schemas may speak: the schema itself, what `$ref` names, and the
branches of `allOf`, `anyOf`, `oneOf`, `if`/`then`/`else`. A view holds all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from typing import Any

import jsonschema_rs

_LISTS = ("allOf", "anyOf", "oneOf")
_SINGLES = ("if", "then", "else")
_CERTAIN = ("allOf",)


class View:
    """All schemas that speak about one place; members and items are views again, made once."""

    def __init__(
        self, root: Any, parts: tuple[Mapping[str, Any], ...] | None = None, *, sure: int = -1
    ) -> None:
        self._root = root
        if parts is None:
            self.parts, self._sure = _spread(root, [root])
        else:
            self.parts, self._sure = parts, sure
        # By the schemas and what they name, never by the sender's names.
        self._views: dict[tuple[int, ...], View] = {}
        self._fields: dict[tuple[str | None, ...], View | None] = {}
        self._items: dict[int, View] = {}

    @cached_property
    def is_open(self) -> bool:
        """Whether members without a name here are kept: the schema allows them, or names none."""
        if any(_allows_more(part) for part in self.parts):
            return True
        return not any("properties" in part or "patternProperties" in part for part in self.parts)

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """Defaults of the members, of those schemas that hold in any case."""
        return {
            name: schema["default"]
            for part in self.parts[: self._sure]
            for name, schema in _mapping(part.get("properties")).items()
            if isinstance(schema, Mapping) and "default" in schema
        }

    @cached_property
    def formats(self) -> frozenset[str]:
        """The formats that a text here may be asked for."""
        return frozenset(
            part["format"] for part in self.parts if isinstance(part.get("format"), str)
        )

    @cached_property
    def is_leaf(self) -> bool:
        """Whether nothing is said about members or items."""
        words = {"properties", "patternProperties", "additionalProperties", "items", "prefixItems"}
        return not any(words & part.keys() for part in self.parts)

    def field(self, name: str) -> View | None:
        """What is said about a member; nothing when it has no name here.

        A name that the schemas do not know costs the same however many schemas speak (I15).
        """
        known = name if name in self._names else None
        key = (known, *(pattern for pattern in self._patterns if _matches(pattern, name)))
        if key not in self._fields:
            schemas = [each for part in self.parts for each in _about_field(part, name)]
            self._fields[key] = self._about(schemas) if schemas else None
        return self._fields[key]

    def item(self, index: int) -> View:
        """What is said about an item of a list."""
        place = min(index, self._listed)
        if place not in self._items:
            schemas = [each for part in self.parts for each in _about_item(part, place)]
            self._items[place] = self._about(schemas)
        return self._items[place]

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(name for part in self.parts for name in _mapping(part.get("properties")))

    @cached_property
    def _patterns(self) -> tuple[str, ...]:
        found = (name for part in self.parts for name in _mapping(part.get("patternProperties")))
        return tuple(dict.fromkeys(found))

    @cached_property
    def _listed(self) -> int:
        """How many items the schemas tell apart; what is said of the next holds for the rest."""
        return max((len(_list(part.get("prefixItems"))) for part in self.parts), default=0)

    def _about(self, schemas: list[Any]) -> View:
        key = tuple(map(id, schemas))
        if key not in self._views:
            parts, sure = _spread(self._root, schemas)
            self._views[key] = View(self._root, parts, sure=sure)
        return self._views[key]


def _spread(root: Any, schemas: Iterable[Any]) -> tuple[tuple[Mapping[str, Any], ...], int]:
    """The schemas and their branches; first those that hold in any case, and how many these are."""
    sure: list[Mapping[str, Any]] = []
    maybe: list[Mapping[str, Any]] = []
    for schema in schemas:
        _collect(root, schema, sure, maybe, seen=())
    return (*sure, *maybe), len(sure)


def _collect(
    root: Any,
    schema: Any,
    sure: list[Mapping[str, Any]],
    maybe: list[Mapping[str, Any]],
    seen: tuple[int, ...],
) -> None:
    if not isinstance(schema, Mapping) or id(schema) in seen:
        return
    sure.append(schema)
    seen = (*seen, id(schema))
    for branch in _certain(root, schema):
        _collect(root, branch, sure, maybe, seen)
    for branch in _possible(schema):
        _collect(root, branch, maybe, maybe, seen)


def _certain(root: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    if isinstance(schema.get("$ref"), str):
        yield resolve(root, schema["$ref"])
    for word in _CERTAIN:
        yield from _list(schema.get(word))


def _possible(schema: Mapping[str, Any]) -> Iterator[Any]:
    for word in _LISTS:
        if word not in _CERTAIN:
            yield from _list(schema.get(word))
    for word in _SINGLES:
        yield schema.get(word)
    yield from _mapping(schema.get("dependentSchemas")).values()


def resolve(root: Any, reference: str) -> Any:
    """What `#/…` names inside the document; nothing when it is not there."""
    found = root
    for step in reference.removeprefix("#").split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, Mapping):
            found = found.get(key)
        elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
            found = found[int(key)]
        else:
            return None
    return found


def _about_field(part: Mapping[str, Any], name: str) -> list[Any]:
    properties = _mapping(part.get("properties"))
    found = [properties[name]] if name in properties else []
    patterns = _mapping(part.get("patternProperties"))
    found.extend(schema for pattern, schema in patterns.items() if _matches(pattern, name))
    if not found:
        found = [
            part[word]
            for word in ("additionalProperties", "unevaluatedProperties")
            if isinstance(part.get(word), Mapping)
        ]
    return found


def _about_item(part: Mapping[str, Any], index: int) -> list[Any]:
    prefix = _list(part.get("prefixItems"))
    return [prefix[index]] if index < len(prefix) else [part.get("items")]


def _matches(pattern: str, name: str) -> bool:
    return _pattern(pattern).is_valid(name)


@cache
def _pattern(pattern: str) -> jsonschema_rs.Draft202012Validator:
    """The same engine as validation uses: its time is linear in the name."""
    return jsonschema_rs.Draft202012Validator(
        {"pattern": pattern}, pattern_options=jsonschema_rs.RegexOptions()
    )


def _allows_more(part: Mapping[str, Any]) -> bool:
    return any(
        part.get(word) is True or isinstance(part.get(word), Mapping)
        for word in ("additionalProperties", "unevaluatedProperties")
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
