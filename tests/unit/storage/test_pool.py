"""Whoever waits for a connection stands in line (I11)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.util.queue import Empty, Full

from hub.storage.pool import Line

PATIENCE = 30.0


class GivenUp(BaseException):
    """What ends a request that takes too long."""


class Caller:
    """Asks for a connection in a thread of its own, and stands in line before it is returned."""

    def __init__(self, line: Line, got: Callable[[Any], object], *, seconds: float = PATIENCE):
        self._thread = threading.Thread(target=lambda: got(line.get(timeout=seconds)))
        before = len(line._waiting)  # noqa: SLF001 - nobody else can tell
        self._thread.start()
        while len(line._waiting) == before:  # noqa: SLF001
            pass

    def join(self) -> None:
        self._thread.join(PATIENCE)


def test_what_comes_back_goes_to_the_longest_waiter():
    line, got = Line(3), list[tuple[int, str]]()

    def noted(number: int) -> Callable[[Any], object]:
        return lambda connection: got.append((number, connection))

    callers = [Caller(line, noted(number)) for number in range(3)]

    for number, name in enumerate("abc"):
        line.put(name, block=False)
        callers[number].join()

    assert got == [(0, "a"), (1, "b"), (2, "c")]


def test_who_asks_next_does_not_overtake_who_waits():
    """The connection is handed over with the return, before its new owner runs."""
    line, got = Line(1), list[str]()
    waiting = Caller(line, got.append)

    line.put("a", block=False)
    with pytest.raises(Empty):
        line.get(block=False)

    waiting.join()
    assert got == ["a"]


def test_who_waited_in_vain_leaves_the_line():
    line = Line(1)
    with pytest.raises(Empty):
        line.get(timeout=0.01)

    line.put("a", block=False)

    assert line.get(block=False) == "a"


@pytest.mark.parametrize("when", ["before it is handed anything", "just afterwards"])
def test_what_was_handed_to_a_request_that_is_given_up_is_the_next_ones(
    monkeypatch: pytest.MonkeyPatch, when: str
):
    line = Line(1)

    def given_up(*, timeout: float) -> bool:  # noqa: ARG001 - as a lock is asked
        if when == "just afterwards":
            line.put("a", block=False)
        raise GivenUp

    class Interrupted:
        acquire = staticmethod(given_up)
        release = staticmethod(lambda: None)

    ordinary = threading.Lock
    locks = iter([Interrupted])
    monkeypatch.setattr(
        "hub.storage.pool._Place.__init__",
        lambda place: place.__dict__.update(given=None, is_given=next(locks, ordinary)()),
    )
    with pytest.raises(GivenUp):
        line.get(timeout=PATIENCE)

    if when != "just afterwards":
        line.put("a", block=False)
    assert line.get(block=False) == "a"


def test_the_last_used_is_taken_first_and_there_are_never_more_than_it_holds():
    line = Line(2)
    line.put("a", block=False)
    line.put("b", block=False)

    with pytest.raises(Full):
        line.put("c", block=False)

    assert (line.qsize(), line.get(), line.get()) == (2, "b", "a")
