"""A schema, compiled once: verdicts in microseconds, problems in plain words (S16, I15).

Patterns run on an engine whose time is linear in the text; nothing is ever fetched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import jsonschema_rs

from hub.errors import PayloadProblem
from hub.schemas.formats import FORMATS
from hub.schemas.messages import Wording
from hub.schemas.view import View

MOST_PROBLEMS = 20
_MOST_VALUES = 2_000  # of larger values only the first problem is told: listing all takes too long

_FORMAT_CHECKS = {name: each.fits for name, each in FORMATS.items()}


class Validator:
    """One schema. Made by `compile_schema`."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.view = View(schema)
        self._names = frozenset(_names(schema))
        self._checker = compiled(schema)

    def fits(self, value: Any) -> bool:
        """Whether the value is valid."""
        return self._checker.is_valid(value)

    def problems(self, value: Any) -> list[PayloadProblem]:
        """What is wrong with it, at most 20; nothing when it is valid."""
        if self._checker.is_valid(value):
            return []
        found = Wording(self._names).problems(self._failures(value))
        return list(islice(dict.fromkeys(found), MOST_PROBLEMS))

    def _failures(self, value: Any) -> Iterator[jsonschema_rs.ValidationError]:
        if _is_large(value):
            try:
                self._checker.validate(value)
            except jsonschema_rs.ValidationError as first:
                yield first
        else:
            yield from islice(self._checker.iter_errors(value), MOST_PROBLEMS)


def compile_schema(schema: Mapping[str, Any]) -> Validator:
    """Compile a schema that `lint_schema` found nothing wrong with; raises ValueError otherwise."""
    return Validator(schema)


def compiled(schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """The fast validator of a schema; raises ValueError when it is no valid schema."""
    return jsonschema_rs.Draft202012Validator(
        dict(schema),
        formats=_FORMAT_CHECKS,
        validate_formats=True,
        ignore_unknown_formats=False,
        pattern_options=jsonschema_rs.RegexOptions(),
        offline=True,
    )


def _names(schema: Any) -> Iterator[str]:
    """All member names that a schema mentions; they are not the sender's text."""
    if isinstance(schema, Mapping):
        for key, value in schema.items():
            yield key
            yield from _names(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from _names(item)
    elif isinstance(schema, str):
        yield schema


def _is_large(value: Any) -> bool:
    left = _MOST_VALUES
    waiting = [value]
    while waiting and left:
        each = waiting.pop()
        left -= 1
        if isinstance(each, dict):
            waiting.extend(islice(each.values(), left + 1))
        elif isinstance(each, list):
            waiting.extend(islice(each, left + 1))
    return bool(waiting)
