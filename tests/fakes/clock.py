"""Clocks that stand still until a test moves them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2025, 10, 20, 12, 0, tzinfo=UTC)


class FakeClock:
    """`hub.action.Clock` for tests: starts on Monday, 20 October 2025, 12:00 UTC."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move forward (or back, by a negative duration); returns the new present."""
        self._now += by
        return self._now

    def set(self, now: datetime) -> datetime:
        """Move to this instant, which must name its zone."""
        if now.tzinfo is None:
            raise ValueError(f"{now} has no zone")
        self._now = now.astimezone(UTC)
        return self._now


class Seconds:
    """A monotonic clock for tests: seconds from nowhere in particular."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now
