"""How large a value is, as far as the time of validating depends on it (I15)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class Size:
    """`characters` are those of names too; `copies`: what a copy of every part would hold."""

    values: int = 0
    characters: int = 0
    copies: int = 0


def size_of(value: Any) -> Size:
    """Count a value that was read from JSON, which bounds its depth."""
    size = Size()
    _add(value, size)
    return size


def _add(value: Any, size: Size) -> None:
    before = size.characters + size.values
    size.values += 1
    if isinstance(value, str):
        size.characters += len(value)
    elif isinstance(value, dict):
        size.characters += sum(map(len, value))
        for each in value.values():
            _add(each, size)
    elif isinstance(value, list):
        for each in value:
            _add(each, size)
    size.copies += size.characters + size.values - before
