"""From a folder on disk to a project: its files, its settings, the values of its `config`."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.bootstrap.actions import all_actions, all_connectors
from hub.bootstrap.auth_types import all_auth_types
from hub.bootstrap.files import ProjectFiles
from hub.connectors.connections import ConnectionType
from hub.engine.findings import did_you_mean
from hub.engine.notes import Memory
from hub.engine.project import Project, check_settings, load_project
from hub.engine.settings import (
    PROJECT_FILE,
    ConfigDeclaration,
    ConnectionFacts,
    DialectFacts,
    ProjectSettings,
)
from hub.errors import Misconfigured
from hub.ingest.dialects import DIALECTS, dialect_facts
from hub.plug_ins import Derived
from hub.schemas import compile_schema

log = logging.getLogger(__name__)


def _dialect_facts() -> dict[str, DialectFacts]:
    """What the checker knows of each dialect; raises `Misconfigured` for a wrong `default_auth`."""
    for name, home in DIALECTS.brought().items():
        usual = DIALECTS[name].default_auth
        if usual not in all_auth_types():
            near = did_you_mean(usual, all_auth_types())
            raise Misconfigured(
                f"The dialect {name} of {home} has default_auth={usual!r}: there is no such type"
                f" of auth{f', {near}' if near else ''}. Mend it, or remove its package."
            )
    return {name: dialect_facts(each) for name, each in DIALECTS.items()}


DIALECT_FACTS = Derived(_dialect_facts)
_LIVE_CALLS, _LIVE = "LIVE_CALL_ENABLED", "true"
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?")


@dataclass(frozen=True)
class LoadedProject:
    """The project with the texts of its files, for messages that show the line."""

    folder: Path
    project: Project
    files: Mapping[str, str] = field(repr=False)


class ProjectReader:
    """Reads one folder again and again; only what changed is read and compiled.

    Belongs to one thread at a time.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = ProjectFiles(folder)
        self._memory = Memory()

    def read(self) -> LoadedProject:
        """The project as it lies there; broken files are its findings.

        Raises `Misconfigured` when there is no `hub.yaml`.
        """
        return self.load(self.files.read(self.files.stamps()))

    def load(self, files: Mapping[str, str]) -> LoadedProject:
        """The project of these files. Raises `Misconfigured` when `hub.yaml` is not among them."""
        if PROJECT_FILE not in files:
            raise _without_hub_yaml(self.folder)
        return LoadedProject(self.folder, compile_project(files, self._memory), files)


def read_project(folder: Path) -> LoadedProject:
    """Read and compile the folder; broken files are findings of the project.

    Raises `Misconfigured` when there is no `hub.yaml`.
    """
    return ProjectReader(folder).read()


def read_settings(folder: Path) -> ProjectSettings:
    """What `hub.yaml` says, without the workflows; its mistakes are findings of the project.

    Raises `Misconfigured` when there is none.
    """
    files = ProjectFiles(folder)
    texts = files.read({name: at for name, at in files.stamps().items() if name == PROJECT_FILE})
    if PROJECT_FILE not in texts:
        raise _without_hub_yaml(folder)
    settings, _ = check_settings(texts[PROJECT_FILE], all_auth_types(), connection_facts())
    return settings


def _without_hub_yaml(folder: Path) -> Misconfigured:
    return Misconfigured(
        f"{folder} holds no hub.yaml. Go to the project's folder, or name it: hub --project DIR"
    )


def compile_project(files: Mapping[str, str], memory: Memory | None = None) -> Project:
    """The project that these texts are; broken files are findings of it."""
    return load_project(
        files,
        actions=all_actions(),
        auth_types=all_auth_types(),
        dialects=DIALECT_FACTS,
        connection_types=actions_by_connection(),
        connections=connection_facts(),
        memory=memory,
    )


def actions_by_connection() -> dict[str, tuple[str, ...]]:
    """Type of connection → the actions that it is for."""
    return {name: each.kind.actions for name, each in all_connectors().items()}


def connection_facts() -> dict[str, ConnectionFacts]:
    """What may stand under each type of connection, and what must."""
    return {name: _facts_of(each.kind) for name, each in all_connectors().items()}


def _facts_of(kind: ConnectionType) -> ConnectionFacts:
    required = [f"credentials.{each.name}" for each in kind.credentials if each.required]
    required += [f"options.{each.name}" for each in kind.options if each.required]
    return ConnectionFacts(
        tuple(each.name for each in kind.credentials),
        tuple(each.name for each in kind.options),
        (*required, *(["base_url"] if kind.base_url.required else [])),
        tuple(each.name for each in kind.options if each.is_callback),
    )


def config_values(settings: ProjectSettings, environment: Mapping[str, str]) -> dict[str, Any]:
    """`config.<name>` from the environment; raises `Misconfigured` for a value of a wrong type.

    `LIVE_CALL_ENABLED` is live only when it is exactly `true` (C-06).
    """
    values: dict[str, Any] = {}
    for name, declared in settings.config.items():
        text = environment.get(declared.env)
        if declared.env == _LIVE_CALLS:
            values[name] = text == _LIVE
        elif text:
            values[name] = _value(declared, text)
        elif declared.has_default:
            values[name] = declared.default
    return values


def warn_of_simulated_calls(settings: ProjectSettings, environment: Mapping[str, str]) -> None:
    """Say in the log why calls are not live (C-06)."""
    text = environment.get(_LIVE_CALLS)
    if text != _LIVE and any(each.env == _LIVE_CALLS for each in settings.config.values()):
        told = "is not set" if text is None else f"is {text[:40]!r} and not exactly 'true'"
        log.warning("%s %s: calls are simulated", _LIVE_CALLS, told)


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
