"""`hub worker`: the main thread waits for signals, the others listen, work and go rounds (E14)."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from uuid import uuid4

from sqlalchemy.exc import SQLAlchemyError

from hub.bootstrap import Hub
from hub.queue import ANY
from hub.storage import workers
from hub.storage.audit import Actor
from hub.storage.runs import ClaimedRun, OpenClaim
from hub.storage.workers import WorkerName
from hub.worker.doorbell import bell
from hub.worker.listener import Listener
from hub.worker.retention import Removal
from hub.worker.rounds import Rounds
from hub.worker.runner import Runner
from hub.worker.watch import Watch

log = logging.getLogger(__name__)

DRAIN_WITHIN = timedelta(seconds=25)
_TOLD_TWICE_WITHIN = 1.0  # seconds in which a second signal is the same Ctrl-C, told twice
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run_worker(hub: Hub) -> int:
    """Work until SIGTERM or SIGINT, then hand back what is in hand; the exit code.

    Belongs into the main thread, before there are others: they inherit that signals wait for it.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    return _Process(hub).run()


class _InForce:
    """Gives each run to the executor of what is in force when its work begins."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def work(
        self,
        run: ClaimedRun,
        *,
        is_stopping: Callable[[], bool],
        claim: OpenClaim | None = None,
    ) -> None:
        self._hub.executor.work(run, is_stopping=is_stopping, claim=claim)


class _Process:
    def __init__(self, hub: Hub) -> None:
        name = WorkerName(id=uuid4().hex, host=socket.gethostname(), pid=os.getpid())
        self._hub = hub
        self._name = name
        self._listener = Listener(hub.settings.redis_url)
        self._runner = Runner(
            engine=hub.database,
            executor=_InForce(hub),
            name=f"{name.host}:{name.pid}:{name.id[:8]}",
            size=hub.settings.worker_runs,
            bell=bell(),
            ring=hub.ringer.ring,
            lease=hub.settings.lease,
        )
        self._rounds = Rounds(
            hub, scheduled=lambda: hub.scheduled, ring=self._wake, worker=self._name
        )
        self._removal = Removal(
            hub.database,
            periods=lambda: hub.project.settings.retention,
            actor=Actor(f"worker {name.pid}", name.host),
        )
        self._watch = Watch(hub)

    def _wake(self) -> None:
        """Work has turned up here: look at once, and let the others look too."""
        bell().ring()
        self._hub.ringer.ring(ANY)

    def run(self) -> int:
        self._runner.start()
        self._rounds.start()
        self._removal.start()
        self._watch.start()
        self._listener.start()
        log.info("the worker is ready", extra={"runs": self._hub.settings.worker_runs})
        signal.sigwait(_SIGNALS)
        return self._drain()

    def _drain(self) -> int:
        """Hand back what is in hand (E14); a later second signal ends the process at once."""
        log.info("the worker stops")
        ends_at = monotonic() + DRAIN_WITHIN.total_seconds()
        self._runner.stop()
        self._rounds.stop()
        self._removal.stop()
        self._watch.stop()
        self._listener.stop()
        drainer = threading.Thread(target=self._leave, name="drain", daemon=True)
        drainer.start()
        drainer.join(_TOLD_TWICE_WITHIN)
        if drainer.is_alive():
            while signal.sigtimedwait(_SIGNALS, 0):
                pass
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            drainer.join(ends_at - monotonic())
        if drainer.is_alive():
            log.warning("a run is still in a call; its lease runs out and another worker goes on")
            logging.shutdown()
            os._exit(0)
        return 0

    def _leave(self) -> None:
        self._runner.drain()
        self._rounds.join()
        self._removal.join()
        self._watch.join()
        self._listener.join()
        try:
            workers.say_goodbye(self._hub.database, self._name)
        except SQLAlchemyError as problem:
            log.warning("the worker leaves without a word: %s", problem)
