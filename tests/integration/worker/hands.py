"""An executor whose runs take as long as a test wants."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Engine, text

from hub.storage import runs
from hub.storage.runs import ClaimedRun, Ending, OpenClaim
from hub.worker.runner import Runner
from tests.integration.storage.office import PATIENCE, Office

Hire = Callable[..., Runner]
LEASE = timedelta(minutes=2)


class Hands:
    """An executor whose runs take as long as the test wants."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.begun: queue.Queue[ClaimedRun] = queue.Queue()
        self.in_hand = 0
        self.most_in_hand = 0
        self._lock = threading.Lock()
        self._may_end = threading.Semaphore(0)
        self.breaks_on: UUID | None = None
        self.claimed_at_once: list[UUID] = []

    def work(
        self,
        run: ClaimedRun,
        *,
        is_stopping: Callable[[], bool],
        claim: OpenClaim | None = None,
    ) -> None:
        if claim is not None:
            self.claimed_at_once.append(run.id)
            claim.connection.commit()
            claim.connection.close()
            claim.stored()
        with self._lock:
            self.in_hand += 1
            self.most_in_hand = max(self.most_in_hand, self.in_hand)
        self.begun.put(run)
        if run.id == self.breaks_on:
            self._leave()
            raise RuntimeError("this run breaks its worker")
        assert self._may_end.acquire(timeout=PATIENCE)
        with self._engine.begin() as connection:
            runs.lock(connection, run)
            if is_stopping():
                runs.hand_back(connection, run)
            else:
                runs.end(connection, run, Ending("succeeded"))
        self._leave()

    def _leave(self) -> None:
        with self._lock:
            self.in_hand -= 1

    def next(self) -> ClaimedRun:
        """The next run that begins."""
        return self.begun.get(timeout=PATIENCE)

    def let_go(self, number: int = 1) -> None:
        """So many runs end now."""
        self._may_end.release(number)


def lease_of(office: Office, run: ClaimedRun) -> timedelta:
    """How long a run's lease goes on."""
    with office.engine.connect() as connection:
        left: timedelta = connection.execute(
            text("SELECT lease_until - now() FROM runs WHERE id = :id"), {"id": run.id}
        ).scalar_one()
    return left
