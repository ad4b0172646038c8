"""What an RQ job does: it wakes this process's runner and is done."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from hub.queue import ANY


class Bell:
    """Rung whenever there may be work. A run that is named is begun at once, if it can be."""

    def __init__(self) -> None:
        self._rung = threading.Event()
        self._begin: Callable[[UUID], bool] | None = None

    def begins(self, begin: Callable[[UUID], bool]) -> None:
        """Who begins the run that a ring names; `begin` is false when it must be looked for."""
        self._begin = begin

    def ring(self, run_id: UUID = ANY) -> None:
        """There is this run to begin, or there may be several to look for. Never raises."""
        if run_id == ANY or self._begin is None or not self._begin(run_id):
            self._rung.set()

    def wait(self, most: timedelta) -> bool:
        """Return when it was rung for a look, which is true, or after a while."""
        was_rung = self._rung.wait(most.total_seconds())
        self._rung.clear()
        return was_rung

    @property
    def is_rung(self) -> bool:
        """Whether it was rung since the last wait."""
        return self._rung.is_set()


_bell = Bell()


def bell() -> Bell:
    """The bell of this process."""
    return _bell


def work(run_id: str) -> None:
    """The one function of the hub's jobs (S17). The id is a hint: the runner asks the database."""
    _bell.ring(UUID(run_id))
