"""What many look at at once is asked of the database once."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

_Value = TypeVar("_Value")


class Remembered(Generic[_Value]):
    """A value that is made anew when it is asked for and older than some seconds."""

    def __init__(
        self,
        make: Callable[[], _Value],
        *,
        seconds: float,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._make, self._seconds, self._now = make, seconds, now
        self._made: tuple[float, _Value] | None = None
        self._making = Lock()

    def get(self) -> _Value:
        """The value; whoever asks while it is made waits for it."""
        with self._making:
            if self._made is None or self._now() - self._made[0] >= self._seconds:
                self._made = (self._now(), self._make())
            return self._made[1]

    def forget(self) -> None:
        """The next one is made anew."""
        self._made = None
