"""Lines between processes: who listens now hears, who does not has missed it; nothing is stored.

Messages go through Redis and are sealed by both ends: what a lead types, and what he sees, is in
clear in no process but the two (B-06).
"""

from __future__ import annotations

import hub.lean_redis  # noqa: F401 - before the client itself

# isort: split

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from redis import Redis
from redis.client import PubSub
from redis.exceptions import RedisError

from hub.errors import Misconfigured, Unavailable

Cipher = Callable[[bytes], bytes]
LARGEST = 1_000_000  # bytes of one message
_WITHIN = 2.0  # seconds


class Lines:
    """The lines of one process. `close` and `open` seal and unseal; nothing is connected yet."""

    def __init__(self, url: str, *, close: Cipher, open_: Cipher) -> None:
        self._redis = Redis.from_url(url, socket_timeout=_WITHIN, socket_connect_timeout=_WITHIN)
        self._close, self._open = close, open_

    def say(self, line: str, message: bytes) -> int:
        """Tell whoever listens; how many that were. Raises `Unavailable` without Redis."""
        try:
            told = self._redis.publish(line, self._close(message))
        except RedisError:
            raise Unavailable("Redis cannot be reached: nothing can be passed on now") from None
        return int(told)

    @contextmanager
    def hear(self, line: str) -> Iterator[Callable[[float], bytes | None]]:
        """Listen; gives what waits at most so many seconds for the next message.

        Raises `Unavailable` without Redis.
        """
        ears: PubSub = self._redis.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        try:
            ears.subscribe(line)

            def next_(seconds: float) -> bytes | None:
                try:
                    said = ears.get_message(timeout=seconds)
                except RedisError:
                    raise Unavailable("Redis cannot be reached any more") from None
                return None if said is None else self._unsealed(said["data"])

            yield next_
        except RedisError:
            raise Unavailable("Redis cannot be reached: nobody can listen now") from None
        finally:
            ears.close()

    def _unsealed(self, message: bytes) -> bytes | None:
        """What was said; None for what nobody with our key has said."""
        try:
            return self._open(message)
        except Misconfigured:
            return None

    def close(self) -> None:
        """Let go of the connections."""
        self._redis.close()
