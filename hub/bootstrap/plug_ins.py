"""The installed packages that bring something to the hub, by group of entry points."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from hub.errors import Misconfigured

ACTIONS = "hub.actions"
AUTH_TYPES = "hub.auth_types"
GROUPS = (ACTIONS, AUTH_TYPES)


@cache
def installed() -> dict[str, tuple[EntryPoint, ...]]:
    """Group → its entry points. To look through all packages takes long: it is done once."""
    found = entry_points()
    return {group: tuple(found.select(group=group)) for group in GROUPS}


def are_there_any() -> bool:
    """Whether any package brings anything."""
    return any(installed().values())


def load(plug_in: EntryPoint) -> Any:
    """What the entry point names; raises `Misconfigured` when it cannot be loaded."""
    try:
        return plug_in.load()
    except Exception as problem:
        raise Misconfigured(
            f"The plug-in {plug_in.name} ({plug_in.value}) cannot be loaded:"
            f" {type(problem).__name__}: {problem}. Mend it, or remove its package."
        ) from problem
