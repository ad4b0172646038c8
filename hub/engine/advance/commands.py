"""What deciding asks of doing: frozen objects, and the ending."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from hub.engine.advance.failure import Failure
from hub.engine.workflow import Do


@dataclass(frozen=True)
class Perform:
    """Do one action. `inputs` are values with secrets as references; `key` never changes (E7).

    `deadline`: when the enclosing step's time is up. How far earlier attempts came is in the
    journal, under `path`.
    """

    path: str
    step: Do
    workflow: str
    inputs: Any
    key: str
    once_key: str | None
    timeout: timedelta | None
    retry_if: Callable[[Failure], bool] | None
    deadline: datetime | None = None


@dataclass(frozen=True)
class TakeTurn:
    """Wait for a turn under `concurrency`; `path` is empty for the whole run."""

    path: str
    scope: str
    key: str
    limit: int
    when_full: Literal["queue", "reject", "cancel_running"]
    deadline: datetime | None = None


@dataclass(frozen=True)
class LeaveTurn:
    """Let the next one have its turn."""

    path: str


@dataclass(frozen=True)
class Pause:
    """Go on at `until`: the pause between two tries of a called workflow."""

    path: str
    until: datetime


Command = Perform | TakeTurn | LeaveTurn | Pause


@dataclass(frozen=True)
class ReplyNow:
    """An answer for the caller: plain JSON body, HTTP status, headers."""

    body: Any
    status: int | None
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Finished:
    """The end of the steps: a value with its status, or a failure."""

    value: Any = None
    status: int | None = None
    headers: Mapping[str, str] | None = None
    has_returned: bool = False
    failure: Failure | None = None
