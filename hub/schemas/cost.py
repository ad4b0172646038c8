"""What a schema may cost at one place of a value: the bound of what validating costs (I15).

Validation is linear in the value, times what the schemas that speak about the same place cost.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hub.schemas.patterns import weight_of_pattern
from hub.schemas.view import resolve

_BRANCHES = ("allOf", "anyOf", "oneOf")
_CONDITIONS = ("not", "if", "then", "else")
_OF_MEMBERS = ("additionalProperties", "unevaluatedProperties", "propertyNames")
_OF_ITEMS = ("items", "contains", "unevaluatedItems")
_WITH_ONE = (*_CONDITIONS, *_OF_MEMBERS, *_OF_ITEMS)
_WITH_NAMES = ("properties", "patternProperties", "dependentSchemas")
_WITH_SEVERAL = (*_BRANCHES, "prefixItems")

_UNEVALUATED = ("unevaluatedItems", "unevaluatedProperties")
_SIMPLE = 15  # each value is also walked to be shaped
_FORMATS: Mapping[str, float] = {"date-time": 150, "timezone": 20}
_FORMAT = 15
_PATTERN_OF_NAMES = 15
_OPTION = 1 / 12
_NAME = 1 / 4
_DEFAULT = 10


def alternatives(schema: Mapping[str, Any]) -> float:
    """The most schemas that speak about one place; infinite for one that contains itself."""
    here, below = _Counter(schema, own=lambda _: 1).count(schema)
    return max(here, below)


def checks(schema: Mapping[str, Any]) -> float:
    """The most failures that there can be at one place of a value."""
    here, below = _Counter(schema, own=_keywords).count(schema)
    return max(here, below)


def effort(schema: Mapping[str, Any]) -> float:
    """What one value costs at the most expensive place, in tenths of a microsecond (measured)."""
    here, below = _Counter(schema, own=_effort, of_pattern=_PATTERN_OF_NAMES).count(schema)
    return _SIMPLE + max(here, below)


def matching(schema: Mapping[str, Any]) -> float:
    """What one character costs at the most expensive place: the weights of its patterns."""
    here, below = _Counter(schema, own=_matching, of_pattern=1).count(schema)
    return max(here, below)


def places(schema: Mapping[str, Any]) -> int:
    """How many schemas there are when every `$ref` is written out; for one without end: many.

    Two members that name one definition double it, and so on at each level.
    """
    return _written_out(schema, schema, {})


def _written_out(root: Any, schema: Any, known: dict[int, int]) -> int:
    if not isinstance(schema, Mapping):
        return 1
    if id(schema) not in known:
        known[id(schema)] = 1  # while it is being counted; what contains itself is refused before
        inner = [each for word in _WITH_ONE if (each := schema.get(word)) is not None]
        for word in _WITH_NAMES:
            named = schema.get(word)
            inner += named.values() if isinstance(named, Mapping) else ()
        for word in _WITH_SEVERAL:
            inner += _listed(schema.get(word))
        if isinstance(schema.get("$ref"), str):
            inner.append(resolve(root, schema["$ref"]))
        known[id(schema)] = 1 + sum(_written_out(root, each, known) for each in inner)
    return known[id(schema)]


def _keywords(schema: Mapping[str, Any]) -> float:
    return len(schema) + len(_listed(schema.get("required")))


def _matching(schema: Mapping[str, Any]) -> float:
    return weight_of_pattern(schema["pattern"]) if "pattern" in schema else 0


def _effort(schema: Mapping[str, Any]) -> float:
    """What one object of a schema costs by itself, whatever stands below it."""
    cost = 1.0 + _matching(schema)
    if "format" in schema:
        cost += _FORMATS.get(schema["format"], _FORMAT)
    cost += len(_listed(schema.get("enum"))) * _OPTION
    named = schema.get("properties")
    properties = named.values() if isinstance(named, Mapping) else ()
    cost += (len(properties) + len(_listed(schema.get("required")))) * _NAME
    defaults = [
        each["default"] for each in properties if isinstance(each, Mapping) and "default" in each
    ]
    return cost + sum(_size(each) for each in defaults) * _DEFAULT


def _size(value: Any) -> int:
    inner = value.values() if isinstance(value, Mapping) else _listed(value)
    return 1 + sum(map(_size, inner))


class _Counter:
    """Counts one document; every subschema once.

    `own`: what a schema counts by itself; `of_pattern`: what a pattern for names counts for each.
    """

    def __init__(
        self,
        root: Mapping[str, Any],
        *,
        own: Callable[[Mapping[str, Any]], float],
        of_pattern: float = 0,
    ) -> None:
        self._root = root
        self._own = own
        self._of_pattern = of_pattern
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
        # What is left over is found by looking at every branch again.
        times = 2 if any(word in schema for word in _UNEVALUATED) else 1
        here = self._own(schema) + times * sum(own for own, _ in branches)
        below = self._below(schema) + times * sum(deeper for _, deeper in branches)
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
        more += len(matched) * self._of_pattern
        return max(named + sum(matched) + more, listed + items)

    def _worst(self, schemas: Any) -> float:
        values = schemas.values() if isinstance(schemas, Mapping) else ()
        return max((max(self.count(each)) for each in values), default=0)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
