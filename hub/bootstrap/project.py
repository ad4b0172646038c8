"""From a folder on disk to a project: its files, its settings, the values of its `config`."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.bootstrap.actions import all_actions
from hub.engine.project import Project, load_project
from hub.engine.settings import ConfigDeclaration, DialectFacts, ProjectSettings
from hub.errors import Misconfigured
from hub.ingest.dialects import DIALECTS
from hub.ingest.signatures import AUTH_TYPES
from hub.schemas import compile_schema

log = logging.getLogger(__name__)

DIALECT_FACTS = {
    name: DialectFacts(
        name=name,
        default_max_body=dialect.default_max_body,
        is_tool=dialect.is_tool,
        payload_names=dialect.payload_names,
    )
    for name, dialect in DIALECTS.items()
}
_FOLDERS = ("workflows", "schemas", "templates")
_ENDINGS = (".yaml", ".yml", ".json", ".html", ".txt", ".md")
_LARGEST = 1024 * 1024
_LIVE_CALLS = "LIVE_CALL_ENABLED"
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?")


@dataclass(frozen=True)
class LoadedProject:
    """The project with the texts of its files, for messages that show the line."""

    folder: Path
    project: Project
    files: Mapping[str, str] = field(repr=False)


def read_project(folder: Path) -> LoadedProject:
    """Read and compile the folder; broken files are findings of the project.

    Raises `Misconfigured` when there is no `hub.yaml`.
    """
    if not (folder / "hub.yaml").is_file():
        raise Misconfigured(
            f"{folder} holds no hub.yaml. Go to the project's folder, or name it: hub --project DIR"
        )
    files = _read_files(folder)
    return LoadedProject(folder, compile_project(files), files)


def compile_project(files: Mapping[str, str]) -> Project:
    """The project that these texts are; broken files are findings of it."""
    return load_project(files, actions=all_actions(), auth_types=AUTH_TYPES, dialects=DIALECT_FACTS)


def _read_files(folder: Path) -> dict[str, str]:
    """Path → text, below the folder only: links that lead out of it are left out (S12)."""
    root = folder.resolve()
    found = {"hub.yaml": _text(root / "hub.yaml")}
    for name in _FOLDERS:
        for path in sorted((root / name).rglob("*")):
            is_inside = path.resolve().is_relative_to(root)
            if path.suffix in _ENDINGS and path.is_file() and is_inside:
                found[path.relative_to(root).as_posix()] = _text(path)
    return found


def _text(path: Path) -> str:
    """The file's text; bytes that are not UTF-8 become a sign that the reader refuses."""
    with path.open("rb") as file:
        return file.read(_LARGEST).decode("utf-8", errors="surrogateescape")


def config_values(settings: ProjectSettings, environment: Mapping[str, str]) -> dict[str, Any]:
    """`config.<name>` from the environment; raises `Misconfigured` for a value of a wrong type.

    `LIVE_CALL_ENABLED` is live only when it is exactly `true`; anything else simulates and is
    said in the log (C-06).
    """
    values: dict[str, Any] = {}
    for name, declared in settings.config.items():
        text = environment.get(declared.env)
        if declared.env == _LIVE_CALLS:
            values[name] = _is_live(text)
        elif text:
            values[name] = _value(declared, text)
        elif declared.has_default:
            values[name] = declared.default
    return values


def _is_live(text: str | None) -> bool:
    if text != "true":
        told = "is not set" if text is None else f"is {text[:40]!r} and not exactly 'true'"
        log.warning("%s %s: calls are simulated", _LIVE_CALLS, told)
    return text == "true"


def _value(declared: ConfigDeclaration, text: str) -> Any:
    value = _parsed(declared.schema, text)
    problems = compile_schema(declared.schema).problems(value)
    if problems:
        raise Misconfigured(
            f"Set {declared.env} to what hub.yaml says of config.{declared.name}:"
            f" {problems[0].message}"
        )
    return value


def _parsed(schema: Mapping[str, Any], text: str) -> Any:
    """Numbers, `true`/`false` and comma lists (trimmed, empties dropped) by declared type.

    What cannot be read stays text, which the schema then refuses.
    """
    kind = schema.get("type")
    if kind == "array":
        parts = (part.strip() for part in text.split(","))
        return [_parsed(schema.get("items", {}), part) for part in parts if part]
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if kind in ("integer", "number") and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "number" and _NUMBER.fullmatch(text):
        return float(text)
    return text
