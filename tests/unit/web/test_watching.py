"""Who watches events: each hears each event of its key once, in order (C-20, C-21)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Unavailable
from hub.storage.event_feed import Watched
from hub.storage.events import StoredEvent
from hub.web.streams import written
from hub.web.watching import Board

NOW = datetime(2025, 10, 20, 12, tzinfo=UTC)
NAMES = ("booking.confirmed",)


def event(number: int, key: str = "r1", name: str = NAMES[0]) -> StoredEvent:
    return StoredEvent(number, name, key, {"n": number}, NOW)


class Table:
    """The events that are stored."""

    def __init__(self) -> None:
        self.events: list[StoredEvent] = []
        self.asked: list[int] = []

    def happened(self, watched: Sequence[Watched]) -> Mapping[int, list[StoredEvent]]:
        self.asked.append(len(watched))
        return {
            each.watcher: [
                event
                for event in self.events
                if (event.name, event.key) == (each.name, each.key) and event.id > each.after
            ]
            for each in watched
        }


@pytest.fixture
def table() -> Table:
    return Table()


def numbers(events: Sequence[StoredEvent]) -> list[int]:
    return [each.id for each in events]


def test_C20_a_watcher_hears_each_event_of_its_key_once(table):
    board = Board(table.happened, most=10)
    mine, theirs = board.watch(NAMES, "r1", after=0), board.watch(NAMES, "r2", after=0)
    table.events = [event(1), event(2, "r2"), event(3, name="other.thing")]

    board.look()
    board.look()

    assert numbers(mine.take(0)) == [1]
    assert mine.take(0) == []
    assert numbers(theirs.take(0)) == [2]
    board.stop()


def test_C21_who_comes_again_hears_what_it_missed_and_nothing_twice(table):
    board = Board(table.happened, most=10)
    table.events = [event(1), event(4), event(9)]
    again = board.watch(NAMES, "r1", after=4)

    board.look()

    assert numbers(again.take(0)) == [9]
    board.stop()


def test_one_look_asks_for_everybody(table):
    board = Board(table.happened, most=100)
    for key in range(50):
        board.watch(NAMES, str(key), after=0)
    before = len(table.asked)

    board.look()

    assert table.asked[before:] == [50]
    board.stop()


def test_there_are_only_so_many_and_a_place_that_is_left_is_free(table):
    board = Board(table.happened, most=2)
    first = board.watch(NAMES, "r1", after=0)
    board.watch(NAMES, "r1", after=0)

    with pytest.raises(Unavailable):
        board.watch(NAMES, "r1", after=0)
    board.leave(first)
    board.leave(first)

    assert board.count == 1
    board.watch(NAMES, "r1", after=0)
    board.stop()


@given(looks=st.lists(st.lists(st.integers(1, 30), max_size=6), max_size=8))
def test_C21_however_looks_and_events_lie_nothing_is_lost_or_repeated(looks):
    """Ids of a key grow in the order of the commits: what is behind the last one is new."""
    table, heard, last = Table(), [], 0
    board = Board(table.happened, most=3)
    watcher = board.watch(NAMES, "r1", after=0)
    for new in looks:
        for step in new:
            last += step
            table.events.append(event(last))
        board.look()
        heard += numbers(watcher.take(0))
        board.leave(watcher)
        watcher = board.watch(NAMES, "r1", after=heard[-1] if heard else 0)
    board.stop()

    assert heard == numbers(table.events)


def test_an_event_is_one_line_of_JSON_with_its_id_and_name():
    hostile = StoredEvent(7, "booking.confirmed", "r1", {"name": "a\n\ndata: x\rb\u2028"}, NOW)

    said = written(hostile).decode()

    head, body = said.split("data: ", 1)
    assert head == "id: 7\nevent: booking.confirmed\n"
    assert body.endswith("\n\n")
    assert body.count("\n") == 2
    assert "\r" not in said
