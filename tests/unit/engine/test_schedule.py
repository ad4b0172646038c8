"""When schedules are due (E12)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.engine.schedule import last_time, next_time, parse_cron
from hub.engine.workflow import Schedule

NEW_YORK = ZoneInfo("America/New_York")
MINUTE = timedelta(minutes=1)


def instants(schedule: Schedule, after: datetime, zone: ZoneInfo, count: int) -> list[datetime]:
    found = []
    for _ in range(count):
        after = next_time(schedule, after, zone)
        found.append(after)
    return found


def cron_times(cron: str, after: str, count: int = 3, zone: ZoneInfo = NEW_YORK) -> list[str]:
    start = datetime.fromisoformat(after).astimezone(UTC)
    found = instants(Schedule(cron=cron), start, zone, count)
    return [each.astimezone(zone).strftime("%m-%d %H:%M%z") for each in found]


def test_every_quarter_of_an_hour_is_aligned_to_the_clock():
    schedule = Schedule(every=timedelta(minutes=15))
    after = datetime(2025, 10, 20, 14, 7, 3, tzinfo=UTC)

    assert [each.strftime("%H:%M:%S") for each in instants(schedule, after, NEW_YORK, 3)] == [
        "14:15:00",
        "14:30:00",
        "14:45:00",
    ]


def test_a_planned_instant_itself_is_not_later():
    schedule = Schedule(every=timedelta(hours=1))
    at = datetime(2025, 10, 20, 14, tzinfo=UTC)

    assert next_time(schedule, at, NEW_YORK) == at + timedelta(hours=1)


def test_cron_follows_the_clock_of_its_zone():
    assert cron_times("30 9 * * MON-FRI", "2025-10-17T12:00:00-04:00") == [
        "10-20 09:30-0400",
        "10-21 09:30-0400",
        "10-22 09:30-0400",
    ]


def test_E12_a_time_that_a_clock_change_removes_is_due_at_the_next_valid_minute():
    assert cron_times("30 2 * * *", "2026-03-07T03:00:00-05:00") == [
        "03-08 03:00-0400",
        "03-09 02:30-0400",
        "03-10 02:30-0400",
    ]


def test_E12_several_removed_times_are_one():
    assert cron_times("*/20 2,3 8 3 *", "2026-03-08T00:00:00-05:00") == [
        "03-08 03:00-0400",
        "03-08 03:20-0400",
        "03-08 03:40-0400",
    ]


def test_E12_a_time_that_occurs_twice_is_due_once_at_the_first():
    assert cron_times("30 1 * * *", "2025-11-01T12:00:00-04:00", 2) == [
        "11-02 01:30-0400",
        "11-03 01:30-0500",
    ]


def test_a_day_that_a_zone_skips_is_due_when_it_is_over():
    apia = ZoneInfo("Pacific/Apia")

    assert cron_times("0 12 30 12 *", "2011-12-29T13:00:00-10:00", 1, apia) == ["12-31 00:00+1400"]


def test_a_leap_day_is_waited_for():
    assert cron_times("0 0 29 2 *", "2097-01-01T00:00:00+00:00", 1) == ["02-29 00:00-0500"]


@pytest.mark.parametrize("year", [2024, 2060, 2088, 2099, 2160])
def test_E12_a_leap_day_of_one_weekday_is_waited_for_however_rare(year: int):
    after = datetime(year, 3, 1, tzinfo=UTC)
    schedule = Schedule(cron="0 1 29 2 */5")  # both: the second field of days begins with a star

    due = next_time(schedule, after, NEW_YORK)

    assert due.astimezone(NEW_YORK).strftime("%d %b %a") in {"29 Feb Sun", "29 Feb Fri"}
    assert last_time(schedule, due + timedelta(days=1), NEW_YORK) == due


def test_day_of_month_and_day_of_week_are_alternatives():
    assert cron_times("0 0 13 * FRI", "2026-02-01T00:00:00-05:00", 3) == [
        "02-06 00:00-0500",
        "02-13 00:00-0500",
        "02-20 00:00-0500",
    ]


def test_a_week_may_end_on_sunday():
    assert parse_cron("0 0 * * SAT-SUN").weekdays == {6, 0}
    assert parse_cron("0 0 * * 7").weekdays == {0}


@pytest.mark.parametrize(
    "cron",
    [
        *("", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *"),
        *("* * * * 8", "5-1 * * * *", "*/0 * * * *", "a * * * *", "*-5 * * * *", "0 0 31 2,4 *"),
    ],
)
def test_what_is_no_cron_says_so(cron):
    with pytest.raises(ValueError, match=r"."):
        parse_cron(cron)


def by_looking_at_every_minute(
    hours: set[int], minutes: set[int], after: datetime, zone: ZoneInfo
) -> datetime:
    """The first due instant, found without any knowledge of clock changes."""
    firsts: dict[datetime, datetime] = {}
    at = after - timedelta(days=2)
    while at < after + timedelta(days=3):
        firsts.setdefault(at.astimezone(zone).replace(tzinfo=None), at)
        at += MINUTE
    readings = sorted(firsts)
    reading, due = readings[0], set()
    while reading < readings[-1] - timedelta(days=1):
        if reading.hour in hours and reading.minute in minutes:
            there = reading
            while there not in firsts:
                there += MINUTE
            due.add(firsts[there])
        reading += MINUTE
    return min(each for each in due if each > after)


CHANGES = [
    ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
    ("America/New_York", datetime(2025, 11, 2, 6, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2025, 10, 4, 15, 30, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
    ("America/Havana", datetime(2025, 11, 2, 5, tzinfo=UTC)),
    ("Asia/Beirut", datetime(2026, 3, 28, 22, tzinfo=UTC)),
]


@given(
    st.sampled_from(CHANGES),
    st.integers(-36 * 60, 12 * 60),
    st.sets(st.integers(0, 4), min_size=1, max_size=2),
    st.sets(st.sampled_from([0, 1, 29, 30, 59]), min_size=1, max_size=2),
)
def test_around_clock_changes_it_agrees_with_looking_at_every_minute(
    change, offset, hours, minutes
):
    zone, after = ZoneInfo(change[0]), change[1] + offset * MINUTE
    cron = f"{','.join(map(str, minutes))} {','.join(map(str, hours))} * * *"

    expected = by_looking_at_every_minute(hours, minutes, after, zone)

    assert next_time(Schedule(cron=cron), after, zone) == expected


@given(st.integers(1, 86_400), st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001
def test_every_is_regular_and_strictly_later(seconds, after):
    schedule = Schedule(every=timedelta(seconds=seconds))
    first, second = instants(schedule, after.replace(tzinfo=UTC), NEW_YORK, 2)

    assert second - first == schedule.every
    assert first - timedelta(seconds=seconds) <= after.replace(tzinfo=UTC) < first


@given(
    schedule=st.sampled_from(
        [
            Schedule(every=timedelta(minutes=15)),
            Schedule(every=timedelta(hours=7)),
            Schedule(cron="30 2 * * *"),
            Schedule(cron="*/20 1-3 * * *"),
            Schedule(cron="0 9 1 * MON"),
            Schedule(cron="0 0 29 2 *"),
        ]
    ),
    at=st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1)),  # noqa: DTZ001 - UTC below
)
def test_the_last_planned_instant_is_the_one_before_the_next(schedule: Schedule, at: datetime):
    at = at.replace(tzinfo=UTC)

    last = last_time(schedule, at, NEW_YORK)

    assert last <= at < next_time(schedule, last, NEW_YORK)
    assert next_time(schedule, last - timedelta(microseconds=1), NEW_YORK) == last


def test_a_planned_instant_is_the_last_one_itself():
    at = datetime(2025, 10, 20, 14, tzinfo=UTC)

    assert last_time(Schedule(every=timedelta(hours=1)), at, NEW_YORK) == at
    assert last_time(Schedule(cron="0 10 * * *"), at, NEW_YORK) == at


@pytest.mark.parametrize("day", ["2026-03-08", "2025-11-02"])
def test_around_a_change_of_the_clock_the_last_instant_is_a_planned_one(day: str):
    schedule = Schedule(cron="30 1,2 * * *")
    start = datetime.fromisoformat(f"{day}T00:00:00-05:00").astimezone(UTC)
    for minute in range(0, 8 * 60, 10):
        at = start + minute * MINUTE
        last = last_time(schedule, at, NEW_YORK)

        assert last <= at < next_time(schedule, last, NEW_YORK)
