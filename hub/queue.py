"""The doorbell: a Redis message that says "there is work", and carries one run's id.

Nothing lives here that would be missed (I3): ringing happens after the commit, takes at most
250 ms, never changes an answer, and rests for 5 s after a failure (I4). Workers find the run
without it.
"""

from __future__ import annotations

import hub.lean_redis  # noqa: F401 - before the client itself

# isort: split

import json
import logging
import threading
import zlib
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, Self
from uuid import UUID

from redis import Redis
from redis.backoff import NoBackoff
from redis.connection import Connection, parse_url
from redis.exceptions import ConnectionError, RedisError  # noqa: A004 - Redis's
from redis.retry import Retry
from rq import Queue
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer

from hub.errors import Misconfigured
from hub.metrics.catalogue import DOORBELL

QUEUE = "hub"
WORK = "hub.worker.doorbell.work"  # the one function a job may name (S17)
ANY = UUID(int=0)  # rung for where there may be several runs: they are looked for
_UNHEARD_FOR = 60  # seconds until Redis forgets a message that no worker took
_MOST_UNHEARD = 100  # messages kept while no worker lives
_RING_WITHIN = 0.24  # seconds; from connecting to the last answer (I4)
_ENDED_WITHIN = 0.01  # seconds, until it is known that a connection was closed before
_AT_ONCE = 20
_RINGS_A_SECOND = 250
_PAUSE = threading.Event()  # never set
_REST_AFTER_FAILURE = 5.0
_KEY = f"{Queue.redis_queue_namespace_prefix}{QUEUE}"

# One question, one answer. RQ's form of a message, of which a worker reads only the name; without a
# worker the last ones are kept, each for a while.
_RING = """
redis.call('SADD', KEYS[1], KEYS[2])
redis.call('HSET', KEYS[3], 'data', ARGV[2])
redis.call('EXPIRE', KEYS[3], ARGV[3])
if redis.call('RPUSH', KEYS[2], ARGV[1]) > tonumber(ARGV[4]) then
  redis.call('LTRIM', KEYS[2], -ARGV[4], -1)
end
return 1
"""

log = logging.getLogger(__name__)


class RunJob(Job):
    """A job of the hub and of nobody else, named after its run: one fixed function, one run id.

    Its name is all that a worker reads of it. What the message says beyond that is never fetched,
    unpacked, imported or called (S17).
    """

    @classmethod
    def fetch(  # as RQ calls it
        cls,
        id: str,  # noqa: A002
        connection: Redis | None = None,
        serializer: Any = JSONSerializer,
    ) -> Self:
        """The job of a message that was taken; Redis is not asked for more.

        Raises `NoSuchJobError` for one that names no run.
        """
        if not _is_run_id(id):
            log.warning("refused a message on the queue %s: it names no run: %.40r", QUEUE, id)
            raise NoSuchJobError
        return cls(id, connection=connection, serializer=serializer)


class RunQueue(Queue):
    """The hub's queue, from which anything can be taken: who may write to Redis may write bytes."""

    @classmethod
    def lmove(cls, connection: Redis, queue_key: str, timeout: int | None) -> Any:
        """What was taken, as a text: bytes that are none name no run, and are refused as such."""
        taken = super().lmove(connection, queue_key, timeout)
        if taken is None or isinstance(taken[1], str):  # an option of the address has it decoded
            return taken
        return queue_key, taken[1].decode("utf-8", "backslashreplace")


def _is_run_id(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False


class _Ringing(Redis):
    """A client whose rings keep one connection at hand, with nothing between them and it.

    What the library does around each question (its pool, a look whether the connection still
    lives, its retries and observers) costs twice what the ring does.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._at_hand: deque[Connection] = deque()  # whoever takes one has it alone

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """The answer; raises `RedisError`. A connection that has ended meanwhile is replaced once.

        It says so at once: what takes longer may not take as long again (I4).
        """
        if args[0] != "EVAL":
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        kept = self._taken()
        if kept is not None:
            began = monotonic()
            try:
                return self._asked(kept, args)
            except ConnectionError:
                if monotonic() - began > _ENDED_WITHIN:
                    raise
        return self._asked(self.connection_pool.get_connection(), args)

    def _taken(self) -> Connection | None:
        try:
            return self._at_hand.pop()
        except IndexError:  # the first ring, or somebody rings at the same time
            return None

    def _asked(self, connection: Any, args: Sequence[Any]) -> Any:
        try:
            connection.send_command(*args)
            answer = connection.read_response()
        except BaseException:
            connection.disconnect()  # nobody may read what is left of the answer
            self.connection_pool.release(connection)
            raise
        self._at_hand.append(connection)
        return answer


def open_redis(url: str) -> Redis:
    """A client that gives up quickly; nothing is connected yet. Raises `Misconfigured`."""
    within = _RING_WITHIN / _waits(url)
    return _client(
        _Ringing,
        url,
        socket_timeout=within,
        socket_connect_timeout=within,
        retry=Retry(NoBackoff(), 0),
        protocol=2,  # with no driver information: a connection begins without questions
        driver_info=None,
    )


def _waits(url: str) -> int:
    """How often a first question waits: to connect, to log in, to choose a database, to ask."""
    try:
        options = parse_url(url)  # type: ignore[no-untyped-call]
    except ValueError:
        return 2  # whoever opens it says so
    return 2 + ("password" in options) + bool(options.get("db"))


def open_listener(url: str) -> Redis:
    """A worker's client, which waits for the bell as long as it takes. Raises `Misconfigured`."""
    return _client(Redis, url, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0))


