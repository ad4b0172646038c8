"""Claims runs and works on several at once; keeps their leases.

One thread claims, several work, one renews. The doorbell names a run, which is begun at once, or
shortens the wait until the next look; without it the look comes every second (I3). Whatever goes
wrong in them is told and they go on: a worker without one of its threads would look alive and do
nothing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import Protocol
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from hub import logs, tracing
from hub.metrics.catalogue import RUNS_IN_HAND
from hub.queue import ANY
from hub.storage import runs
from hub.storage.runs import ClaimedRun, OpenClaim
from hub.worker.doorbell import Bell
from hub.worker.hands import Hands

log = logging.getLogger(__name__)

LOOK_EVERY = timedelta(seconds=1)
RENEWALS = 3  # in the time of one lease (E3)
_MOST_AT_ONCE = 10
_ENOUGH_AT_ONCE = 5
_GATHERED_FOR = 0.005  # seconds
_RING_EVERY = 0.2  # seconds
_HEAD_START = 0.25  # seconds


class Worker(Protocol):
    """Works on one claimed run."""

    def work(
        self,
        run: ClaimedRun,
        *,
        is_stopping: Callable[[], bool],
        claim: OpenClaim | None = None,
    ) -> None:
        """As far as it goes now; never raises. `claim`: its transaction, if it is still open."""


class Runner:
    """The runs in the hands of this process."""

    def __init__(
        self,
        *,
        engine: Engine,
        executor: Worker,
        name: str,
        size: int,
        bell: Bell,
        ring: Callable[[UUID], object],
        lease: timedelta = runs.LEASE,
    ) -> None:
        self._engine = engine
        self._executor = executor
        self._name = name
        self._size = size
        self._bell = bell
        self._ring = ring
        self._lease = lease
        self._owned: dict[UUID, ClaimedRun] = {}
        self._beginning = 0  # runs that are being claimed by the thread that will work on them
        self._head_start_ends = 0.0
        self._rang_at = -_RING_EVERY
        self._lock = threading.Lock()
        self._left = threading.Condition(self._lock)  # a run has left the hands
        self._stopping = threading.Event()
        self._drained = threading.Event()
        self._hands = Hands(size, name="run")
        self._threads = [
            threading.Thread(target=self._claim_forever, name="claim", daemon=True),
            threading.Thread(target=self._renew_forever, name="renew", daemon=True),
        ]

    def start(self) -> None:
        """Begin to look for work."""
        self._bell.begins(self._begin_new)
        self._bell.ring()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Claim nothing more; runs in hand stop at their next step (E14)."""
        self._stopping.set()
        self._bell.ring()

    def drain(self) -> None:
        """Wait until the runs in hand are ended, asleep or handed back."""
        self._threads[0].join()
        self._hands.dismiss()
        self._drained.set()

    # ----------------------------------------------------------------------------------- claiming

    def _claim_forever(self) -> None:
        while not self._stopping.is_set():
            self._bell.wait(LOOK_EVERY)
            try:
                self.claim_all()
            except SQLAlchemyError as problem:
                log.warning("cannot look for work: %s", problem)
                self._stopping.wait(LOOK_EVERY.total_seconds())
            except Exception:
                log.exception("looking for work failed; it goes on")
                self._stopping.wait(LOOK_EVERY.total_seconds())

    def claim_all(self) -> None:
        """Claim until there is nothing left or all hands are full."""
        while not self._stopping.is_set():
            most = min(self._gathered(), _MOST_AT_ONCE)
            if most <= 0:
                return
            claimed = runs.claim(self._engine, worker=self._name, most=most, lease=self._lease)
            for run in claimed:
                self._begin(run)
            if any(map(_is_last_chance, claimed)):
                self._give_head_start(claimed[0])
            elif len(claimed) < most:
                return
            if not self._free():
                self._wake_others()

    def _gathered(self) -> int:
        """How many hands are free; those that come free one after the other share one claim."""
        enough = min(_ENOUGH_AT_ONCE, max(1, self._size // 2))
        with self._left:
            if self._spare() <= 0:
                return 0
            self._left.wait_for(
                lambda: self._spare() >= enough or self._stopping.is_set(), _GATHERED_FOR
            )
            return self._spare()

    def _give_head_start(self, run: ClaimedRun) -> None:
        """Claim nothing while a run on its last chance begins: a new one may end this process.

        Short steps get through meanwhile; beside a long one the others go on (E10).
        """
        with self._left:
            self._left.wait_for(lambda: self._owned.get(run.id) is not run, _HEAD_START)

    def _wake_others(self) -> None:
        """There may be more than we can hold. They look once a second: no need to ring often."""
        if monotonic() - self._rang_at >= _RING_EVERY:
            self._rang_at = monotonic()
            self._ring(ANY)

    def _free(self) -> int:
        with self._lock:
            return self._spare()

    def _spare(self) -> int:
        return self._size - len(self._owned) - self._beginning

    def _begin(self, run: ClaimedRun) -> None:
        self._own(run)
        try:
            self._hands.give(partial(self._work, run))
        except RuntimeError:  # no thread to be had: without renewal the lease runs out
            self._forget(run)
            raise

    def _work(self, run: ClaimedRun, claim: OpenClaim | None = None) -> None:
        marker = logs.about(run_id=str(run.id), **_request_of(run))
        try:
            with _span(run):
                self._executor.work(run, is_stopping=self._stopping.is_set, claim=claim)
        except Exception:
            log.exception("work on a run failed")
        finally:
            logs.forget(marker)
            self._forget(run)

    def _forget(self, run: ClaimedRun) -> None:
        with self._lock:
            was_full = len(self._owned) >= self._size
            if self._owned.get(run.id) is run:
                del self._owned[run.id]
            if _is_last_chance(run):
                self._head_start_ends = 0.0
            RUNS_IN_HAND.set(len(self._owned))
            self._left.notify_all()
        if was_full or _is_last_chance(run):  # there may be one that waits for a hand, or for this
            self._bell.ring()

    # ------------------------------------------------------------------- the run the bell names

    def _begin_new(self, run_id: UUID) -> bool:
        """Have a thread claim the run and work on it in one go; false when no hand is free.

        Whoever hears the bell comes here: no thread between it and the one that works. A last
        chance keeps its head start, behind which all are looked for.
        """
        with self._lock:
            if self._stopping.is_set() or self._spare() <= 0:
                return False
            if monotonic() < self._head_start_ends:
                return False
            self._beginning += 1
        try:
            self._hands.give(partial(self._work_on_new, run_id))
        except RuntimeError:  # no thread to be had: whoever looks will say so
            self._has_begun()
            return False
        return True

    def _work_on_new(self, run_id: UUID) -> None:
        """The claim is stored with the first steps: one transaction less for who listens.

        If it is not stored, somebody else has the run, or whoever looks next.
        """
        is_stored = threading.Event()
        try:
            with ExitStack() as beginning:
                beginning.callback(self._has_begun)
                connection = beginning.enter_context(self._engine.connect())
                run = runs.claim_new(connection, run_id, worker=self._name, lease=self._lease)
                if run is None:
                    connection.commit()
                    return
                self._own(run)
                beginning.pop_all()
            self._has_begun()
            with connection:
                self._work(run, OpenClaim(connection, is_stored.set))
        except SQLAlchemyError as problem:
            log.warning("cannot begin a run: %s", problem, extra={"run_id": str(run_id)})
        finally:
            if not is_stored.is_set():
                self._bell.ring()

    def _own(self, run: ClaimedRun) -> None:
        with self._lock:
            self._owned[run.id] = run
            if _is_last_chance(run):
                self._head_start_ends = monotonic() + _HEAD_START
            RUNS_IN_HAND.set(len(self._owned))

    def _has_begun(self) -> None:
        with self._lock:
            self._beginning -= 1

    # ------------------------------------------------------------------------------------- leases

    def _renew_forever(self) -> None:
        while not self._drained.wait((self._lease / RENEWALS).total_seconds()):
            while not self.renew() and not self._drained.wait(LOOK_EVERY.total_seconds()):
                pass

    def renew(self) -> bool:
        """Renew the leases of the runs in hand; false when that must be tried again."""
        with self._lock:
            owned = list(self._owned.values())
        try:
            return runs.renew(self._engine, owned, lease=self._lease)
        except SQLAlchemyError as problem:
            log.warning("cannot renew leases: %s", problem)
        except Exception:
            log.exception("renewing leases failed; it goes on")
        return False


def _is_last_chance(run: ClaimedRun) -> bool:
    return run.deaths >= runs.LAST_CHANCE


def _span(run: ClaimedRun) -> AbstractContextManager[object]:
    """The run in this worker's hands, below the request that made it."""
    facts: dict[str, str | int] = {
        "hub.run.id": str(run.id),
        "hub.workflow": run.workflow,
        "hub.mode": run.mode,
        "hub.run.attempt": run.token,
    }
    parent = run.trigger.get(tracing.CARRIED)
    return tracing.span(f"run {run.workflow}", facts, kind="CONSUMER", parent=parent)


def _request_of(run: ClaimedRun) -> dict[str, str]:
    """The id that the caller was told, for the lines of the log."""
    request = run.trigger.get("request") or {}
    return {"request_id": str(request["id"])} if "id" in request else {}
