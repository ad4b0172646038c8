"""From JSON to values: a field whose schema says `format: date-time` is a date (chapter 12)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hub.values import parse_instant

_ALTERNATIVES = ("allOf", "anyOf", "oneOf")
_REFERRING = frozenset({"$ref", *_ALTERNATIVES})


def typed(value: Any, schema: Mapping[str, Any]) -> Any:
    """The value with its dates parsed, wherever the checker takes a field for a date.

    `$ref` is followed inside the schema. The value fits the schema already; a text that is no
    instant stays text.
    """
    return _Document(schema).read(value, schema)


@dataclass(frozen=True)
class _Document:
    """One schema as a whole: what `#/…` refers to."""

    root: Any

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
            return {name: self.read(each, named.get(name, others)) for name, each in value.items()}
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


def _instant_or_text(text: str) -> Any:
    try:
        return parse_instant(text)
    except ValueError:
        return text
