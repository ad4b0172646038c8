"""What the compiler of one file may know of the rest of the project."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.action import Action
from hub.engine.compile.json_places import place_in, plain_json_error, repeated_name
from hub.engine.compile.schema_words import schema_correction
from hub.engine.findings import Finding, Source
from hub.engine.settings import DialectFacts, ProjectSettings
from hub.schemas import SchemaProblem, lint_schema

MAX_SCHEMA_BYTES = 262_144
_MAX_TOLD = 10


@dataclass(frozen=True)
class SchemaFile:
    """A payload's schema, or what is wrong with its file."""

    schema: Mapping[str, Any] | None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Context:
    """The files and names of a project. `is_stored`: an old version, kept for its runs.

    What a stored version names in `hub.yaml` was checked when it was current, and may be gone.
    `connection_types`: the actions that each type of connection is for, where that is known.
    """

    files: Mapping[str, str]
    settings: ProjectSettings
    actions: Mapping[str, Action]
    dialects: Mapping[str, DialectFacts]
    is_stored: bool = False
    connection_types: Mapping[str, Collection[str]] = field(default_factory=dict)
    _schemas: dict[str, SchemaFile] = field(default_factory=dict)

    def schema(self, path: str) -> SchemaFile | None:
        """The schema in a file of `schemas/`; None when there is no such file."""
        if path not in self.files:
            return None
        if path not in self._schemas:
            self._schemas[path] = _read(
                Source(path, self.files[path]), is_checked=not self.is_stored
            )
        return self._schemas[path]


def _read(source: Source, *, is_checked: bool) -> SchemaFile:
    """A stored version was checked by the rules of its day, and must go on under newer ones."""
    text = source.text
    if len(text) > MAX_SCHEMA_BYTES:
        return _unreadable(source, f"the file is larger than {MAX_SCHEMA_BYTES:,} characters", 0)
    try:
        schema = json.loads(text)
    except json.JSONDecodeError as error:
        return _unreadable(source, f"the file is not JSON: {plain_json_error(error)}", error.pos)
    except (ValueError, RecursionError):
        return _unreadable(source, "the file is not JSON that can be read", 0)
    if not isinstance(schema, dict):
        return _unreadable(source, "a schema is an object", 0)
    if is_checked and (repeated := repeated_name(text)) is not None:
        name, (start, end) = repeated
        message = f"the name '{name[:60]}' stands twice in one object"
        return SchemaFile(None, (source.finding(402, message, start=start, end=end),))
    problems = lint_schema(schema, is_payload=True)[:_MAX_TOLD] if is_checked else []
    findings = tuple(_finding(source, each) for each in problems)
    return SchemaFile(None if findings else schema, findings)


def _unreadable(source: Source, message: str, at: int) -> SchemaFile:
    return SchemaFile(None, (source.finding(402, message, start=at),))


def _finding(source: Source, problem: SchemaProblem) -> Finding:
    start, end = place_in(source.text, problem.pointer, is_key=problem.is_key)
    suggestion = schema_correction(problem)
    return source.finding(402, problem.message, start=start, end=end, suggestion=suggestion)
