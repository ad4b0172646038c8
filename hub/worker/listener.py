"""The ear of a worker process: a thread in which RQ hears the doorbell.

Of RQ's worker only the waiting is used. Its commands, its registries' maintenance and its signals
are off: whoever can write to Redis shall change latency and nothing else (E17, S17).
"""

from __future__ import annotations

import logging
import sys
import threading
from contextlib import suppress
from time import monotonic
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.utils import now
from rq.worker_registration import clean_worker_registry

from hub.queue import RunJob, RunQueue, drop_messages, open_listener, open_queue
from hub.worker.doorbell import work

log = logging.getLogger(__name__)

LISTEN_AGAIN_AFTER = 1.0  # seconds without Redis; the runner looks by itself meanwhile
_WAIT_FOR = 1  # seconds in which one wait for the bell ends
_BEAT_EVERY = 5.0  # seconds; RQ forgets a worker after more than a minute
_TIDY_EVERY = 0.5  # seconds
_MOST_HEARD = 100
_RQ_KEEPS_BACK = 15  # seconds by which RQ waits less than its worker lives


class Doorway:
    """Whether Redis is there, for the log: one line when it goes away, one when it is back."""

    def __init__(self) -> None:
        self._is_away = False

    def away(self, problem: RedisError) -> None:
        """Redis cannot be reached, or says no."""
        if not self._is_away:
            log.warning("no doorbell, the worker looks for runs by itself: %s", problem)
        self._is_away = True

    def here(self) -> None:
        """Redis has answered."""
        if self._is_away:
            log.warning("the doorbell is heard again")
        self._is_away = False


class _WordsOfRQ(logging.LoggerAdapter[logging.Logger]):
    """RQ's log, without its own words and tracebacks for a Redis that is away."""

    def __init__(self, logger: logging.Logger, doorway: Doorway) -> None:
        super().__init__(logger)
        self._doorway = doorway

    def log(self, level: int, msg: object, *args: Any, **named: Any) -> None:
        problem = sys.exc_info()[1]
        if isinstance(problem, RedisError):
            self._doorway.away(problem)
        else:
            super().log(level, msg, *args, **named)


class BellWorker(SimpleWorker):
    """An RQ worker that hears the hub's own job and does nothing else, in this process."""

    max_connection_wait_time = LISTEN_AGAIN_AFTER

    def __init__(self, connection: Redis, stopping: threading.Event, doorway: Doorway) -> None:
        super().__init__(
            [open_queue(connection)],
            connection=connection,
            job_class=RunJob,
            queue_class=RunQueue,
            serializer=JSONSerializer,
            worker_ttl=_WAIT_FOR + _RQ_KEEPS_BACK,
            log_job_description=False,
        )
        self.log = _WordsOfRQ(self.log, doorway)  # type: ignore[assignment]
        self._doorway = doorway
        self._stopping = stopping
        self._beat_at = -_BEAT_EVERY
        self._heard: list[Job] = []
        self._tidied_at = monotonic()

    def execute_job(self, job: Job, queue: Queue) -> None:  # noqa: ARG002 - as RQ calls it
        """Hear the bell."""
        work(job.id)
        self._heard.append(job)

    def heartbeat(self, *given: Any, **named: Any) -> None:
        """Between two waits: stop when that is asked. The bell does not wait for each beat."""
        if self._stopping.is_set():
            raise StopRequested
        if monotonic() - self._tidied_at >= _TIDY_EVERY or len(self._heard) >= _MOST_HEARD:
            self._tidy()
        if monotonic() - self._beat_at >= _BEAT_EVERY:
            self._beat_at = monotonic()
            super().heartbeat(*given, **named)
            self._doorway.here()

    def _tidy(self) -> None:
        """Drop what was heard, many at a time: who rang is being served meanwhile."""
        heard, self._heard = self._heard, []
        self._tidied_at = monotonic()
        if heard:
            drop_messages(heard, self.queues[0], self.connection)

    def teardown(self) -> None:
        """Leave nothing behind; what a Redis that is away still holds runs out by itself."""
        with suppress(RedisError):
            self._tidy()
            super().teardown()  # type: ignore[no-untyped-call]

    def set_state(self, state: str, pipeline: Any = None) -> None:
        """Tell Redis what is new."""
        if state != self._state:
            super().set_state(state, pipeline)

    def check_for_suspension(self, burst: bool) -> None:  # noqa: FBT001 - as RQ calls it
        """Take no commands: a suspended listener would hear neither the bell nor the end."""

    def run_maintenance_tasks(self) -> None:
        """Forget workers that died; jobs have no state here that could be repaired."""
        (queue,) = self.queues
        clean_worker_registry(queue)
        self.connection.delete(queue.intermediate_queue.key)
        self.last_cleaned_at = now()  # type: ignore[assignment]  # RQ declares it as None

    def subscribe(self) -> None:
        """Take no commands."""

    def unsubscribe(self) -> None:
        """There is nothing to leave."""

    def _install_signal_handlers(self) -> None:
        """Signals are the process's matter."""


class Listener:
    """Listens as long as it is wanted, whether Redis is there or not."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stopping = threading.Event()
        self._doorway = Doorway()
        self._thread = threading.Thread(target=self._listen, name="listen", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop with the present wait."""
        self._stopping.set()

    def join(self) -> None:
        """Wait for its end."""
        self._thread.join()

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                with open_listener(self._url) as connection:
                    worker = BellWorker(connection, self._stopping, self._doorway)
                    worker.work(logging_level="WARNING")
            except RedisError as problem:
                self._doorway.away(problem)
            except Exception:
                log.exception("the listener failed; it listens again")
            self._stopping.wait(LISTEN_AGAIN_AFTER)
