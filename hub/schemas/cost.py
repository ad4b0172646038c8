"""How often a schema may look at one place of a value: the bound of what validating costs (I15).

Validation is linear in the value, times the number of schemas that speak about the same place.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from hub.schemas.view import resolve

_BRANCHES = ("allOf", "anyOf", "oneOf")
_CONDITIONS = ("not", "if", "then", "else")
_OF_MEMBERS = ("additionalProperties", "unevaluatedProperties", "propertyNames")
_OF_ITEMS = ("items", "contains", "unevaluatedItems")


def alternatives(schema: Mapping[str, Any]) -> float:
    """The most schemas that speak about one place; infinite for one that contains itself."""
    here, below = _Counter(schema).count(schema)
    return max(here, below)


class _Counter:
    """Counts one document; every subschema once."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._done: dict[int, tuple[float, float]] = {}
        self._open: set[int] = set()

    def count(self, schema: Any) -> tuple[float, float]:
        """How many schemas speak here, and the most that speak at any one place below."""
        if not isinstance(schema, Mapping):
            return 1, 0
        if id(schema) in self._open:
            return math.inf, math.inf
        if id(schema) not in self._done:
            self._open.add(id(schema))
            self._done[id(schema)] = self._count(schema)
            self._open.discard(id(schema))
        return self._done[id(schema)]

    def _count(self, schema: Mapping[str, Any]) -> tuple[float, float]:
        branches = [self.count(branch) for branch in self._branches(schema)]
        here = 1 + sum(own for own, _ in branches)
        below = self._below(schema) + sum(deeper for _, deeper in branches)
        return here, below

    def _branches(self, schema: Mapping[str, Any]) -> Iterator[Any]:
        if isinstance(schema.get("$ref"), str):
            yield resolve(self._root, schema["$ref"])
        for word in _BRANCHES:
            branches = schema.get(word)
            yield from branches if isinstance(branches, list) else ()
        for word in _CONDITIONS:
            if word in schema:
                yield schema[word]
        dependent = schema.get("dependentSchemas")
        yield from dependent.values() if isinstance(dependent, Mapping) else ()

    def _below(self, schema: Mapping[str, Any]) -> float:
        """One member meets its own schema or the rest, and every pattern; items likewise."""
        named = self._worst(schema.get("properties"))
        patterns = schema.get("patternProperties")
        matched = [
            max(self.count(each))
            for each in (patterns.values() if isinstance(patterns, Mapping) else ())
        ]
        more = sum(max(self.count(schema[word])) for word in _OF_MEMBERS if word in schema)
        prefix = schema.get("prefixItems")
        listed = max((max(self.count(each)) for each in _listed(prefix)), default=0)
        items = sum(max(self.count(schema[word])) for word in _OF_ITEMS if word in schema)
        return max(named + sum(matched) + more, listed + items)

    def _worst(self, schemas: Any) -> float:
        values = schemas.values() if isinstance(schemas, Mapping) else ()
        return max((max(self.count(each)) for each in values), default=0)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
