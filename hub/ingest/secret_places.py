"""Secrets that callers send inside their bodies: find them, take them out (S6).

A place is a member's name, with its parent's name before a dot where the name alone says too
little (`server.secret`); `*` stands for any letters. It counts at every depth.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any


def carries_secret(value: Any, places: Sequence[str]) -> bool:
    """Whether any of the places holds something."""
    return bool(places) and any(True for _ in _secrets(value, _pattern(tuple(places)), ""))


def without_secrets(value: Any, places: Sequence[str]) -> Any:
    """The same value without the members at these places."""
    return _without(value, _pattern(tuple(places)), "") if places else value


def _without(value: Any, pattern: re.Pattern[str], parent: str) -> Any:
    if isinstance(value, dict):
        return {
            name: _without(item, pattern, name)
            for name, item in value.items()
            if not pattern.fullmatch(f"{parent}.{name}")
        }
    if isinstance(value, list):
        return [_without(item, pattern, parent) for item in value]
    return value


def _secrets(value: Any, pattern: re.Pattern[str], parent: str) -> Iterator[Any]:
    if isinstance(value, dict):
        for name, item in value.items():
            if pattern.fullmatch(f"{parent}.{name}"):
                if item not in (None, "", {}, []):
                    yield item
            else:
                yield from _secrets(item, pattern, name)
    elif isinstance(value, list):
        for item in value:
            yield from _secrets(item, pattern, parent)


@cache
def _pattern(places: tuple[str, ...]) -> re.Pattern[str]:
    """One expression for all places, over `parent.name`."""
    full = (place if "." in place else f"*.{place}" for place in places)
    return re.compile("|".join(fnmatch.translate(place) for place in full))
