"""Values from path, query and forms: texts that become what their schemas say (chapter 5)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.engine.workflow import ValueField
from hub.errors import PayloadProblem
from hub.ingest.request import storable
from hub.schemas import Validator, compile_schema, normalise
from hub.schemas.view import View

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


def read_fields(view: View, fields: Any) -> Any:
    """The fields of a form as the schema of the payload says; what is no text stays as it is."""
    if not isinstance(fields, dict):
        return fields
    return {name: _field(view.field(name), value) for name, value in fields.items()}


def _field(view: View | None, value: Any) -> Any:
    if view is None:
        return value
    kind = _kind(view)
    if kind == "array" and isinstance(value, str | list):
        texts = [value] if isinstance(value, str) else value
        return [_field(view.item(place), text) for place, text in enumerate(texts)]
    return _typed(value, kind) if isinstance(value, str) else value


def _kind(view: View) -> str | None:
    """The one type that is wanted, where it is no text."""
    said = [part["type"] for part in view.parts if "type" in part]
    kinds = {kind for each in said for kind in ([each] if isinstance(each, str) else each)}
    kinds.discard("null")
    return kinds.pop() if len(kinds) == 1 else None


def _typed(text: str, kind: Any) -> Any:
    """The text as that type; a text that cannot be one stays, and the schema refuses it."""
    if kind == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "number" and _NUMBER.fullmatch(text):
        return float(text)
    if kind == "boolean":
        return _BOOLEANS.get(text, text)
    return text
