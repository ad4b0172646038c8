"""How long a stream lasts, and what it says while nothing happens (C-21, E14)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from math import inf
from typing import cast

import pytest

from hub.storage.events import StoredEvent
from hub.web.streams import HEARTBEAT, LONGEST, Feed, written
from hub.web.watching import Watcher

BEAT = b": still here\n\n"
EVENT = StoredEvent(7, "booking.confirmed", "r1", {}, datetime(2025, 10, 20, tzinfo=UTC))


class Quiet:
    """A watcher to whom little happens; each time it is asked, that takes as long as it may."""

    def __init__(self, *events_at: float) -> None:
        self.seconds = 0.0
        self.left = False
        self._events_at = list(events_at)

    def take(self, seconds: float) -> list[StoredEvent]:
        self.seconds += seconds
        due = [at for at in self._events_at if at <= self.seconds]
        self._events_at = self._events_at[len(due) :]
        return [EVENT for _ in due]

    def leave(self) -> None:
        self.left = True


def told(quiet: Quiet, to_live: Callable[[], float] = lambda: inf) -> Iterator[tuple[float, bytes]]:
    """Each piece of the stream, with the second at which it is said."""
    box = cast("Watcher", quiet)
    feed = Feed(box, quiet.leave, to_live, written=written, now=lambda: quiet.seconds)
    try:
        for piece in feed:
            yield quiet.seconds, piece
    finally:
        feed.close()


def test_C21_a_silent_stream_shows_every_15_seconds_that_it_is_there_and_ends_after_15_minutes():
    quiet = Quiet()

    begin, *pieces = told(quiet)

    assert begin == (0.0, b"retry: 2000\n\n")
    # the last one would be said as the stream ends
    assert pieces == [(HEARTBEAT * number, BEAT) for number in range(1, 61)]
    assert (quiet.seconds, LONGEST) == (900.0, 900.0)
    assert quiet.left


@pytest.mark.parametrize("at", [0.5, 14.0, 14.9])
def test_C21_after_an_event_there_is_no_need_to_say_that_it_is_there(at: float):
    pieces = told(Quiet(at))
    said = [next(pieces) for _ in range(3)]

    assert said[1][1].startswith(b"id: 7\nevent: booking.confirmed\n")
    heard = said[1][0]
    assert heard - at < 0.5
    assert said[2] == (heard + HEARTBEAT, BEAT)


def test_E14_a_stream_ends_when_its_process_is_to_end():
    quiet = Quiet()

    pieces = list(told(quiet, lambda: inf if quiet.seconds < 40 else 5.0))

    assert [at for at, piece in pieces if piece == BEAT] == [15.0, 30.0]
    assert quiet.seconds == 40.0
