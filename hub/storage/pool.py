"""A pool of connections whose waiters stand in line: what comes back goes to the longest waiter.

Without a line whoever asks next takes a connection before those who were woken for it, and under
load one request in some thousands waits until its time is over.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from sqlalchemy import QueuePool
from sqlalchemy.util.queue import Empty, Full, QueueCommon


class _Place:
    """One who waits, and what was handed to him."""

    def __init__(self) -> None:
        self.given: Any = None
        self.is_given = threading.Lock()
        self.is_given.acquire()


class Line(QueueCommon[Any]):
    """The idle connections of a pool, the last used first. Nothing is idle while somebody waits."""

    def __init__(self, maxsize: int = 0, use_lifo: bool = True) -> None:  # noqa: FBT001, FBT002 - as the pool calls it
        self.maxsize, self.use_lifo = maxsize, use_lifo
        self._idle: deque[Any] = deque()
        self._waiting: deque[_Place] = deque()
        self._mutex = threading.RLock()  # what is collected as garbage may come back in between

    def qsize(self) -> int:
        """How many are idle."""
        return len(self._idle)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: FBT001, FBT002 - the same
        """An idle one, or, in turn, one that comes back; raises `Empty` after `timeout` seconds."""
        with self._mutex:
            if self._idle:
                return self._idle.pop() if self.use_lifo else self._idle.popleft()
            if not block:
                raise Empty
            place = _Place()
            self._waiting.append(place)
        try:
            place.is_given.acquire(timeout=-1 if timeout is None else timeout)
        except BaseException:  # a request that is given up: what it was handed is the next one's
            if (given := self._leave(place)) is not None:
                self.put(given, block=False)
            raise
        given = self._leave(place)
        if given is None:
            raise Empty
        return given

    def _leave(self, place: _Place) -> Any:
        """What was handed to a place; nothing to one that still stood in line."""
        with self._mutex:
            if place.given is None:
                self._waiting.remove(place)
            return place.given

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:  # noqa: ARG002, FBT001, FBT002 - the same
        """Hand it to the longest waiter, or keep it; never waits, raises `Full`."""
        with self._mutex:
            if self._waiting:
                place = self._waiting.popleft()
                place.given = item
                place.is_given.release()
            elif 0 < self.maxsize <= len(self._idle):
                raise Full
            else:
                self._idle.append(item)


class FairPool(QueuePool):
    """SQLAlchemy's pool, with a line."""

    _queue_class = Line
