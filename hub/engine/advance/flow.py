"""How control moves between the generators of a run: commands, forks, a `return` on its way."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from hub.engine.advance.commands import Command


class Returned(Exception):
    """A `return` on its way to the end of its workflow."""

    def __init__(self, value: Any, *, status: int | None, headers: dict[str, str]) -> None:
        super().__init__()
        self.value = value
        self.status = status
        self.headers = headers


@dataclass(frozen=True)
class Branch:
    """One strand of a fork; `prefix` is where its steps stand in the journal."""

    prefix: str
    start: Callable[[], Steps]


@dataclass(frozen=True)
class Fork:
    """Several strands, at most `limit` at once; answered with a list of results and failures."""

    branches: tuple[Branch, ...]
    limit: int
    stops_at_failure: bool


Steps = Generator[Command | Fork, Any, Any]
