"""What an RQ job does: it wakes this process's runner and is done."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import UUID


class Bell:
    """Rung whenever there may be work; it knows the run that was named last, if one was."""

    def __init__(self) -> None:
        self._rung = threading.Event()
        self._run_id: UUID | None = None

    def ring(self, run_id: UUID | None = None) -> None:
        """There may be work, for one thing this run."""
        self._run_id = run_id
        self._rung.set()

    def wait(self, most: timedelta) -> UUID | None:
        """Return when it was rung or after a while; the run it was rung for, if that is known."""
        self._rung.wait(most.total_seconds())
        self._rung.clear()
        run_id, self._run_id = self._run_id, None
        return run_id

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
