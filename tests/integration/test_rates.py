"""Requests that are counted by all processes together, in a real Redis (I3, I4)."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import monotonic

import pytest
from redis import Redis

from hub.rates import RateCounter
from tests.fakes.clock import Seconds

MINUTE = timedelta(minutes=1)
KEY = "hub:rate:a"


@pytest.fixture
def open_counter(redis_url: str) -> Iterator[Callable[..., RateCounter]]:
    """Opens the counters of several processes, and closes them after the test."""
    opened: list[RateCounter] = []

    def opening(url: str = redis_url, now: Callable[[], float] | None = None) -> RateCounter:
        opened.append(RateCounter(url, now=now or Seconds()))
        return opened[-1]

    yield opening
    for each in opened:
        each.close()


def let_time_pass(redis: Redis, by: timedelta) -> None:
    """What was counted is older than it was."""
    for place, instant in enumerate(redis.lrange(KEY, 0, -1)):
        redis.lset(KEY, place, str(int(instant) - by // timedelta(milliseconds=1)))


def test_all_processes_count_together(open_counter):
    one, other = open_counter(), open_counter()

    assert one.admit("a", most=2, window=MINUTE) is None
    assert other.admit("a", most=2, window=MINUTE) is None
    for each in (one, other):
        wait = each.admit("a", most=2, window=MINUTE)
        assert wait is not None
        assert timedelta(seconds=50) < wait <= MINUTE
    assert one.admit("b", most=2, window=MINUTE) is None


def test_there_is_room_again_when_the_oldest_is_old_enough(open_counter, redis):
    counter = open_counter()
    counter.admit("a", most=2, window=MINUTE)
    let_time_pass(redis, timedelta(seconds=30))
    counter.admit("a", most=2, window=MINUTE)

    assert counter.admit("a", most=2, window=MINUTE) <= timedelta(seconds=30)
    let_time_pass(redis, timedelta(seconds=30))
    assert counter.admit("a", most=2, window=MINUTE) is None
    assert counter.admit("a", most=2, window=MINUTE) is not None


def test_many_at_once_are_let_in_as_often_as_the_limit_says(open_counter):
    counters = [open_counter() for _ in range(4)] * 100

    def ask(counter: RateCounter) -> timedelta | None:
        return counter.admit("a", most=50, window=MINUTE)

    with ThreadPoolExecutor(16) as threads:
        waits = list(threads.map(ask, counters))

    assert waits.count(None) == 50


def test_nothing_stays_in_redis_longer_than_the_window(open_counter, redis):
    counter = open_counter()
    for _ in range(9):
        counter.admit("a", most=5, window=MINUTE)

    assert redis.llen(KEY) == 5
    assert 0 < redis.pttl(KEY) <= 60_000
    assert redis.keys("*") == [KEY.encode()]


def test_a_clock_of_redis_that_was_set_back_locks_nobody_out(open_counter, redis):
    counter = open_counter()
    counter.admit("a", most=1, window=MINUTE)
    let_time_pass(redis, -timedelta(hours=1))

    assert counter.admit("a", most=1, window=MINUTE) is None


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_I4_without_redis_the_process_counts_and_asks_again_after_5_seconds(
    open_counter, redis_url, caplog
):
    seconds = Seconds()
    away = open_counter(f"redis://127.0.0.1:{unused_port()}/0", seconds)
    working = open_counter(redis_url)

    assert away.admit("a", most=1, window=MINUTE) is None
    assert away.admit("a", most=1, window=MINUTE) is not None
    assert len(caplog.records) == 1
    away._redis = working._redis  # noqa: SLF001 - it is back

    seconds.now += 4.9
    assert away.admit("b", most=1, window=MINUTE) is None
    assert working.admit("b", most=1, window=MINUTE) is None  # Redis was not told
    seconds.now += 0.2
    assert away.admit("b", most=1, window=MINUTE) is not None
    assert len(caplog.records) == 1


def test_I4_a_redis_that_never_answers_holds_nobody_up(open_counter):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        counter = open_counter(f"redis://:secret@127.0.0.1:{silent.getsockname()[1]}/3", monotonic)
        began = monotonic()

        assert counter.admit("a", most=1, window=MINUTE) is None
        assert counter.admit("a", most=1, window=MINUTE) is not None
        assert monotonic() - began < 0.25


def test_I4_what_redis_refuses_is_no_reason_to_refuse_the_caller(open_counter, redis):
    redis.set(KEY, "not a list")

    assert open_counter().admit("a", most=1, window=MINUTE) is None
