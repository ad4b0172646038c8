from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.values import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("24h", timedelta(hours=24)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("1w2d3h4m5s", timedelta(weeks=1, days=2, hours=3, minutes=4, seconds=5)),
        ("0s", timedelta(0)),
        ("3653d", timedelta(days=3653)),
    ],
)
def test_a_duration_is_written_in_units(text, meant):
    assert parse_duration(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "15",
        "m15",
        "1.5h",
        "-5m",
        "+5m",
        "5 m",
        "5M",
        "30m1h",
        "1h1h",
        "P1D",
        "PT5M",
        "5ms",
        "5min",
        "3654d",
        "9999999999s",
        "\u0665m",
        "5m\n",
        "1" * 100_000,
    ],
)
def test_nothing_else_is_a_duration(text):
    with pytest.raises(ValueError) as refusal:  # noqa: PT011
        parse_duration(text)

    assert len(str(refusal.value)) < 140


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(0), "0s"),
        (timedelta(seconds=90), "1m30s"),
        (timedelta(hours=24), "1d"),
        (timedelta(weeks=2), "14d"),
    ],
)
def test_a_duration_is_written_in_one_way(duration, text):
    assert format_duration(duration) == text


@given(st.integers(0, 3653 * 86_400))
def test_a_duration_survives_writing_and_reading(seconds):
    duration = timedelta(seconds=seconds)

    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize(
    "duration", [timedelta(seconds=-1), timedelta(microseconds=1), timedelta(days=3654)]
)
def test_what_units_cannot_say_has_no_written_form(duration):
    with pytest.raises(ValueError, match="written form"):
        format_duration(duration)
