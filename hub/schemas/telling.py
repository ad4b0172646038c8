"""Schemas in other words, so that telling what is wrong costs no more than the verdict (I15).

The validator words every failure it meets, each with a copy of the value that failed, and in
alternatives those of all branches. `not not` has the verdict of what it holds, and one failure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hub.schemas.keywords import DATA, MAPS

_UNEVALUATED = frozenset({"unevaluatedItems", "unevaluatedProperties"})
_ALTERNATIVES = frozenset({"anyOf", "oneOf"})
_NAMES = frozenset({"propertyNames"})

_Change = Callable[[dict[str, Any]], dict[str, Any]]


def without_names(schema: Any) -> Any:
    """A schema that fails once for all names that it does not allow, not once for each."""
    return _changed(schema, lambda part: _folded(part, _NAMES))


def briefly(schema: Any) -> Any:
    """A schema whose first failure is small; it may let pass what `unevaluated…` refuses."""

    def change(part: dict[str, Any]) -> dict[str, Any]:
        kept = {word: value for word, value in part.items() if word not in _UNEVALUATED}
        return _folded(kept, _NAMES | _ALTERNATIVES)

    return _changed(schema, change)


def folded_word(schema: Any) -> str:
    """Which keyword the `not` of a failure stands for; `not` when it is one itself."""
    inner = schema.get("not") if isinstance(schema, Mapping) else None
    words = list(inner) if isinstance(inner, Mapping) else []
    is_folded = len(words) == 1 and words[0] in _NAMES | _ALTERNATIVES
    return words[0] if is_folded else "not"


def _folded(part: dict[str, Any], words: frozenset[str]) -> dict[str, Any]:
    folded = [{"not": {"not": {word: part[word]}}} for word in part if word in words]
    if not folded:
        return part
    kept = {word: value for word, value in part.items() if word not in words}
    return {**kept, "allOf": [*kept.get("allOf", ()), *folded]}


def _changed(schema: Any, change: _Change) -> Any:
    """The same change to a schema and all schemas in it; data stays."""
    if isinstance(schema, list):
        return [_changed(each, change) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    return change({word: _inside(word, value, change) for word, value in schema.items()})


def _inside(word: str, value: Any, change: _Change) -> Any:
    if word in MAPS and isinstance(value, Mapping):
        return {name: _changed(each, change) for name, each in value.items()}
    return value if word in DATA or word.startswith("x-") else _changed(value, change)
