"""Who watches events in this process, and the one look at the table for all of them.

A watcher holds no thread of a server of greenlets and no connection to the database: one look
every half second asks for everybody, and rests while nobody watches.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import count

from sqlalchemy.exc import SQLAlchemyError

from hub.errors import Unavailable
from hub.storage.event_feed import Watched
from hub.storage.events import StoredEvent

log = logging.getLogger(__name__)

LOOK_EVERY = 0.5  # seconds
_AGAIN_AFTER = 2.0  # seconds, when the database cannot be asked

Happened = Callable[[Sequence[Watched]], Mapping[int, list[StoredEvent]]]


class Watcher:
    """One who watches events of a key; each event comes once, in order."""

    def __init__(self, number: int, names: tuple[str, ...], key: str, after: int) -> None:
        self.number, self.names, self.key, self.after = number, names, key, after
        self._events: deque[StoredEvent] = deque()
        self._has_come = threading.Event()

    def take(self, seconds: float) -> list[StoredEvent]:
        """What has come; nothing after so many seconds."""
        if not self._events:
            self._has_come.wait(seconds)
        self._has_come.clear()
        return [self._events.popleft() for _ in range(len(self._events))]

    def tell(self, events: Sequence[StoredEvent]) -> None:
        """They happened; what was told already is not told again."""
        new = [each for each in events if each.id > self.after]
        if new:
            self.after = new[-1].id
            self._events.extend(new)
            self._has_come.set()


class Board:
    """All watchers of a process, at most so many."""

    def __init__(self, happened: Happened, *, most: int) -> None:
        self._happened, self._most = happened, most
        self._watchers: dict[int, Watcher] = {}
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    @property
    def count(self) -> int:
        """How many watch now."""
        return len(self._watchers)

    def watch(self, names: tuple[str, ...], key: str, *, after: int) -> Watcher:
        """Watch from the event behind `after` on; raises `Unavailable` when too many do."""
        with self._lock:
            if len(self._watchers) >= self._most:
                raise Unavailable("too many streams are open")
            watcher = Watcher(next(self._numbers), names, key, after)
            self._watchers[watcher.number] = watcher
            if self._thread is None:
                self._thread = threading.Thread(target=self._look_on, name="events", daemon=True)
                self._thread.start()
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Nobody watches there any more."""
        with self._lock:
            self._watchers.pop(watcher.number, None)

    def look(self) -> None:
        """Ask once for everybody; raises `SQLAlchemyError`."""
        with self._lock:
            watchers = dict(self._watchers)
        wanted = [
            Watched(number, name, each.key, each.after)
            for number, each in watchers.items()
            for name in each.names
        ]
        for number, events in self._happened(wanted).items():
            watchers[number].tell(events)

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()

    def _look_on(self) -> None:
        """Until nobody watches; the next one begins it anew."""
        while not self._stopping.wait(LOOK_EVERY):
            with self._lock:
                if not self._watchers:
                    self._thread = None
                    return
            try:
                self.look()
            except SQLAlchemyError as problem:
                log.warning("events cannot be asked for: %s", type(problem).__name__)
                self._stopping.wait(_AGAIN_AFTER)
            except Exception:
                log.exception("looking for events failed; it goes on")
                self._stopping.wait(_AGAIN_AFTER)
