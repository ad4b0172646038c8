"""The bell in the background: nobody waits for it, and many wishes become few rings (I4)."""

from __future__ import annotations

import threading
from itertools import pairwise
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from hub.queue import ANY, Pace, Ringer

PATIENCE = 30.0


class StuckDoorbell:
    """A doorbell that rings when the test lets it."""

    def __init__(self) -> None:
        self.rung: list[UUID] = []
        self.is_at_it = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)

    def ring(self, run_id: UUID) -> bool:
        self.is_at_it.release()
        assert self.go_on.acquire(timeout=PATIENCE)
        self.rung.append(run_id)
        return True


def test_I4_nobody_waits_for_the_bell_and_wishes_meanwhile_become_one_ring():
    bell = StuckDoorbell()
    ringer = Ringer(bell.ring)
    first, *later = (uuid4() for _ in range(5))

    ringer.ring(first)
    assert bell.is_at_it.acquire(timeout=PATIENCE)
    for each in later:
        ringer.ring(each)
    bell.go_on.release(2)
    assert bell.is_at_it.acquire(timeout=PATIENCE)
    ringer.ring(last := uuid4())
    assert bell.is_at_it.acquire(timeout=PATIENCE)
    bell.go_on.release()

    assert bell.rung[:2] == [first, ANY]
    assert last not in bell.rung[:2]


def rings_at(wishes: list[float]) -> list[float]:
    """When the bell rings, for somebody who wishes it at these seconds and is made to wait."""
    pace, free_at, rung = Pace(0.0), 0.0, []
    for wish in wishes:
        now = max(wish, free_at)
        rung.append(now)
        free_at = now + pace.after_ring(now)
    return rung


def test_a_single_caller_does_not_feel_the_pace():
    a_hundred_a_second = [place / 100 for place in range(500)]

    assert rings_at(a_hundred_a_second) == a_hundred_a_second


@given(st.lists(st.floats(0, 0.01), min_size=1, max_size=300))
def test_however_often_it_is_wished_the_bell_rings_at_its_pace(pauses: list[float]):
    wishes = [sum(pauses[: place + 1]) for place in range(len(pauses))]

    rung = rings_at(wishes)

    assert all(before <= after for before, after in pairwise(rung))
    for place, start in enumerate(rung):
        within = [each for each in rung[place:] if each <= start + 0.1]
        assert len(within) <= 20 + 250 * 0.1 + 1
