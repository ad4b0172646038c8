"""`hub worker`: RQ hears the doorbell in the main thread, the runner works beside it (E14)."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from datetime import timedelta
from types import FrameType
from uuid import UUID, uuid4

from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer

from hub.bootstrap import Hub
from hub.queue import (
    QUEUE,
    RefusedJob,
    RunJob,
    answer_doorbell,
    open_listener,
    run_of,
)
from hub.storage import workers
from hub.storage.workers import WorkerName
from hub.worker.doorbell import bell, work
from hub.worker.rounds import Rounds, plan_schedules
from hub.worker.runner import Runner

log = logging.getLogger(__name__)

DRAIN_WITHIN = timedelta(seconds=25)
_TRY_REDIS_EVERY = 1.0


class BellWorker(SimpleWorker):
    """An RQ worker that hears the hub's own job and does nothing else, in this process."""

    max_connection_wait_time = 5.0
    is_asked_to_stop = False

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Hear the bell; a forged message is refused before anything of it is called (S17)."""
        try:
            run_id = run_of(job)
        except RefusedJob as refused:
            log.warning("refused a message on the queue %s: %s", queue.name, refused)
        else:
            answer_doorbell(self.connection)
            work(str(run_id))
        job.delete()

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """The first SIGTERM or SIGINT: stop listening; the process drains then."""
        self.is_asked_to_stop = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]  # RQ leaves it bare


def run_worker(hub: Hub) -> int:
    """Work until SIGTERM or SIGINT, then hand back what is in hand; the exit code."""
    return _Process(hub).run()


class _Process:
    def __init__(self, hub: Hub) -> None:
        name = WorkerName(id=uuid4().hex, host=socket.gethostname(), pid=os.getpid())
        self._hub = hub
        self._name = name
        self._stopping = threading.Event()
        self._runner = Runner(
            engine=hub.database,
            executor=hub.executor,
            name=f"{name.host}:{name.pid}:{name.id[:8]}",
            size=hub.settings.worker_runs,
            bell=bell(),
            ring=hub.doorbell.ring,
        )
        self._rounds = Rounds(
            hub, scheduled=lambda: hub.scheduled, ring=self._wake, worker=self._name
        )

    def _wake(self) -> None:
        """Work has turned up here: look at once, and let the others look too."""
        bell().set()
        self._hub.doorbell.ring(UUID(int=0))

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        plan_schedules(self._hub, self._hub.scheduled, self._hub.clock.now())
        self._runner.start()
        self._rounds.start()
        log.info("the worker is ready", extra={"runs": self._hub.settings.worker_runs})
        self._listen()
        return self._drain()

    def _listen(self) -> None:
        """Hear the doorbell as long as we are wanted; without Redis the runner looks by itself."""
        while not self._stopping.is_set():
            try:
                connection = open_listener(self._hub.settings.redis_url)
                queue = Queue(
                    QUEUE, connection=connection, job_class=RunJob, serializer=JSONSerializer
                )
                worker = BellWorker(
                    [queue], connection=connection, job_class=RunJob, serializer=JSONSerializer
                )
                worker.log_job_description = False
                worker.work(logging_level="WARNING")
                if worker.is_asked_to_stop:
                    return
            except RedisError as problem:
                log.warning("no doorbell: %s", problem)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: self._stopping.set())
            self._stopping.wait(_TRY_REDIS_EVERY)

    def _drain(self) -> int:
        """Hand back what is in hand; a second signal ends the process at once (E14)."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        log.info("the worker stops")
        self._rounds.stop()
        self._runner.stop()
        drainer = threading.Thread(target=self._runner.drain, daemon=True)
        drainer.start()
        drainer.join(DRAIN_WITHIN.total_seconds())
        workers.say_goodbye(self._hub.database, self._name)
        if drainer.is_alive():
            log.warning("a run is still in a call; its lease runs out and another worker goes on")
            os._exit(0)
        return 0
