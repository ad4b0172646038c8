"""What is wrong with a value, in words a person understands and with little of the value in them.

Messages continue the field's name: "appointment_time" + "is missing". Names that the schema does
not know are the sender's text: of them at most 100 characters are shown in all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

from hub.errors import PayloadProblem
from hub.schemas.formats import FORMATS
from hub.schemas.telling import folded_word

_BUDGET = 100
_LONGEST_NAME = 30
_LONGEST_LIST = 200

_TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


class Kind(Protocol):
    """Which keyword failed, and its details."""

    @property
    def name(self) -> str:
        """The keyword."""

    def as_dict(self) -> dict[str, Any]:
        """What the keyword wanted."""


class Failure(Protocol):
    """One error of the validator, as far as it is told."""

    @property
    def kind(self) -> Kind:
        """What failed."""

    @property
    def instance_path(self) -> list[str | int]:
        """Where."""


class Wording:
    """Words the failures of one value; `known_names` are those the schema itself names."""

    def __init__(self, known_names: frozenset[str]) -> None:
        self._known = known_names
        self._left = _BUDGET

    def problems(self, failures: Iterable[Failure]) -> Iterator[PayloadProblem]:
        """One problem for each thing the sender has to change."""
        for failure in failures:
            details = failure.kind.as_dict()
            path = failure.instance_path
            if failure.kind.name == "required":
                yield self._at([*path, details["property"]], "is missing")
            elif failure.kind.name in {"additionalProperties", "unevaluatedProperties"}:
                for name in details["unexpected"][:5]:
                    yield self._at([*path, name], "is not known here")
            else:
                yield self._at(path, _message(failure.kind.name, details))

    def _at(self, path: Iterable[str | int], message: str) -> PayloadProblem:
        return PayloadProblem("".join(f"/{self._token(step)}" for step in path), message)

    def _token(self, step: str | int) -> str:
        shown = str(step)
        if isinstance(step, str) and step not in self._known:
            longest = min(_LONGEST_NAME, self._left)
            shown = step if len(step) <= longest else f"{step[:longest]}…"
            self._left -= min(len(step), longest)
        return shown.replace("~", "~0").replace("/", "~1")


def _message(keyword: str, details: Mapping[str, Any]) -> str:
    worded = _MESSAGES.get(keyword)
    return worded(details) if worded else "does not have the form that is wanted"


def _type(details: Mapping[str, Any]) -> str:
    return "must be " + " or ".join(_TYPES[name] for name in details["types"])


def _enum(details: Mapping[str, Any]) -> str:
    listed = ", ".join(_shown(option) for option in details["options"])
    return f"must be one of {_cut(listed)}"


def _format(details: Mapping[str, Any]) -> str:
    known = FORMATS.get(details["format"])
    return f"must be {known.wanted}" if known else "does not have the form that is wanted"


def _any_of(details: Mapping[str, Any]) -> str:
    """Where all branches only ask for a type, say the types; else that nothing fits."""
    branches = [failures for failures in details["context"] if failures]
    types = [each.kind.as_dict().get("types") for branch in branches for each in branch]
    if types and all(types) and all(len(branch) == 1 for branch in branches):
        return _type({"types": [name for names in types for name in names]})
    return _FOLDED["anyOf"]


def _one_of(details: Mapping[str, Any]) -> str:
    if any(not failures for failures in details["context"]):
        return "fits more than one of the forms, of which exactly one is allowed"
    return _any_of(details)


_FOLDED = {
    "anyOf": "fits none of the forms that are allowed here",
    "oneOf": "does not fit exactly one of the forms that are allowed here",
    "propertyNames": "has a member whose name is not allowed",
    "not": "has a form that is not allowed here",
}


def _least(what: str, limit: int) -> str:
    if limit == 1:
        return "must not be empty"
    return f"must have at least {limit} {what}"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_LIST else f"{text[: _LONGEST_LIST - 1]}…"


_MESSAGES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "type": _type,
    "enum": _enum,
    "const": lambda details: f"must be {_cut(_shown(details['expected_value']))}",
    "format": _format,
    "pattern": lambda details: f"must match the pattern {_cut(details['pattern'])}",
    "minLength": lambda details: _least("characters", details["limit"]),
    "maxLength": lambda details: f"must have at most {details['limit']} characters",
    "minItems": lambda details: _least("items", details["limit"]),
    "maxItems": lambda details: f"must have at most {details['limit']} items",
    "minProperties": lambda details: _least("members", details["limit"]),
    "maxProperties": lambda details: f"must have at most {details['limit']} members",
    "minimum": lambda details: f"must be at least {details['limit']}",
    "maximum": lambda details: f"must be at most {details['limit']}",
    "exclusiveMinimum": lambda details: f"must be more than {details['limit']}",
    "exclusiveMaximum": lambda details: f"must be less than {details['limit']}",
    "multipleOf": lambda details: f"must be a multiple of {details['multiple_of']}",
    "uniqueItems": lambda _: "must not hold the same item twice",
    "contains": lambda _: "lacks an item that must be in it",
    "propertyNames": lambda _: _FOLDED["propertyNames"],
    "falseSchema": lambda _: "is not allowed here",
    "not": lambda details: _FOLDED[folded_word(details["schema"])],
    "anyOf": _any_of,
    "oneOf": _one_of,
}
