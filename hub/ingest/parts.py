"""Values from the path and the query: texts that become what their schemas say (chapter 5)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.engine.workflow import ValueField
from hub.errors import PayloadProblem
from hub.ingest.request import storable
from hub.schemas import Validator, compile_schema, normalise

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,17})?", re.ASCII)
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True)
class _Part:
    field: ValueField
    validator: Validator


class Parts:
    """The declared values of one place, `params` or `query`."""

    def __init__(self, place: str, fields: Sequence[ValueField]) -> None:
        self._place = place
        self._parts = [_Part(each, compile_schema(each.schema)) for each in fields]

    def read(
        self, given: Mapping[str, Sequence[str]]
    ) -> tuple[dict[str, Any], list[PayloadProblem]]:
        """The values, and what is wrong with them. What is not declared is left out."""
        values: dict[str, Any] = {}
        problems: list[PayloadProblem] = []
        for part in self._parts:
            name = part.field.name
            if given.get(name):
                value, wrong = self._value(part, given[name])
                values[name] = value
                problems.extend(PayloadProblem(f"/{self._place}/{name}", text) for text in wrong)
            elif part.field.default is not None:
                values[name] = part.field.default
            elif not part.field.is_optional:
                problems.append(PayloadProblem(f"/{self._place}/{name}", "is missing"))
        return values, problems

    def _value(self, part: _Part, texts: Sequence[str]) -> tuple[Any, list[str]]:
        if any(storable(text) != text for text in texts):
            return None, ["holds a character that cannot be stored"]
        kind = part.field.schema.get("type")
        if kind == "array":
            items = part.field.schema.get("items")
            of_item = items.get("type") if isinstance(items, Mapping) else None
            value: Any = [_typed(text, of_item) for text in texts]
        elif len(texts) > 1:
            return None, ["must be given once"]
        else:
            value = _typed(texts[0], kind)
        wrong = [each.message for each in part.validator.problems(value)]
        return normalise(part.validator.view, value), wrong


def _typed(text: str, kind: Any) -> Any:
    """The text as that type; a text that cannot be one stays, and the schema refuses it."""
    if kind == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "number" and _NUMBER.fullmatch(text):
        return float(text)
    if kind == "boolean":
        return _BOOLEANS.get(text, text)
    return text
