"""What happened in a test: for people line by line, for `expect` as lists."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hub.values import plain

_WIDEST = 110


@dataclass(frozen=True)
class Line:
    """One line of the timeline; `run` is empty for what comes from outside."""

    at: datetime
    run: str
    text: str


@dataclass(frozen=True)
class Deed:
    """One action with an effect. `is_maybe_done`: it failed, but may have happened."""

    run: str
    path: str
    action: str
    inputs: Any
    is_maybe_done: bool = False


@dataclass(frozen=True)
class Told:
    """One event that a run emitted."""

    name: str
    key: str
    data: Any


@dataclass
class Story:
    """Grows while the test runs. `did`, `simulated` and `emitted` are in the order of doing."""

    now: Callable[[], datetime]
    lines: list[Line] = field(default_factory=list)
    did: list[Deed] = field(default_factory=list)
    simulated: list[Deed] = field(default_factory=list)
    emitted: list[Told] = field(default_factory=list)
    called: dict[str, int] = field(default_factory=dict)

    def tell(self, run: str, text: str) -> None:
        """One line, at the present instant."""
        self.lines.append(Line(self.now(), run, text))

    def add(self, deed: Deed, *, repeats: bool) -> bool:
        """An effect; false for one that `repeats` an earlier one with the same key."""
        if repeats and any((each.run, each.path) == (deed.run, deed.path) for each in self.did):
            return False
        self.did.append(deed)
        return True


def shown(value: Any) -> str:
    """A value on one line, cut where it is long."""
    value = plain(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def length(value: timedelta) -> str:
    """`1d2h`, `90s`, `0s`: a duration as test files write it."""
    seconds = value.total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms" if seconds else "0s"
    parts, left = [], round(seconds)
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)
