"""Too many runs that wait: new requests are sent away until the workers catch up."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from datetime import timedelta
from time import monotonic

from sqlalchemy.exc import SQLAlchemyError

from hub.bootstrap import Hub
from hub.errors import Rejected, Unavailable
from hub.storage.gauges import count_waiting

_LOOK_EVERY = 5.0
_LOOK_WITHIN = 0.4
_RETRY_AFTER = timedelta(seconds=5)


class QueueGuard:
    """Counts the queue now and then, not for each request."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._looked_at = -_LOOK_EVERY
        self._waiting = 0

    def look(self, within: Callable[[float], AbstractContextManager[object]]) -> None:
        """Count, if that is long ago; the database has just answered somebody.

        `within` ends what hangs by `Unavailable`: nobody waits long for the count.
        """
        if monotonic() - self._looked_at >= _LOOK_EVERY:
            self._looked_at = monotonic()
            with suppress(SQLAlchemyError, Unavailable), within(_LOOK_WITHIN):
                self._waiting = count_waiting(self._hub.database)

    def check(self, within: Callable[[float], AbstractContextManager[object]]) -> None:
        """Raise `Rejected` 503 while the queue is full; who is sent away looks whether it still is.

        Nobody else would: only requests that are let in look at the queue.
        """
        if self._is_full:
            self.look(within)
        if self._is_full:
            raise Rejected(503, "Too many runs are waiting.", retry_after=_RETRY_AFTER)

    @property
    def _is_full(self) -> bool:
        return self._waiting > self._hub.settings.most_waiting
