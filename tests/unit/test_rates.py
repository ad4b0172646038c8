"""What a process counts by itself while Redis is away: exact, whatever the times are."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.rates import ProcessCounter
from tests.fakes.clock import Seconds

MINUTE = timedelta(minutes=1)


def test_one_too_many_is_told_when_there_is_room_again():
    seconds = Seconds()
    counter = ProcessCounter(seconds)

    assert counter.admit("a", most=2, window=MINUTE) is None
    seconds.now += 20
    assert counter.admit("a", most=2, window=MINUTE) is None
    assert counter.admit("a", most=2, window=MINUTE) == timedelta(seconds=40)
    seconds.now += 39.5
    assert counter.admit("a", most=2, window=MINUTE) == timedelta(seconds=0.5)
    seconds.now += 0.5
    assert counter.admit("a", most=2, window=MINUTE) is None
    assert counter.admit("a", most=2, window=MINUTE) == timedelta(seconds=20)


def test_each_key_has_a_count_of_its_own():
    counter = ProcessCounter(Seconds())

    assert counter.admit("a", most=1, window=MINUTE) is None
    assert counter.admit("b", most=1, window=MINUTE) is None
    assert counter.admit("a", most=1, window=MINUTE) == MINUTE


def test_of_too_many_keys_the_oldest_is_forgotten():
    counter = ProcessCounter(Seconds())

    for number in range(10_001):
        counter.admit(str(number), most=1, window=MINUTE)

    assert counter.admit("10000", most=1, window=MINUTE) == MINUTE
    assert counter.admit("0", most=1, window=MINUTE) is None


@given(st.integers(1, 5), st.lists(st.integers(0, 70), max_size=60))
def test_as_many_as_the_limit_says_are_let_in_in_every_span(most: int, pauses: list[int]):
    seconds = Seconds()
    counter = ProcessCounter(seconds)
    let_in: list[float] = []

    for pause in pauses:
        seconds.now += pause
        recent = [each for each in let_in if seconds.now - each < 60]
        wait = counter.admit("a", most=most, window=MINUTE)
        if wait is None:
            assert len(recent) < most
            let_in.append(seconds.now)
        else:
            assert len(recent) == most
            assert wait.total_seconds() == pytest.approx(60 - (seconds.now - recent[0]))
