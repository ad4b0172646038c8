"""The doorbell: a Redis message that says "there is work", and carries one run's id.

Nothing lives here that would be missed (I3): ringing happens after the commit, takes at most
250 ms, never changes an answer, and rests for 5 s after a failure (I4). Workers find the run
without it.
"""

from __future__ import annotations

import logging
from time import monotonic
from uuid import UUID

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

QUEUE = "hub"
WORK = "hub.worker.doorbell.work"  # the one function a job may name (S17)
_PENDING = "hub:doorbell"
_PENDING_FOR = 2_000  # milliseconds: a bell that nobody heard may be rung again then
_RING_WITHIN = 0.25
_REST_AFTER_FAILURE = 5.0

log = logging.getLogger(__name__)


class RefusedJob(Exception):
    """A message on the queue that is not the hub's own (S17)."""


class RunJob(Job):
    """A job of the hub and of nobody else: one fixed function, one run id, no callbacks.

    What the message says beyond that is never looked up, imported or called.
    """

    @property
    def success_callback(self) -> None:
        """The hub's jobs have no callbacks."""

    @property
    def failure_callback(self) -> None:
        """The hub's jobs have no callbacks."""

    @property
    def stopped_callback(self) -> None:
        """The hub's jobs have no callbacks."""


def run_of(job: Job) -> UUID:
    """The run that the bell was rung for; raises `RefusedJob` for a forged message (S17)."""
    try:
        name, args, kwargs = job.func_name, job.args, job.kwargs
        given = args[0] if len(args) == 1 else None
        run_id = UUID(given) if isinstance(given, str) else None
    except Exception as problem:  # whatever the bytes are, they must not hurt
        raise RefusedJob("the message cannot be read") from problem
    if run_id is None or name != WORK or kwargs:
        raise RefusedJob("the message asks for something that is not the hub's work")
    return run_id


def open_redis(url: str) -> Redis:
    """A client that gives up quickly; nothing is connected yet."""
    return Redis.from_url(
        url,
        socket_timeout=_RING_WITHIN,
        socket_connect_timeout=_RING_WITHIN,
        retry_on_timeout=False,
    )


def open_listener(url: str) -> Redis:
    """A worker's client, which waits for the bell as long as it takes."""
    return Redis.from_url(url, socket_connect_timeout=2, health_check_interval=30)


class Doorbell:
    """Rings for a run that is stored and committed."""

    def __init__(self, url: str) -> None:
        self._redis = open_redis(url)
        self._queue = Queue(
            QUEUE, connection=self._redis, job_class=RunJob, serializer=JSONSerializer
        )
        self._rests_until = 0.0

    def ring(self, run_id: UUID) -> bool:
        """Ring unless a ring is pending; true if the bell was heard by Redis. Never raises."""
        if monotonic() < self._rests_until:
            return False
        try:
            if self._redis.set(_PENDING, str(run_id), nx=True, px=_PENDING_FOR):
                self._queue.enqueue_call(
                    WORK, args=(str(run_id),), result_ttl=0, failure_ttl=60, timeout=-1
                )
        except RedisError as problem:
            self._rests_until = monotonic() + _REST_AFTER_FAILURE
            log.warning("the doorbell is out of order, workers look by themselves: %s", problem)
            return False
        return True

    def is_reachable(self) -> bool:
        """Whether Redis answers (for `/readyz` and `hub doctor`, where it is information only)."""
        try:
            return bool(self._redis.ping())
        except RedisError:
            return False


def answer_doorbell(redis: Redis) -> None:
    """A worker has heard: the next run rings again."""
    redis.delete(_PENDING)
