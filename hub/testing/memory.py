"""What the tables would hold, for one test: keys of requests, turns, keys of `once_per`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from hub.storage.once import Held, OnceKey

Standing = Literal["ours", "waits", "full"]


class RunId(UUID):
    """The id of a run on the stage: `run-1`, `run-2`, in the order of starting."""

    def __init__(self, number: int) -> None:
        super().__init__(int=number)

    def __str__(self) -> str:
        return f"run-{self.int}"


@dataclass
class _Key:
    run_id: UUID
    body_digest: bytes
    expires_at: datetime


@dataclass
class RequestKeys:
    """Dedupe keys by endpoint (I6 to I9)."""

    _held: dict[tuple[str, str], _Key] = field(default_factory=dict)

    def holder(
        self, endpoint: str, key: str, *, now: datetime, unfinished: Iterable[UUID]
    ) -> tuple[UUID, bytes] | None:
        """The run that has the key, with the digest of its body; None when the key is free."""
        held = self._held.get((endpoint, key))
        if held is None or (held.expires_at <= now and held.run_id not in set(unfinished)):
            return None
        return held.run_id, held.body_digest

    def claim(
        self, endpoint: str, key: str, *, run_id: UUID, body_digest: bytes, expires_at: datetime
    ) -> None:
        """The run has the key from now on."""
        self._held[(endpoint, key)] = _Key(run_id, body_digest, expires_at)

    def free(self, run_id: UUID) -> None:
        """After a failure or a refusal the same request may come again."""
        self._held = {name: each for name, each in self._held.items() if each.run_id != run_id}


@dataclass
class Turns:
    """Who stands in which line under `concurrency`, in the order of coming (E16)."""

    _lines: dict[tuple[str, bytes], list[tuple[UUID, str]]] = field(default_factory=dict)

    def stand(self, line: tuple[str, bytes], run_id: UUID, path: str) -> None:
        """Take the last place, unless there is one already."""
        standing = self._lines.setdefault(line, [])
        if (run_id, path) not in standing:
            standing.append((run_id, path))

    def take(
        self, line: tuple[str, bytes], run_id: UUID, path: str, *, limit: int, may_wait: bool
    ) -> Standing:
        """Whether it is this one's turn; who may not wait leaves the line when it is full."""
        self.stand(line, run_id, path)
        if self._lines[line].index((run_id, path)) < limit:
            return "ours"
        if may_wait:
            return "waits"
        self._lines[line].remove((run_id, path))
        return "full"

    def ahead_of(self, line: tuple[str, bytes], run_id: UUID, path: str) -> list[UUID]:
        """The runs before this one."""
        standing = self._lines.get(line, [])
        place = standing.index((run_id, path)) if (run_id, path) in standing else 0
        return [each for each, _ in standing[:place]]

    def leave(self, run_id: UUID, path: str | None = None) -> None:
        """Give up one turn; without `path` all turns of the run."""
        for line, standing in self._lines.items():
            self._lines[line] = [
                each for each in standing if each[0] != run_id or path not in (None, each[1])
            ]


@dataclass
class _Once:
    by: Literal["started", "succeeded", "unknown"]
    run_id: UUID
    path: str
    result: Any = None


@dataclass
class OnceKeys:
    """One success per key of `once_per` (E8)."""

    _held: dict[tuple[str, str, bytes], _Once] = field(default_factory=dict)

    def take(self, key: OnceKey) -> Held:
        """Claim the key for this step, or say what another run made of it."""
        place = (key.workflow, key.step_id, key.digest)
        held = self._held.get(place)
        if held is None:
            self._held[place] = _Once("started", key.run_id, key.path)
            return Held("ours")
        if held.by == "started" and (held.run_id, held.path) == (key.run_id, key.path):
            return Held("ours")
        return Held(held.by, held.result)

    def settle(self, key: OnceKey, *, result: Any = None, by: str) -> None:
        """What came of the step that has the key: `succeeded`, `unknown`, or `free` again."""
        place = (key.workflow, key.step_id, key.digest)
        held = self._held.get(place)
        if held is None or (held.run_id, held.path, held.by) != (key.run_id, key.path, "started"):
            return
        if by == "free":
            del self._held[place]
        else:
            held.by = "succeeded" if by == "succeeded" else "unknown"
            held.result = result

    def abandon(self, run_id: UUID, in_doubt: Iterable[str]) -> None:
        """A run ended: its keys are free, save those of steps that may have been done."""
        doubtful = set(in_doubt)
        for place, held in list(self._held.items()):
            if held.run_id == run_id and held.by == "started":
                if held.path in doubtful:
                    held.by = "unknown"
                else:
                    del self._held[place]
