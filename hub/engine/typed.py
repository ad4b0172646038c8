"""From JSON to values: a field whose schema says `format: date-time` is a date (chapter 12)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from hub.values import parse_instant

_ALTERNATIVES = ("allOf", "anyOf", "oneOf")
_REFERRING = frozenset({"$ref", *_ALTERNATIVES})


def typed(value: Any, schema: Mapping[str, Any]) -> Any:
    """The value with its dates parsed, wherever the checker takes a field for a date.

    `$ref` is followed inside the schema. The value fits the schema already; a text that is no
    instant stays text.
    """
    if not schema:
        return value
    document = _document(Same(schema))
    return document.read(value, schema) if document.may_hold_dates(schema) else value


@dataclass(frozen=True, eq=False)
class Same:
    """A schema as a key: itself, whatever is in it; schemas are never changed."""

    schema: Mapping[str, Any]

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.schema is other.schema


@lru_cache(maxsize=1024)
def _document(key: Same) -> _Document:
    return _Document(key.schema)


@dataclass(frozen=True)
class _Document:
    """One schema as a whole: what `#/…` refers to."""

    root: Any
    _known: dict[int, bool] = field(default_factory=dict)  # by the part's identity: the root has it

    def may_hold_dates(self, part: Any) -> bool:
        """Whether a part says anything of dates: else its value is what it was."""
        known = self._known.get(id(part))
        if known is None:
            known = self._known[id(part)] = _names_dates(part)
        return known

    def read(self, value: Any, schema: Any, followed: frozenset[str] = frozenset()) -> Any:
        """The value as one part of the document sees it; `followed` are references on the way."""
        if not isinstance(schema, Mapping):
            return value
        value = self._own(value, schema)
        if _REFERRING.isdisjoint(schema):
            return value
        for part in self._parts(schema, followed):
            value = self.read(value, part, followed | {str(schema.get("$ref"))})
        return value

    def _own(self, value: Any, schema: Mapping[str, Any]) -> Any:
        if isinstance(value, str):
            return _instant_or_text(value) if schema.get("format") == "date-time" else value
        if isinstance(value, dict):
            named, others = schema.get("properties", {}), schema.get("additionalProperties")
            return {
                name: self.read(each, part) if self.may_hold_dates(part) else each
                for name, each in value.items()
                for part in (named.get(name, others),)
            }
        if isinstance(value, list):
            first, others = schema.get("prefixItems", []), schema.get("items")
            return [
                self.read(each, first[place] if place < len(first) else others)
                for place, each in enumerate(value)
            ]
        return value

    def _parts(self, schema: Mapping[str, Any], followed: frozenset[str]) -> Iterator[Any]:
        """What else describes the same value."""
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference not in followed:
            yield self._referred(reference)
        for word in _ALTERNATIVES:
            yield from schema.get(word, ())

    def _referred(self, reference: str) -> Any:
        target = self.root
        for step in reference.removeprefix("#").split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            target = target.get(key) if isinstance(target, Mapping) else None
        return target


def _names_dates(part: Any) -> bool:
    """Whether dates are spoken of somewhere in it, or it refers to what may do so."""
    if isinstance(part, Mapping):
        is_named = part.get("format") == "date-time" or "$ref" in part
        return is_named or any(map(_names_dates, part.values()))
    return isinstance(part, list | tuple) and any(map(_names_dates, part))


def _instant_or_text(text: str) -> Any:
    try:
        return parse_instant(text)
    except ValueError:
        return text
