"""What callers sent, covered: its shape shows, its values do not. Pure.

Whoever may reveal values asks for them, and is noted (S9).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hub.values import plain

COVER = "•••"
_DEEPEST = 32
_LONGEST = 20_000  # characters of one value on a page
_MOST_ENTRIES = 200


def cover(value: Any, depth: int = 0) -> Any:
    """The same with every text and number covered; names of members, true, false and null stay."""
    if depth > _DEEPEST:
        return COVER
    if isinstance(value, Mapping):
        shown = list(value.items())[:_MOST_ENTRIES]
        return {str(name): cover(each, depth + 1) for name, each in shown}
    if isinstance(value, list | tuple):
        return [cover(each, depth + 1) for each in value[:_MOST_ENTRIES]]
    return value if value is None or isinstance(value, bool) else COVER


def written(value: Any) -> str:
    """A value as text for people: JSON with its own lines, cut where it is long."""
    if isinstance(value, str):
        said = value
    else:
        said = json.dumps(plain(value), ensure_ascii=False, indent=2, default=str)
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}\n… cut here"
