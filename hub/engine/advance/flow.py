"""How control moves between the generators of a run: commands, forks, what ends them early."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Literal

from hub.engine.advance.commands import Command


class Returned(Exception):
    """A `return` on its way to the end of its workflow."""

    def __init__(self, value: Any, *, status: int | None, headers: dict[str, str]) -> None:
        super().__init__()
        self.value = value
        self.status = status
        self.headers = headers


class Continued(Exception):
    """A `continue` on its way to the step whose failure it takes up."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


@dataclass(frozen=True)
class Branch:
    """One strand of a fork; `prefix` is where its steps stand in the journal."""

    prefix: str
    start: Callable[[], Steps]


@dataclass(frozen=True)
class Fork:
    """Several strands, at most `limit` at once; answered with a list of results and failures.

    A failure stops it (`stops_at: failure`): none begins any more, those that run go on to their
    end; or cuts it (`cut`): none goes on behind its present command. `first`: so does the first
    that is done. A `return` and a `fail` always cut it. `path` is that of the step.
    """

    path: str
    branches: tuple[Branch, ...]
    limit: int
    stops_at: Literal["never", "failure", "cut", "first"] = "never"


Steps = Generator[Command | Fork, Any, Any]
