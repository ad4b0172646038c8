"""How often something was asked for: one list of instants a key, in Redis, for all processes.

The count is exact: in no span of the window are more than `most` let in, however the span lies.
Nothing lives here that would be missed (I3): while Redis is away each process counts for itself.
Asking takes at most 250 ms and rests for 5 s after a failure, as the doorbell does (I4).
"""

from __future__ import annotations

import hub.lean_redis  # noqa: F401 - before the client itself

# isort: split

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import timedelta
from time import monotonic

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)

_PREFIX = "hub:rate:"
_WITHIN = 0.06  # seconds; to connect, log in, choose a database and ask: 240 ms together (I4)
_REST_AFTER_FAILURE = 5.0
_MOST_KEYS = 10_000  # that a process remembers while it counts for itself
_MILLISECOND = timedelta(milliseconds=1)

# One question, one answer, and Redis's own clock: no two hosts need to agree on the time. An
# instant of the future is no evidence: that clock was set back.
_ADMIT = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local most, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local age = now - (tonumber(redis.call('LINDEX', KEYS[1], most - 1)) or -window)
if age >= 0 and age < window then
  return window - age
end
redis.call('LPUSH', KEYS[1], string.format('%d', now))
redis.call('LTRIM', KEYS[1], 0, most - 1)
redis.call('PEXPIRE', KEYS[1], window)
return 0
"""


class RateCounter:
    """Counts for all processes that share a Redis. `now`: seconds that never go back."""

    def __init__(self, url: str, *, now: Callable[[], float] = monotonic) -> None:
        """Nothing is connected yet; raises ValueError for what is no address of a Redis."""
        self._redis = Redis.from_url(
            url,
            socket_timeout=_WITHIN,
            socket_connect_timeout=_WITHIN,
            retry=Retry(NoBackoff(), 0),
            protocol=2,  # with no driver information: a connection begins without questions
            driver_info=None,
        )
        self._alone = ProcessCounter(now)
        self._now = now
        self._rests_until: float | None = None

    def admit(self, key: str, *, most: int, window: timedelta) -> timedelta | None:
        """Let one in and count it; when there is no room: after how long there is. Never raises."""
        if self._rests_until is not None and self._now() < self._rests_until:
            return self._alone.admit(key, most=most, window=window)
        try:
            span = str(window // _MILLISECOND)
            left = int(str(self._redis.eval(_ADMIT, 1, _PREFIX + key, str(most), span)))
        except Exception as problem:  # noqa: BLE001 - to count is no reason to refuse
            self._rests_until = self._now() + _REST_AFTER_FAILURE
            log.warning("Redis cannot count requests, each process does: %s", problem)
            return self._alone.admit(key, most=most, window=window)
        return left * _MILLISECOND if left else None

    def close(self) -> None:
        """Let go of the connections."""
        self._redis.close()


class ProcessCounter:
    """The same count, of this process alone; of too many keys it forgets the oldest."""

    def __init__(self, now: Callable[[], float]) -> None:
        """`now`: seconds that never go back."""
        self._now = now
        self._came: OrderedDict[tuple[str, int], deque[float]] = OrderedDict()
        self._counting = threading.Lock()

    def admit(self, key: str, *, most: int, window: timedelta) -> timedelta | None:
        """As `RateCounter.admit`."""
        with self._counting:
            came = self._came.setdefault((key, most), deque(maxlen=most))
            self._came.move_to_end((key, most))
            if len(self._came) > _MOST_KEYS:
                self._came.popitem(last=False)
            now = self._now()
            age = now - came[0] if len(came) == most else window.total_seconds()
            if age < window.total_seconds():
                return window - timedelta(seconds=age)
            came.append(now)
            return None
