"""What a file of tests says, once it is read: frozen dataclasses and nothing else.

What is expected stays a tree with places, so that a mismatch is told where it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.engine.findings import Finding
from hub.engine.workflow import Position
from hub.engine.yaml_profile import Mapping as Tree

NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)
"""Where the clock stands when a test does not say `now`."""


@dataclass(frozen=True)
class Mocked:
    """What one call of an action gives: a result (`None`: the action's example), or a failure."""

    returns: Any = None
    fails: str | None = None
    is_maybe_done: bool = False
    takes: timedelta = timedelta(0)


@dataclass(frozen=True)
class Happening:
    """One entry of the timeline: what comes from outside, `after` the one before it or `at`."""

    position: Position
    after: timedelta | None = None
    at: datetime | None = None
    emit: str | None = None
    key: str = ""
    data: Any = field(default_factory=dict)
    is_again: bool = False
    is_cancel: bool = False

    @property
    def told(self) -> str:
        """As the timeline tells it."""
        if self.emit is not None:
            return f"{self.emit} arrives for {self.key!r}"
        return "the request comes again" if self.is_again else "an administrator cancels the run"


@dataclass(frozen=True)
class Request:
    """A raw request; `body` is text as it is sent, or a value that is sent as JSON."""

    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Given:
    """What a test starts from, after the file's own values were joined with the test's.

    `real`: connectors whose local actions are done on a database. `done_before`: `given:`.
    `headers` are sent beside those that a request without `request` has; no file says them.
    """

    now: datetime = NOON
    payload: Any = None
    request: Request | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    mocks: Mapping[str, tuple[Mocked, ...]] = field(default_factory=dict)
    timeline: tuple[Happening, ...] = ()
    crash_after: str | None = None
    real: tuple[str, ...] = ()
    done_before: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Place:
    """One step that one run walks: `run-1`, and where the step stands in its journal."""

    run: str
    path: str

    def __str__(self) -> str:
        return f"{self.path} of {self.run}"


@dataclass(frozen=True)
class Trial:
    """One test: its name, what it starts from, what is expected.

    `own_mocks`: the actions that the test itself mocks, not the file for all its tests.
    """

    name: str
    workflow: str
    position: Position
    given: Given
    expect: Tree
    own_mocks: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """`workflow: name`, as people and machines call it."""
        return f"{self.workflow}: {self.name}"


@dataclass(frozen=True)
class TrialFile:
    """What became of one file of tests; with errors `trials` holds what could be read."""

    path: str
    workflow: str
    trials: tuple[Trial, ...]
    findings: tuple[Finding, ...]

    @property
    def is_clean(self) -> bool:
        """Whether its tests can run."""
        return not any(each.is_error for each in self.findings)