def _client(kind: type[Redis], url: str, **options: Any) -> Redis:
    if not url:
        raise Misconfigured("Set HUB_REDIS_URL, or use `hub dev`, which starts its own servers")
    try:
        return kind.from_url(url, **options)
    except ValueError:  # its words quote the address, and a password that is not escaped with it
        raise Misconfigured(
            "HUB_REDIS_URL is no address such as redis://user:password@127.0.0.1:6379/0 (in a"
            " password, @ : / ? # [ ] are written as %40 %3A %2F %3F %23 %5B %5D)"
        ) from None


def open_queue(connection: Redis) -> Queue:
    """The queue of the hub's own jobs."""
    return RunQueue(QUEUE, connection=connection, job_class=RunJob, serializer=JSONSerializer)


class Doorbell:
    """Rings for a run that is stored and committed. `now`: seconds that never go back.

    Raises `Misconfigured` for what is no address of a Redis.
    """

    def __init__(self, url: str, *, now: Callable[[], float] = monotonic) -> None:
        self._redis = open_redis(url)
        self._now = now
        self._rests_until: float | None = None

    def ring(self, run_id: UUID) -> bool:
        """Ring; true if Redis has it. Never raises."""
        if self._rests_until is not None and self._now() < self._rests_until:
            DOORBELL.add("rested")
            return False
        try:
            self._ring(run_id)
        except Exception as problem:  # noqa: BLE001 - the request is accepted, come what may
            self._rests_until = self._now() + _REST_AFTER_FAILURE
            log.warning("the doorbell is out of order, workers look by themselves: %s", problem)
            DOORBELL.add("failed")
            return False
        DOORBELL.add("rung")
        return True

    def _ring(self, run_id: UUID) -> None:
        name = str(run_id)
        message = zlib.compress(json.dumps([WORK, None, [name], {}]).encode())
        keys = (Queue.redis_queues_keys, _KEY, Job.key_for(name))
        limits = (str(_UNHEARD_FOR), str(_MOST_UNHEARD))
        self._redis.eval(_RING, len(keys), *keys, name, message, *limits)

    def is_reachable(self) -> bool:
        """Whether Redis answers (for `/readyz` and `hub doctor`, where it is information only)."""
        try:
            return bool(self._redis.ping())
        except RedisError:
            return False

    def close(self) -> None:
        """Let go of the connections."""
        self._redis.close()


class Pace:
    """Up to `_AT_ONCE` rings at will, then `_RINGS_A_SECOND`."""

    def __init__(self, now: float) -> None:
        self._left = float(_AT_ONCE)
        self._counted_at = now

    def after_ring(self, now: float) -> float:
        """How many seconds to wait for the next one."""
        earned = (now - self._counted_at) * _RINGS_A_SECOND
        self._left, self._counted_at = min(self._left + earned, _AT_ONCE) - 1, now
        return max(-self._left, 0.0) / _RINGS_A_SECOND


class Ringer:
    """Rings in the background, so that nothing ever waits for Redis (I4).

    One wish names its run, several become one ring that names none: the bell says that there is
    work, not how much. A few rings go out at once; when there are many, each waits a little and
    stands for all wishes until then.
    """

    def __init__(self, ring: Callable[[UUID], object]) -> None:
        self._ring = ring
        self._wish: UUID | None = None
        self._wishing = threading.Lock()
        self._wanted = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._pace = Pace(monotonic())

    def ring(self, run_id: UUID) -> None:
        """Have the bell rung for a run that is committed; returns at once."""
        with self._wishing:
            self._wish = run_id if self._wish is None else ANY
        self._wanted.set()
        if self._thread is None:
            self._start()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._ring_forever, daemon=True)
                self._thread.start()

    def _ring_forever(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            with self._wishing:
                wish, self._wish = self._wish, None
            if wish is not None:
                self._ring(wish)
            if pause := self._pace.after_ring(monotonic()):
                _PAUSE.wait(pause)


def drop_messages(jobs: Sequence[Job], queue: Queue, redis: Redis) -> None:
    """Messages go, also from the list in which RQ keeps what was taken: nobody else would."""
    with redis.pipeline(transaction=False) as pipeline:
        pipeline.delete(*(job.key for job in jobs))
        for job in jobs:
            pipeline.lrem(queue.intermediate_queue.key, 1, job.id)
        pipeline.execute()
