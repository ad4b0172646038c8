"""Claims runs and works on several at once; keeps their leases.

One thread claims, a pool of threads works, one thread renews. The doorbell shortens the wait until
the next look; without it the look comes every second (I3).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from hub.storage import runs
from hub.storage.runs import ClaimedRun

log = logging.getLogger(__name__)

LOOK_EVERY = timedelta(seconds=1)
_MOST_AT_ONCE = 10


class Worker(Protocol):
    """Works on one claimed run."""

    def work(self, run: ClaimedRun, *, is_stopping: Callable[[], bool]) -> None:
        """As far as it goes now; never raises."""


class Runner:
    """The runs in the hands of this process."""

    def __init__(
        self,
        *,
        engine: Engine,
        executor: Worker,
        name: str,
        size: int,
        bell: threading.Event,
        ring: Callable[[UUID], bool],
    ) -> None:
        self._engine = engine
        self._executor = executor
        self._name = name
        self._size = size
        self._bell = bell
        self._ring = ring
        self._owned: dict[UUID, ClaimedRun] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._drained = threading.Event()
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="run")
        self._threads = [
            threading.Thread(target=self._claim_forever, name="claim", daemon=True),
            threading.Thread(target=self._renew_forever, name="renew", daemon=True),
        ]

    def start(self) -> None:
        """Begin to look for work."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Claim nothing more; runs in hand stop at their next step (E14)."""
        self._stopping.set()
        self._bell.set()

    def drain(self) -> None:
        """Wait until the runs in hand are ended, asleep or handed back."""
        self._threads[0].join()
        self._pool.shutdown(wait=True)
        self._drained.set()

    def _claim_forever(self) -> None:
        while not self._stopping.is_set():
            self._bell.wait(LOOK_EVERY.total_seconds())
            self._bell.clear()
            try:
                self._claim_all()
            except SQLAlchemyError as problem:
                log.warning("cannot look for work: %s", problem)
                self._stopping.wait(LOOK_EVERY.total_seconds())

    def _claim_all(self) -> None:
        """Claim until there is nothing left or all hands are full."""
        while not self._stopping.is_set():
            free = self._size - len(self._owned)
            if free <= 0:
                return
            most = min(free, _MOST_AT_ONCE)
            claimed = runs.claim(self._engine, worker=self._name, most=most)
            for run in claimed:
                with self._lock:
                    self._owned[run.id] = run
                self._pool.submit(self._work, run)
            if len(claimed) < most:
                return
            self._ring(claimed[-1].id)  # there may be more than we can hold: wake the others

    def _work(self, run: ClaimedRun) -> None:
        try:
            self._executor.work(run, is_stopping=self._stopping.is_set)
        finally:
            with self._lock:
                self._owned.pop(run.id, None)
                was_full = len(self._owned) >= self._size - 1
            if was_full:
                self._bell.set()

    def _renew_forever(self) -> None:
        while not self._drained.wait(runs.RENEW_EVERY.total_seconds()):
            self._renew()

    def _renew(self) -> None:
        with self._lock:
            owned = list(self._owned.values())
        try:
            runs.renew(self._engine, owned)
        except SQLAlchemyError as problem:
            log.warning("cannot renew leases: %s", problem)
