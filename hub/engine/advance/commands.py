"""What deciding asks of doing: frozen objects, and the ending."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from hub.engine.advance.failure import Failure
from hub.engine.workflow import Do, Workflow


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
    """Let the next one have its turn.

    `asked`: the command that was not done yet; an earlier owner of the run may have the turn.
    """

    path: str
    asked: TakeTurn | None = None


@dataclass(frozen=True)
class Pause:
    """Go on at `until`: the pause between two tries of a called workflow."""

    path: str
    until: datetime


@dataclass(frozen=True)
class Event:
    """An event as a run sees it; `data` is JSON."""

    id: int
    name: str
    key: str
    data: Any
    at: datetime


@dataclass(frozen=True)
class AwaitEvent:
    """Wait for the first event of these names with this key that `accepts` takes; done with it.

    Events since the run was made count, also those before the wait, without those in `consumed`
    (their ids). With `poll`, ask as well: done with the action's result as soon as `is_done` says
    so (`Asked`). After `until` it is done with `None`. Failures of asking end the wait only where
    nothing else can end it (no `names`).
    """

    path: str
    names: tuple[str, ...] = ()
    key: str = ""
    accepts: Callable[[Event], bool] | None = None
    consumed: frozenset[int] = frozenset()
    until: datetime | None = None
    poll: Asking | None = None


@dataclass(frozen=True)
class Asking:
    """The question of a poll: `perform` every so often until `is_done` of its result."""

    perform: Perform
    every: timedelta
    is_done: Callable[[Any], bool]
    first_at: datetime


@dataclass(frozen=True)
class Asked:
    """What a poll found."""

    result: Any


@dataclass(frozen=True)
class EmitEvent:
    """Store an event, wake who waits for it and start what it starts; once for each path."""

    path: str
    name: str
    key: str
    data: Any
    step_id: str | None = None


@dataclass(frozen=True)
class StartRun:
    """Start a run of its own (`detach`), once for each path; done with its id."""

    path: str
    workflow: Workflow
    inputs: Any
    step_id: str | None = None


Command = Perform | TakeTurn | LeaveTurn | Pause | AwaitEvent | EmitEvent | StartRun


@dataclass(frozen=True)
class ReplyNow:
    """An answer for the caller: plain JSON body, HTTP status, headers."""

    body: Any
    status: int | None
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Finished:
    """The end of the steps: a value with its status, or a failure.

    `is_cancelled`: the run was cancelled. `is_undo_failed`: a compensation failed for good.
    """

    value: Any = None
    status: int | None = None
    headers: Mapping[str, str] | None = None
    has_returned: bool = False
    failure: Failure | None = None
    is_cancelled: bool = False
    is_undo_failed: bool = False
