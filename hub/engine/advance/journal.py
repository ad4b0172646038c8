"""What is known of a run's steps: stored entries, and new notes that wait to be stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from hub.engine.advance.failure import Failure

Status = Literal["started", "retrying", "succeeded", "failed", "skipped"]

_ITEM = re.compile(r"\[\d+\]/")
_ENDED = ("succeeded", "failed", "skipped")


@dataclass(frozen=True)
class Entry:
    """One step's place in the journal, with values as expressions see them.

    `began_at`, `ended_at`: by the run's own timer; only what is not stored yet has them.
    """

    path: str
    kind: str
    status: Status
    step_id: str | None = None
    action: str | None = None
    attempts: int = 0
    inputs: Any = None
    result: Any = None
    error: Mapping[str, Any] | None = None
    key: str | None = None
    due_at: datetime | None = None
    is_simulated: bool = False
    began_at: datetime | None = None
    ended_at: datetime | None = None


class Journal:
    """Entries by path. `note` adds a decision, `keep` what was done; `notes` are to be stored."""

    def __init__(
        self, entries: Iterable[Entry] = (), *, timer: Callable[[], datetime] | None = None
    ) -> None:
        self._entries = {entry.path: entry for entry in entries}
        self._timer = timer
        self._begun = frozenset(_items_of(self._entries))
        self._notes: dict[str, Entry] = {}

    def entries(self) -> list[Entry]:
        """All entries, in the order in which they came."""
        return list(self._entries.values())

    def was_begun(self, prefix: str) -> bool:
        """Whether an earlier owner of the run stored anything of this item of a loop."""
        return prefix in self._begun

    def has_unended(self) -> bool:
        """Whether an action was begun and has no end."""
        entries = self._entries.values()
        return any(each.kind == "do" and each.status not in _ENDED for each in entries)

    def get(self, path: str) -> Entry | None:
        """The entry of a step, ended or not."""
        return self._entries.get(path)

    def ended(self, path: str) -> Entry | None:
        """The entry of a step that ended; a failed one raises its failure again."""
        entry = self._entries.get(path)
        if entry is None or entry.status not in _ENDED:
            return None
        if entry.status == "failed":
            raise Failure.from_row(entry.error or {"code": "internal", "message": ""})
        return entry

    def note(
        self,
        path: str,
        kind: str,
        status: Status,
        *,
        step_id: str | None = None,
        action: str | None = None,
        inputs: Any = None,
        result: Any = None,
        error: Mapping[str, Any] | None = None,
        attempts: int = 0,
    ) -> None:
        """Remember a decision or a change; what was noted first as input stays."""
        known = self._entries.get(path)
        if known is not None and known.status == status:
            return
        entry = Entry(path, kind, status, step_id, action, attempts, inputs, result, error)
        if known is not None:
            entry = replace(entry, inputs=known.inputs, key=known.key, began_at=known.began_at)
        self.keep(entry)

    def keep(self, entry: Entry) -> None:
        """What was done: to be stored with the next transaction."""
        if self._timer is not None:
            now = self._timer()
            ended_at = now if entry.status in _ENDED else None
            if entry.began_at is None or entry.ended_at is not ended_at:
                entry = replace(entry, began_at=entry.began_at or now, ended_at=ended_at)
        self._entries[entry.path] = entry
        self._notes[entry.path] = entry

    def put(self, entry: Entry) -> None:
        """An entry that the executor has stored itself."""
        self._entries[entry.path] = entry

    def notes(self) -> list[Entry]:
        """The notes that are not stored yet."""
        return list(self._notes.values())

    def forget_notes(self) -> None:
        """They are stored now."""
        self._notes.clear()


def _items_of(paths: Iterable[str]) -> Iterator[str]:
    """`loop[2]/` for each item of a loop that one of the paths lies in."""
    for path in paths:
        yield from (path[: match.end()] for match in _ITEM.finditer(path))
