"""Who watches something in this process, and the one look at the tables for all of them.

A watcher holds no thread of a server of greenlets and no connection to the database: one look
every half second asks for everybody, and rests while nobody watches.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Generic, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from hub.errors import Unavailable
from hub.storage.event_feed import Watched
from hub.storage.events import StoredEvent

log = logging.getLogger(__name__)

LOOK_EVERY = 0.5  # seconds
_AGAIN_AFTER = 2.0  # seconds, when the database cannot be asked

Happened = Callable[[Sequence[Watched]], Mapping[int, list[StoredEvent]]]
Item = TypeVar("Item")


class Box(Generic[Item]):
    """What has come for one reader, in order."""

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self._has_come = threading.Event()

    def take(self, seconds: float) -> list[Item]:
        """What has come; nothing after so many seconds."""
        if not self._items:
            self._has_come.wait(seconds)
        self._has_come.clear()
        return [self._items.popleft() for _ in range(len(self._items))]

    def put(self, items: Sequence[Item]) -> None:
        """They come behind what is there."""
        self._items.extend(items)
        self._has_come.set()


class Watcher(Box[StoredEvent]):
    """One who watches events of a key; each event comes once, in order."""

    def __init__(self, names: tuple[str, ...], key: str, after: int) -> None:
        super().__init__()
        self.names, self.key, self.after = names, key, after

    def tell(self, events: Sequence[StoredEvent]) -> None:
        """They happened; what was told already is not told again."""
        new = [each for each in events if each.id > self.after]
        if new:
            self.after = new[-1].id
            self.put(new)


Reader = TypeVar("Reader")


class Circle(Generic[Reader]):
    """All who watch one kind of thing, at most so many; `look` asks once for everybody.

    `look` may raise `SQLAlchemyError`; while somebody watches it is tried again.
    """

    def __init__(
        self, look: Callable[[Mapping[int, Reader]], None], *, name: str, most: int
    ) -> None:
        self._look, self._name, self._most = look, name, most
        self._readers: dict[int, Reader] = {}
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    @property
    def readers(self) -> Mapping[int, Reader]:
        """Who watches now, by a number."""
        with self._lock:
            return dict(self._readers)

    def enter(self, reader: Reader) -> None:
        """Watch from now on; raises `Unavailable` when too many do."""
        with self._lock:
            if len(self._readers) >= self._most:
                raise Unavailable("too many streams are open")
            self._readers[next(self._numbers)] = reader
            if self._thread is None:
                self._thread = threading.Thread(target=self._look_on, name=self._name, daemon=True)
                self._thread.start()

    def leave(self, reader: Reader) -> None:
        """Nobody watches there any more."""
        with self._lock:
            for number in [at for at, each in self._readers.items() if each is reader]:
                del self._readers[number]

    def look(self) -> None:
        """Ask once for everybody; raises `SQLAlchemyError`."""
        self._look(self.readers)

    def stop(self) -> None:
        """Look no more; a look that goes on comes to its end."""
        self._stopping.set()
        looking = self._thread
        if looking is not None:
            looking.join()

    def _look_on(self) -> None:
        """Until nobody watches; the next one begins it anew."""
        while not self._stopping.wait(LOOK_EVERY):
            with self._lock:
                if not self._readers:
                    self._thread = None
                    return
            try:
                self.look()
            except SQLAlchemyError as problem:
                log.warning("%s cannot be asked for: %s", self._name, type(problem).__name__)
                self._stopping.wait(_AGAIN_AFTER)
            except Exception:
                log.exception("looking for %s failed; it goes on", self._name)
                self._stopping.wait(_AGAIN_AFTER)


class Board(Circle[Watcher]):
    """All watchers of events in a process."""

    def __init__(self, happened: Happened, *, most: int) -> None:
        super().__init__(self._ask, name="events", most=most)
        self._happened = happened

    @property
    def count(self) -> int:
        """How many watch now."""
        return len(self._readers)

    def watch(self, names: tuple[str, ...], key: str, *, after: int) -> Watcher:
        """Watch from the event behind `after` on; raises `Unavailable` when too many do."""
        watcher = Watcher(names, key, after)
        self.enter(watcher)
        return watcher

    def _ask(self, watchers: Mapping[int, Watcher]) -> None:
        wanted = [
            Watched(number, name, each.key, each.after)
            for number, each in watchers.items()
            for name in each.names
        ]
        for number, events in self._happened(wanted).items():
            watchers[number].tell(events)
