"""What the compiler of one file may know of the rest of the project."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.action import Action
from hub.engine.settings import DialectFacts, ProjectSettings
from hub.schemas import lint_schema

MAX_SCHEMA_BYTES = 262_144
_MAX_TOLD = 3


@dataclass(frozen=True)
class SchemaFile:
    """A payload's schema, or what is wrong with its file."""

    schema: Mapping[str, Any] | None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Context:
    """The files and names of a project. `is_stored`: an old version, kept for its runs.

    What a stored version names in `hub.yaml` was checked when it was current, and may be gone.
    """

    files: Mapping[str, str]
    settings: ProjectSettings
    actions: Mapping[str, Action]
    dialects: Mapping[str, DialectFacts]
    is_stored: bool = False
    _schemas: dict[str, SchemaFile] = field(default_factory=dict)

    def schema(self, path: str) -> SchemaFile | None:
        """The schema in a file of `schemas/`; None when there is no such file."""
        if path not in self.files:
            return None
        if path not in self._schemas:
            self._schemas[path] = _read(self.files[path])
        return self._schemas[path]


def _read(text: str) -> SchemaFile:
    if len(text) > MAX_SCHEMA_BYTES:
        return SchemaFile(None, (f"it is larger than {MAX_SCHEMA_BYTES:,} characters",))
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        return SchemaFile(None, (f"it is not JSON: {error}",))
    if not isinstance(schema, dict):
        return SchemaFile(None, ("a schema is an object",))
    problems = tuple(
        f"{each.pointer or '/'}: {each.message}" for each in lint_schema(schema, is_payload=True)
    )
    return SchemaFile(None if problems else schema, problems[:_MAX_TOLD])
