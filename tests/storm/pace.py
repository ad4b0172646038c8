"""The time of a storm: it stands still while the house has not yet got over the last fault."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic

_LOOK_EVERY = 0.02  # seconds


class Pace:
    """Seconds of traffic. Senders and faults go by it, so that faults always fall amid traffic."""

    def __init__(self, accepted: Callable[[], int]) -> None:
        self._accepted = accepted
        self._begins = monotonic()
        self._held = 0.0
        self._holding_since: float | None = None
        self._lock = threading.Lock()
        self._never = threading.Event()

    def now(self) -> float:
        """Seconds since the beginning, without those in which it stood still."""
        with self._lock:
            until = monotonic() if self._holding_since is None else self._holding_since
            return until - self._begins - self._held

    def wait_until(self, at: float) -> None:
        """Until that second of the traffic."""
        while (left := at - self.now()) > 0:
            self._never.wait(min(left, 0.5))

    def hold_until_accepted(self, number: int, most: float) -> None:
        """Stand still until so many webhooks are accepted, for so many seconds at most."""
        gives_up_at = monotonic() + most
        with self._lock:
            self._holding_since = monotonic()
        while self._accepted() < number and monotonic() < gives_up_at:
            self._never.wait(_LOOK_EVERY)
        with self._lock:
            self._held += monotonic() - self._holding_since
            self._holding_since = None
