"""Secrets that callers send inside their bodies: find them, take them out (S6).

A place is a member's name, with its parent's name before a dot where the name alone says too
little (`server.secret`); `*` stands for any letters. It counts at every depth.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any


def carries_secret(value: Any, places: Sequence[str]) -> bool:
    """Whether any of the places holds something."""
    return bool(places) and any(True for _ in _secrets(value, places, ""))


def without_secrets(value: Any, places: Sequence[str], parent: str = "") -> Any:
    """The same value without the members at these places."""
    if isinstance(value, dict):
        return {
            name: without_secrets(item, places, name)
            for name, item in value.items()
            if not _is_place(parent, name, places)
        }
    if isinstance(value, list):
        return [without_secrets(item, places, parent) for item in value]
    return value


def _secrets(value: Any, places: Sequence[str], parent: str) -> Iterator[Any]:
    if isinstance(value, dict):
        for name, item in value.items():
            if _is_place(parent, name, places):
                if item not in (None, "", {}, []):
                    yield item
            else:
                yield from _secrets(item, places, name)
    elif isinstance(value, list):
        for item in value:
            yield from _secrets(item, places, parent)


def _is_place(parent: str, name: str, places: Sequence[str]) -> bool:
    return any(fnmatchcase(f"{parent}.{name}" if "." in place else name, place) for place in places)
