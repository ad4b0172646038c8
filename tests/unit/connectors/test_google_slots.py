"""Free times inside opening hours: half-open, and right on days of a clock change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.google.slots import OpeningHours, clock_reading, free_slots
from hub.values import format_instant

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
EVERY_DAY = frozenset(range(7))


def hours(opens="09:00", closes="17:00", days=EVERY_DAY, zone=BERLIN):
    return OpeningHours(zone, clock_reading(opens), clock_reading(closes), days)


def at(text):
    return datetime.fromisoformat(text)


def found(open_, busy, start, end):
    spans = [(at(a), at(b)) for a, b in busy]
    slots = free_slots(open_, spans, within=(at(start), at(end)), duration=HOUR, step=HOUR)
    return [format_instant(slot[0]) for slot in slots]


def test_a_slot_touches_what_is_busy_and_does_not_overlap_it():
    free = found(
        hours("09:00", "13:00"),
        [("2025-11-03T10:00:00+01:00", "2025-11-03T11:00:00+01:00")],
        "2025-11-03T00:00:00+01:00",
        "2025-11-04T00:00:00+01:00",
    )

    assert free == [
        "2025-11-03T09:00:00+01:00",
        "2025-11-03T11:00:00+01:00",
        "2025-11-03T12:00:00+01:00",
    ]


def test_busy_times_that_overlap_are_one():
    day = ("2025-11-03T08:00:00Z", "2025-11-03T16:00:00Z")
    within = ("2025-11-03T09:30:00Z", "2025-11-03T09:45:00Z")

    assert found(hours(), [within, day], "2025-11-03T00:00:00Z", "2025-11-03T20:00:00Z") == []


def test_nothing_begins_before_the_span_or_ends_after_it():
    free = found(hours(), [], "2025-11-03T10:30:00+01:00", "2025-11-03T13:30:00+01:00")

    assert free == ["2025-11-03T11:00:00+01:00", "2025-11-03T12:00:00+01:00"]


def test_closed_days_have_no_slots():
    weekend = ("2025-11-01T00:00:00+01:00", "2025-11-03T00:00:00+01:00")

    assert found(hours(days=frozenset(range(5))), [], *weekend) == []


def test_D7_opening_hours_keep_the_clock_reading_when_the_clock_changes():
    free = found(
        hours("09:00", "10:00"), [], "2025-10-25T00:00:00+02:00", "2025-10-27T00:00:00+01:00"
    )

    assert free == ["2025-10-25T09:00:00+02:00", "2025-10-26T09:00:00+01:00"]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2025-03-30", ["01:00:00+01:00", "03:00:00+02:00"]),  # 02:00 does not exist
        ("2025-10-26", ["01:00:00+02:00", "02:00:00+02:00", "02:00:00+01:00", "03:00:00+01:00"]),
    ],
)
def test_D7_the_hour_that_is_removed_or_doubled_is_counted_as_it_is(day, expected):
    free = found(hours("01:00", "04:00"), [], f"{day}T00:00:00Z", f"{day}T12:00:00Z")
    early = found(hours("01:00", "04:00"), [], f"{day}T00:00:00+02:00", f"{day}T12:00:00+01:00")

    assert sorted({*free, *early}, key=at) == [f"{day}T{each}" for each in expected]


def test_midnight_may_close_the_day():
    free = found(
        hours("23:00", "24:00"), [], "2025-11-03T00:00:00+01:00", "2025-11-04T12:00:00+01:00"
    )

    assert free == ["2025-11-03T23:00:00+01:00"]


@pytest.mark.parametrize("text", ["9:00", "24:01", "09:60", "", "٠٩:00", "09:00:00", "99:00"])
def test_what_is_no_clock_reading_is_refused(text):
    with pytest.raises(ValueError, match="clock reading"):
        clock_reading(text)


_MINUTES = st.integers(0, 4 * 24 * 60)


@given(
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]),
    day=st.sampled_from(["2025-03-08", "2025-03-29", "2025-10-04", "2025-10-25", "2025-11-01"]),
    busy=st.lists(st.tuples(_MINUTES, st.integers(1, 600)), max_size=8),
    step=st.integers(5, 180),
    duration=st.integers(5, 180),
)
def test_D2_D7_every_slot_is_free_open_and_as_long_as_it_was_asked_for(
    zone, day, busy, step, duration
):
    start = at(f"{day}T00:00:00+00:00")
    spans = [
        (start + timedelta(minutes=m), start + timedelta(minutes=m + length)) for m, length in busy
    ]
    long = timedelta(minutes=duration)
    slots = list(
        free_slots(
            hours(zone=ZoneInfo(zone)),
            spans,
            within=(start, start + timedelta(days=4)),
            duration=long,
            step=timedelta(minutes=step),
        )
    )

    for begins, ends in slots:
        there = begins.astimezone(ZoneInfo(zone))
        assert ends - begins == long
        assert begins.utcoffset() == there.utcoffset()
        assert 9 <= there.hour < 17
        assert all(ends <= taken or free_again <= begins for taken, free_again in spans)
    assert slots == sorted(slots, key=lambda slot: slot[0].astimezone(UTC))
    assert slots or busy or duration > 8 * 60
