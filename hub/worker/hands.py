"""The threads of a worker that do its runs: the one that rested last goes next, and it alone wakes.

They share one interpreter. A thread that wakes for nothing, as in the library's pool with each
task, takes it from the one for whom a caller waits; and who has just worked has its connection and
all it knows at hand.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

log = logging.getLogger(__name__)

Task = Callable[[], object]


class Hands:
    """At most so many threads; they are made when they are needed."""

    def __init__(self, most: int, *, name: str) -> None:
        self._most = most
        self._name = name
        self._mutex = threading.Lock()
        self._resting: list[_Hand] = []
        self._all: list[_Hand] = []
        self._waiting: deque[Task] = deque()
        self._is_over = False

    def give(self, task: Task) -> None:
        """Have a task done; it waits while all are busy.

        Raises `RuntimeError` when no thread can be had, and after `dismiss`.
        """
        with self._mutex:
            if self._is_over:
                raise RuntimeError("these hands take no more work")
            if self._resting:
                self._resting.pop().begin(task)
            elif len(self._all) < self._most:
                self._all.append(self._new(task))
            else:
                self._waiting.append(task)

    def _new(self, task: Task) -> _Hand:
        hand = _Hand(self._after, name=f"{self._name}_{len(self._all)}")
        hand.begin(task)
        hand.start()
        return hand

    def _after(self, hand: _Hand) -> Task | None:
        """What waits to be done next; if nothing does, the hand rests until it is called."""
        with self._mutex:
            if self._waiting:
                return self._waiting.popleft()
            if self._is_over:
                hand.begin(None)
            else:
                self._resting.append(hand)
        return None

    def dismiss(self) -> None:
        """Wait until all that was given is done; nothing more is taken."""
        with self._mutex:
            self._is_over = True
            while self._resting:
                self._resting.pop().begin(None)
        for hand in self._all:
            hand.join()


class _Hand(threading.Thread):
    """One thread. `after` says what comes after a task."""

    def __init__(self, after: Callable[[_Hand], Task | None], *, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._after = after
        self._task: Task | None = None
        self._called = threading.Lock()
        self._called.acquire()

    def begin(self, task: Task | None) -> None:
        """Wake it for a task, or for its end."""
        self._task = task
        self._called.release()

    def run(self) -> None:
        """Do what it is called for, and what waits behind it."""
        while self._called.acquire() and self._task is not None:
            task: Task | None = self._task
            while task is not None:
                _do(task)
                task = self._after(self)


def _do(task: Task) -> None:
    try:
        task()
    except Exception:
        log.exception("a thread of the worker failed; it goes on")
