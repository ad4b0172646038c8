"""Times as people write them, in the clinic's zone (X25, D7)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.booking_sessions.slot_times import read_time, slot_instant

NEW_YORK = "America/New_York"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2:30pm", (14, 30)),
        ("2:30 PM", (14, 30)),
        (" 2:30 p.m. ", (14, 30)),
        ("2pm", (14, 0)),
        ("14:30", (14, 30)),
        ("14.30", (14, 30)),
        ("14:30:00", (14, 30)),
        ("09:05", (9, 5)),
        ("12am", (0, 0)),
        ("12:15 pm", (12, 15)),
        ("11:59pm", (23, 59)),
        ("0:00", (0, 0)),
    ],
)
def test_X25_the_ways_people_write_a_time(text, meant):
    assert read_time(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        *("", "2", "14", "25:00", "24:00", "12:60", "13pm", "0pm", "2:3pm", "2:30 xm", "noon"),
        *("-1:00", "2:30pm tomorrow", "\u0662:\u0663\u0660pm", "2:30pm\n3:30pm", "9" * 500),
    ],
)
def test_X25_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match="time of day"):
        read_time(text)


@given(st.integers(0, 23), st.integers(0, 59))
def test_X25_every_minute_reads_the_same_both_ways(hour, minute):
    half = f"{hour % 12 or 12}:{minute:02}{'am' if hour < 12 else 'pm'}"

    assert read_time(half) == read_time(f"{hour}:{minute:02}") == (hour, minute)


@given(st.text(max_size=30))
def test_X25_any_text_is_a_time_or_a_value_error(text):
    try:
        hour, minute = read_time(text)
    except ValueError:
        return
    assert 0 <= hour < 24
    assert 0 <= minute < 60


@pytest.mark.parametrize(
    ("date", "time", "meant"),
    [
        ("2026-02-06", "2:30pm", datetime(2026, 2, 6, 19, 30, tzinfo=UTC)),
        ("2026-07-06", "2:30pm", datetime(2026, 7, 6, 18, 30, tzinfo=UTC)),
        ("2026-03-08", "2:30am", datetime(2026, 3, 8, 7, 30, tzinfo=UTC)),  # removed: after the gap
        ("2026-11-01", "1:30am", datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),  # twice: the first
    ],
)
def test_D7_X25_the_zone_is_the_clinics(date, time, meant):
    assert slot_instant(date, time, NEW_YORK) == meant


@pytest.mark.parametrize(
    ("date", "zone"),
    [("2026-02-30", NEW_YORK), ("tomorrow", NEW_YORK), ("2026-02-06", "Mars/Base")],
)
def test_X25_a_day_or_zone_that_does_not_exist_is_refused(date, zone):
    with pytest.raises(ValueError, match=r"."):
        slot_instant(date, "2:30pm", zone)
