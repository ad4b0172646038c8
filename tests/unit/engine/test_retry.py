"""Whether and when a failed attempt is made again (E9; language, chapters 8 and 9)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.engine.retry import next_pause, pause_before
from hub.engine.workflow import Retry

HOUR = 3600


def seconds(**given_: Any) -> float | None:
    facts = {
        "attempts": 1,
        "is_retryable": True,
        "is_safe": True,
        "retry_after": None,
        "chance": 1.0,
    }
    retry = given_.pop("retry", Retry())
    pause = next_pause(retry, **{**facts, **given_})
    return None if pause is None else pause.total_seconds()


@pytest.mark.parametrize(
    ("attempt", "pause"), [(1, 2), (2, 4), (3, 8), (7, 128), (8, 256), (9, 300), (1000, 300)]
)
def test_the_pause_doubles_up_to_five_minutes(attempt: int, pause: float):
    assert pause_before(Retry(), attempt, 1.0).total_seconds() == pause


@pytest.mark.parametrize(
    ("retry", "pauses"),
    [
        (Retry(first=timedelta(seconds=10)), [10, 20, 40]),
        (Retry(factor=3), [2, 6, 18]),
        (Retry(factor=1), [2, 2, 2]),
        (Retry(first=timedelta(minutes=4)), [240, 300, 300]),
    ],
)
def test_first_factor_and_maximum_are_the_authors(retry: Retry, pauses: list[float]):
    assert [pause_before(retry, n, 1.0).total_seconds() for n in (1, 2, 3)] == pauses


@given(st.integers(1, 10_000), st.floats(0.5, 1.5))
def test_jitter_moves_a_pause_by_at_most_half(attempt: int, chance: float):
    whole = pause_before(Retry(jitter=False), attempt, chance)
    assert whole * 0.5 <= pause_before(Retry(), attempt, chance) <= whole * 1.5


@pytest.mark.parametrize(("attempts", "is_tried"), [(1, True), (5, True), (6, False)])
def test_there_are_five_tries_after_the_first(attempts: int, *, is_tried: bool):
    assert (seconds(attempts=attempts) is not None) is is_tried


def test_no_tries_means_none():
    assert seconds(retry=Retry(attempts=0)) is None


@pytest.mark.parametrize("why", [{"is_retryable": False}, {"is_safe": False}])
def test_what_cannot_help_or_must_not_happen_twice_is_not_tried(why: dict[str, bool]):
    assert seconds(**why) is None


@pytest.mark.parametrize(
    ("retry_after", "pause"), [(1, 2), (30, 30), (HOUR, HOUR), (HOUR + 1, HOUR), (10**9, HOUR)]
)
def test_E9_retry_after_is_obeyed_up_to_an_hour(retry_after: int, pause: float):
    assert seconds(retry_after=timedelta(seconds=retry_after)) == pause
