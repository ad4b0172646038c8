"""An RQ worker without a fork and without RQ's bookkeeping: the least a job can cost."""

from __future__ import annotations

from time import monotonic
from typing import Any

from rq import Queue, SimpleWorker
from rq.job import Job

_BEAT_EVERY = 5.0  # seconds


class LeanWorker(SimpleWorker):
    """Takes a job, calls its function in this process, forgets the job."""

    _beat_at = -_BEAT_EVERY

    def execute_job(self, job: Job, queue: Queue) -> None:
        """No state, no registry, no result, no timeout."""
        job._execute()  # noqa: SLF001 - `perform` would ask Redis to keep the job
        with self.connection.pipeline(transaction=False) as pipeline:
            pipeline.lrem(queue.intermediate_queue_key, 1, job.id)
            pipeline.delete(job.key)
            pipeline.execute()

    def heartbeat(self, *given: Any, **named: Any) -> None:
        """Not after each job."""
        if monotonic() - self._beat_at >= _BEAT_EVERY:
            self._beat_at = monotonic()
            super().heartbeat(*given, **named)

    def set_state(self, state: str, pipeline: Any = None) -> None:
        """Only what is new."""
        if state != self._state:
            super().set_state(state, pipeline)
