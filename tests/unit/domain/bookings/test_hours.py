"""Opening hours as instants: windows, seams, clock changes of many zones (X36, R-23)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.bookings.hours import (
    Hours,
    Span,
    Window,
    joined,
    open_spans,
    parse_window,
    parse_windows,
    starts,
)
from hub.values import zone

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def hours(name: str, *windows: str) -> Hours:
    every_day = dict.fromkeys(range(1, 8), parse_windows(windows))
    return Hours(zone(name), weekly=every_day)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "window"),
    [
        ("09:00-17:30", Window(540, 1050)),
        ("00:00-24:00", Window(0, 1440)),
        ("22:00-26:00", Window(1320, 1560)),
    ],
)
def test_a_window_reads_as_it_is_written(written, window):
    assert parse_window(written) == window
    assert str(window) == written


@pytest.mark.parametrize(
    "written",
    [
        *("9:00-17:00", "09:00", "17:00-09:00", "09:00-09:00"),
        *("24:00-25:00", "00:00-24:01", "09:60-10:00"),
    ],
)
def test_what_is_no_window_is_refused(written):
    with pytest.raises(ValueError, match=written):
        parse_window(written)


def test_windows_of_a_day_may_meet_but_not_overlap():
    assert parse_windows(["13:00-17:00", "09:00-13:00"]) == (Window(540, 780), Window(780, 1020))
    with pytest.raises(ValueError, match="overlap"):
        parse_windows(["09:00-13:00", "12:59-14:00"])


# What a shop is open on one day, in UTC, around the changes of the clock. `22:30-...` and `01:30`
# lie in what is left out or comes twice there.
CLOCK_CHANGES = [
    # New York, a gap at 2:00 on 9 March, a fold at 2:00 on 2 November 2025
    ("America/New_York", "2025-03-09", "01:00-04:00", "2025-03-09T06:00", "2025-03-09T08:00"),
    ("America/New_York", "2025-03-09", "02:30-05:00", "2025-03-09T07:30", "2025-03-09T09:00"),
    ("America/New_York", "2025-11-02", "01:00-03:00", "2025-11-02T05:00", "2025-11-02T08:00"),
    ("America/New_York", "2025-11-02", "00:00-01:30", "2025-11-02T04:00", "2025-11-02T05:30"),
    # Berlin, a gap at 2:00 on 30 March, a fold at 3:00 on 26 October 2025
    ("Europe/Berlin", "2025-03-30", "00:00-24:00", "2025-03-29T23:00", "2025-03-30T22:00"),
    ("Europe/Berlin", "2025-10-26", "00:00-24:00", "2025-10-25T22:00", "2025-10-26T23:00"),
    ("Europe/Berlin", "2025-10-25", "22:00-27:00", "2025-10-25T20:00", "2025-10-26T02:00"),
    # Lord Howe, half an hour: a gap at 2:00 on 5 October, a fold at 2:00 on 6 April 2025
    ("Australia/Lord_Howe", "2025-10-05", "01:00-04:00", "2025-10-04T14:30", "2025-10-04T17:00"),
    ("Australia/Lord_Howe", "2025-04-06", "01:00-03:00", "2025-04-05T14:00", "2025-04-05T16:30"),
    # Auckland, in the south: a gap at 2:00 on 28 September, a fold at 3:00 on 6 April 2025
    ("Pacific/Auckland", "2025-09-28", "00:00-06:00", "2025-09-27T12:00", "2025-09-27T17:00"),
    ("Pacific/Auckland", "2025-04-06", "00:00-06:00", "2025-04-05T11:00", "2025-04-05T18:00"),
    # Santiago, in the south, at midnight: a gap on 7 September, a fold on 6 April 2025
    ("America/Santiago", "2025-09-07", "00:00-03:00", "2025-09-07T04:00", "2025-09-07T06:00"),
    ("America/Santiago", "2025-04-05", "22:00-24:00", "2025-04-06T01:00", "2025-04-06T04:00"),
    # Kolkata and Kathmandu: no change, offsets of half and of three quarters of an hour
    ("Asia/Kolkata", "2025-03-30", "09:00-17:00", "2025-03-30T03:30", "2025-03-30T11:30"),
    ("Asia/Kathmandu", "2025-10-26", "09:00-17:00", "2025-10-26T03:15", "2025-10-26T11:15"),
    ("UTC", "2025-03-30", "00:00-24:00", "2025-03-30T00:00", "2025-03-31T00:00"),
]


@pytest.mark.parametrize(("name", "day", "window", "opens", "closes"), CLOCK_CHANGES)
def test_X36_windows_around_clock_changes(name, day, window, opens, closes):
    on = date.fromisoformat(day)

    assert open_spans(hours(name, window), on, on) == [Span(utc(opens), utc(closes))]


def test_a_window_that_lies_in_a_gap_is_none():
    assert open_spans(hours("America/New_York", "02:00-03:00"), *[date(2025, 3, 9)] * 2) == []


def test_a_day_that_is_named_replaces_its_weekday():
    shop = Hours(
        zone("UTC"),
        weekly={1: parse_windows(["09:00-17:00"])},
        days={date(2025, 10, 20): (), date(2025, 10, 21): parse_windows(["10:00-11:00"])},
    )

    spans = open_spans(shop, date(2025, 10, 20), date(2025, 10, 27))

    assert [span.start for span in spans] == [utc("2025-10-21T10:00"), utc("2025-10-27T09:00")]


def test_a_booking_may_go_on_over_midnight_where_nothing_is_closed():
    found = starts(
        hours("UTC", "00:00-24:00"), *[date(2025, 10, 20)] * 2, duration=2 * HOUR, step=HOUR
    )

    assert len(found) == 24
    assert found[-1] == utc("2025-10-20T23:00")


# ------------------------------------------------------------------------------------- properties

ZONES = st.sampled_from(sorted({name for name, *_ in CLOCK_CHANGES}))
DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))
WINDOWS = st.lists(
    st.tuples(st.integers(0, 1439), st.integers(1, 1440)).map(lambda w: Window(w[0], w[0] + w[1])),
    max_size=3,
).map(lambda windows: [each for n, each in enumerate(sorted(windows)) if n == 0 or
                       each.opens >= sorted(windows)[n - 1].closes])  # fmt: skip
MINUTES = st.integers(1, 300).map(lambda minutes: timedelta(minutes=minutes))


@given(name=ZONES, day=DAYS, windows=WINDOWS, duration=MINUTES, step=MINUTES)
def test_every_start_fits_into_what_is_open(name, day, windows, duration, step):
    shop = Hours(zone(name), weekly=dict.fromkeys(range(1, 8), windows))

    found = starts(shop, day, day + DAY, duration=duration, step=step)

    wholes = joined(open_spans(shop, day - 3 * DAY, day + 5 * DAY))
    assert found == sorted(set(found))
    for start in found:
        assert start.utcoffset() == timedelta(0)
        assert any(span.start <= start and start + duration <= span.end for span in wholes)


@given(name=ZONES, day=DAYS, windows=WINDOWS, duration=MINUTES, step=MINUTES)
def test_a_range_has_the_starts_of_its_days_and_no_others(name, day, windows, duration, step):
    shop = Hours(zone(name), weekly=dict.fromkeys(range(1, 8), windows))

    both = starts(shop, day, day + DAY, duration=duration, step=step)
    one = starts(shop, day, day, duration=duration, step=step)
    other = starts(shop, day + DAY, day + DAY, duration=duration, step=step)

    assert both == sorted({*one, *other})


@given(name=ZONES, day=DAYS)
def test_what_is_always_open_is_one_span_without_seams(name, day):
    spans = joined(open_spans(hours(name, "00:00-24:00"), day, day + 9 * DAY))

    assert len(spans) == 1
    assert abs(spans[0].end - spans[0].start - 10 * DAY) <= HOUR
