"""Which callers have gone silent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hub.storage.pulse import Heard
from hub.web.console.silence import silent

NOW = datetime(2025, 11, 20, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def heard(silence: timedelta, **other: object) -> Heard:
    usual = {"requests": 50, "longest_gap": 5 * MINUTE, "is_usual": True, **other}
    return Heard(endpoint="calls", last_at=NOW - silence, **usual)  # type: ignore[arg-type]


def names(*callers: Heard) -> list[timedelta]:
    return [NOW - each.last_at for each in silent(callers, NOW)]


def test_a_caller_is_silent_after_three_times_its_longest_pause():
    assert names(heard(14 * MINUTE)) == []
    assert names(heard(15 * MINUTE)) == [15 * MINUTE]
    assert names(heard(40 * MINUTE, longest_gap=20 * MINUTE)) == []


def test_a_quarter_of_an_hour_is_never_a_silence_however_fast_a_caller_usually_is():
    assert names(heard(14 * MINUTE, longest_gap=timedelta(seconds=1))) == []


def test_a_night_is_no_silence():
    assert names(heard(timedelta(hours=9), is_usual=False)) == []


def test_a_few_requests_are_no_habit():
    assert names(heard(timedelta(days=2), requests=9)) == []


def test_the_longest_silence_comes_first():
    short, long = heard(timedelta(hours=1)), heard(timedelta(hours=3))

    assert names(short, long) == [timedelta(hours=3), timedelta(hours=1)]
