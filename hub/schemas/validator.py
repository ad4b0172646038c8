"""A schema, compiled once: verdicts in microseconds, problems in plain words (S16, I15).

Patterns run on an engine whose time is linear in the text; nothing is ever fetched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import Any

import jsonschema_rs

from hub.errors import PayloadProblem
from hub.schemas.cost import checks, effort, matching
from hub.schemas.formats import FORMATS
from hub.schemas.messages import Wording
from hub.schemas.size import size_of
from hub.schemas.telling import briefly, without_names
from hub.schemas.view import View

MOST_PROBLEMS = 20
MOST_EFFORT = 1_300_000  # tenths of a microsecond: with what else is to do, less than 250 ms
MOST_MATCHING = 48 * 262_144  # characters, times the weights of the patterns they meet
_MOST_FAILURES = 5_000  # that are worded to be told; else only the first problem is
_MOST_COPIED = 4_000_000  # characters copied into failures
_BROKEN = PayloadProblem("", "does not have the form that is wanted")

_FORMAT_CHECKS = {name: each.fits for name, each in FORMATS.items()}


class Validator:
    """One schema. Made by `compile_schema`."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.view = View(schema)
        self._schema = schema
        self._names = frozenset(_names(schema))
        self._checker = compiled(schema)
        self._checks = checks(schema)
        self._most_values = int(MOST_EFFORT / effort(schema))
        self._most_characters = int(MOST_MATCHING / max(matching(schema), 1 / 1_000))

    def fits(self, value: Any) -> bool:
        """Whether the value is valid."""
        return self._checker.is_valid(value)

    def excess(self, value: Any) -> str | None:
        """Why the value is too large to be validated in time (I15); nothing when it is not."""
        size = size_of(value)
        if size.values > self._most_values:
            return f"holds too many values for its schema: at most {self._most_values}"
        if size.characters > self._most_characters:
            return f"is too long for the patterns of its schema: at most {self._most_characters}"
        return None

    def problems(self, value: Any) -> list[PayloadProblem]:
        """What is wrong with it, at most 20; nothing when it is valid.

        Of a value with which the schema is long busy, the first problem is told.
        """
        if self._checker.is_valid(value):
            return []
        found = Wording(self._names).problems(self._failures(value))
        return list(islice(dict.fromkeys(found), MOST_PROBLEMS)) or [_BROKEN]

    def _failures(self, value: Any) -> Iterator[jsonschema_rs.ValidationError]:
        size = size_of(value)
        is_long = size.values * self._checks > _MOST_FAILURES
        if is_long or size.copies * self._checks > _MOST_COPIED or self._telling is None:
            yield from self._first(value)
        else:
            yield from islice(self._telling.iter_errors(value), MOST_PROBLEMS)

    def _first(self, value: Any) -> Iterator[jsonschema_rs.ValidationError]:
        try:
            if self._brief is not None:
                self._brief.validate(value)
        except jsonschema_rs.ValidationError as first:
            yield first

    @cached_property
    def _telling(self) -> jsonschema_rs.Draft202012Validator | None:
        return _reworded(without_names(self._schema))

    @cached_property
    def _brief(self) -> jsonschema_rs.Draft202012Validator | None:
        return _reworded(briefly(self._schema))


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


def _reworded(schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator | None:
    """A schema in other words; nothing when it refers into a part that was put elsewhere."""
    try:
        return compiled(schema)
    except (ValueError, jsonschema_rs.ReferencingError):
        return None
