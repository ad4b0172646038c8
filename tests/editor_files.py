"""YAML files and what editors would say of them: the schemas of a project, and planted damage."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any

from jsonschema import Draft7Validator

from hub.bootstrap.project import DIALECT_FACTS
from hub.engine.editors import DOCUMENTS, Names, Subject, document, names_of
from hub.engine.project import Project
from hub.engine.yaml_profile import load, plain
from hub.ingest.signatures import AUTH_TYPES

Path = tuple[str | int, ...]
WRONG_SHAPES: tuple[Any, ...] = ({}, [], {"zzz": 1}, ["zzz"], "zzz", 5, True, None, "${{ zzz }}")


def names(project: Project) -> Names:
    """The names that the schemas of a project hold."""
    return names_of(project, dialects=DIALECT_FACTS, auth_types=AUTH_TYPES)


def validators(project: Project) -> dict[Subject, Draft7Validator]:
    """One for each kind of file."""
    known = names(project)
    return {subject: Draft7Validator(document(subject, known)) for subject in DOCUMENTS}


def tree(path: str, text: str) -> Any:
    """The file as plain data, read by our own rules."""
    root = load(path, text).root
    assert root is not None, path
    return plain(root)


def complaints(validator: Draft7Validator, data: Any) -> list[str]:
    """What an editor would underline."""
    return [
        f"{list(each.absolute_path)} {each.message[:200]}" for each in validator.iter_errors(data)
    ]


def places(data: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of all values inside of data."""
    inner: Iterable[tuple[str | int, Any]] = ()
    if isinstance(data, dict):
        inner = data.items()
    elif isinstance(data, list):
        inner = enumerate(data)
    for key, value in inner:
        yield (*path, key)
        yield from places(value, (*path, key))


def without(data: Any, path: Path) -> Any:
    """The data without the value at a path."""
    damaged, parent = _copy(data, path)
    del parent[path[-1]]
    return damaged


def misspelt(data: Any, path: Path) -> Any:
    """The data with another name for the key at a path."""
    damaged, parent = _copy(data, path)
    if isinstance(parent, dict):
        items = [(f"{key}x" if key == path[-1] else key, value) for key, value in parent.items()]
        parent.clear()
        parent.update(items)
    return damaged


def misshapen(data: Any, path: Path, shape: Any) -> Any:
    """The data with another value at a path."""
    damaged, parent = _copy(data, path)
    parent[path[-1]] = copy.deepcopy(shape)
    return damaged


def _copy(data: Any, path: Path) -> tuple[Any, Any]:
    damaged = copy.deepcopy(data)
    parent = damaged
    for part in path[:-1]:
        parent = parent[part]
    return damaged, parent
