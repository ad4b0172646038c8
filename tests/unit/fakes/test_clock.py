"""The fake clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.fakes.clock import START, FakeClock


def test_the_clock_stands_still():
    clock = FakeClock()

    assert clock.now() == clock.now() == START


def test_the_clock_moves_only_when_told():
    clock = FakeClock()

    assert clock.advance(timedelta(hours=24)) == START + timedelta(hours=24)
    assert clock.now() == START + timedelta(hours=24)


def test_the_clock_tells_the_time_in_utc():
    clock = FakeClock()

    clock.set(datetime(2025, 10, 21, 9, 0, tzinfo=timezone(timedelta(hours=-5))))

    assert clock.now() == datetime(2025, 10, 21, 14, 0, tzinfo=UTC)
    assert clock.now().tzinfo is UTC


def test_a_time_without_zone_is_refused():
    with pytest.raises(ValueError, match="no zone"):
        FakeClock().set(datetime(2025, 10, 21, 9, 0))  # noqa: DTZ001 -- the point of the test
