from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.values import (
    format_instant,
    in_zone,
    parse_instant,
    parse_local,
    resolve_local,
    zone,
)

NEW_YORK = ZoneInfo("America/New_York")
WHOLE_MINUTES = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(
    lambda minutes: timezone(timedelta(minutes=minutes))
)
INSTANTS = st.datetimes(
    datetime(1900, 1, 3),  # noqa: DTZ001
    datetime(2200, 12, 29),  # noqa: DTZ001
    timezones=WHOLE_MINUTES,
)


def by_the_calendar(text: str) -> datetime:
    """What RFC 3339 says, field by field."""
    digits = [int(text[start:end]) for start, end in ((0, 4), (5, 7), (8, 10))]
    digits += [int(text[start:end]) for start, end in ((11, 13), (14, 16), (17, 19))]
    rest = text[19:]
    fraction = rest[1:].partition("+")[0].partition("-")[0].rstrip("zZ") if rest[0] == "." else ""
    offset = rest[len(fraction) + 1 :] if fraction else rest
    distance = timedelta()
    if offset not in {"Z", "z"}:
        distance = timedelta(hours=int(offset[1:3]), minutes=int(offset[4:6]))
        distance = -distance if offset[0] == "-" else distance
    micro = int(fraction[:6].ljust(6, "0")) if fraction else 0
    return datetime(*digits, micro, tzinfo=timezone(distance))  # type: ignore[misc,arg-type]


@given(
    st.datetimes(datetime(1900, 1, 3), datetime(2200, 12, 29)),  # noqa: DTZ001
    st.from_regex(r"\A[Tt]\Z"),
    st.from_regex(r"\A(\.[0-9]{1,9})?\Z"),
    st.from_regex(r"\A([Zz]|[+-](0[0-9]|1[0-9]|2[0-3]):[0-5][0-9])\Z"),
)
def test_every_way_to_write_an_instant_is_read_as_the_calendar_says(day, sign, fraction, offset):
    text = f"{day:%Y-%m-%d}".rjust(10, "0") + f"{sign}{day:%H:%M:%S}{fraction}{offset}"
    read = parse_instant(text)
    assert read == by_the_calendar(text)
    assert read.utcoffset() == by_the_calendar(text).utcoffset()


@given(st.from_regex(r"\A(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\Z"))
def test_a_date_time_is_read_if_it_exists_and_refused_if_not(text):
    try:
        meant = by_the_calendar(text)
    except ValueError:
        with pytest.raises(ValueError, match="is not a date-time that exists"):
            parse_instant(text)
    else:
        assert parse_instant(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2025-10-20T14:00:00Z", datetime(2025, 10, 20, 14, tzinfo=UTC)),
        ("2025-10-20t14:00:00z", datetime(2025, 10, 20, 14, tzinfo=UTC)),
        ("2025-10-20T14:00:00+00:00", datetime(2025, 10, 20, 14, tzinfo=UTC)),
        ("2025-10-20T14:00:00-00:00", datetime(2025, 10, 20, 14, tzinfo=UTC)),
        ("2025-10-20T10:00:00-04:00", datetime(2025, 10, 20, 14, tzinfo=UTC)),
        ("2025-10-20T14:00:00.5Z", datetime(2025, 10, 20, 14, microsecond=500_000, tzinfo=UTC)),
        (
            "2025-10-20T14:00:00.123456789Z",
            datetime(2025, 10, 20, 14, microsecond=123_456, tzinfo=UTC),
        ),
        ("2024-02-29T00:00:00Z", datetime(2024, 2, 29, tzinfo=UTC)),
        ("1900-01-01T00:00:00Z", datetime(1900, 1, 1, tzinfo=UTC)),
        ("2200-12-31T23:59:59Z", datetime(2200, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_date_time_with_an_offset_is_an_instant(text, meant):
    assert parse_instant(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2025-10-20",
        "2025-10-20T14:00:00",
        "2025-10-20 14:00:00Z",
        "2025-10-20T14:00Z",
        "2025-10-20T14:00:00-0500",
        "2025-10-20T14:00:00-05",
        "2025-10-20T24:00:00Z",
        "2025-10-20T23:59:60Z",
        "2025-10-20T14:00:00+24:00",
        "2025-10-20T14:00:00+05:60",
        "2025-10-20T14:00:00.Z",
        "2025-13-20T14:00:00Z",
        "2025-02-29T14:00:00Z",
        "2025-10-20T14:00:00Z ",
        "2025-10-20T14:00:00Z\n",
        "٢٠٢٥-10-20T14:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "1900-01-01T00:00:00+01:00",
        "2200-12-31T23:59:59-01:00",
        "tomorrow at 2 pm",
        "x" * 100_000,
    ],
)
def test_D7_anything_else_is_refused_with_a_short_message(text):
    with pytest.raises(ValueError) as refusal:  # noqa: PT011
        parse_instant(text)

    assert len(str(refusal.value)) < 140


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2025, 10, 20, 14, tzinfo=UTC), "2025-10-20T14:00:00Z"),
        (datetime(2025, 10, 20, 14, microsecond=5, tzinfo=UTC), "2025-10-20T14:00:00.000005Z"),
        (datetime(2025, 10, 20, 10, tzinfo=NEW_YORK), "2025-10-20T10:00:00-04:00"),
        (datetime(1919, 1, 1, tzinfo=ZoneInfo("Africa/Monrovia")), "1919-01-01T00:43:08Z"),
    ],
)
def test_an_instant_is_written_as_iso_8601(instant, text):
    assert format_instant(instant) == text


def test_a_time_without_offset_is_no_instant():
    with pytest.raises(ValueError, match="offset"):
        format_instant(datetime(2025, 10, 20))  # noqa: DTZ001


@given(INSTANTS)
def test_an_instant_survives_writing_and_reading_with_its_offset(instant):
    read = parse_instant(format_instant(instant))

    assert read == instant
    assert read.utcoffset() == instant.utcoffset()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-03-08T02:30:00", datetime(2026, 3, 8, 2, 30)),  # noqa: DTZ001
        ("2026-03-08T02:30", datetime(2026, 3, 8, 2, 30)),  # noqa: DTZ001
        ("2026-03-08t02:30:00.25", datetime(2026, 3, 8, 2, 30, 0, 250_000)),  # noqa: DTZ001
    ],
)
def test_a_local_time_has_no_offset(text, meant):
    assert parse_local(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-08T02:30:00Z",
        "2026-03-08",
        "2026-02-30T02:30",
        "2026-03-08T24:00",
        "1776-07-04T12:00",
    ],
)
def test_what_is_no_local_time_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011
        parse_local(text)


@pytest.mark.parametrize(
    ("text", "name", "meant"),
    [
        ("2026-03-08T02:30:00", "America/New_York", "2026-03-08T03:30:00-04:00"),
        ("2026-11-01T01:30:00", "America/New_York", "2026-11-01T01:30:00-04:00"),
        ("2026-07-01T12:00:00", "America/New_York", "2026-07-01T12:00:00-04:00"),
        ("2026-07-01T12:00:00", "UTC", "2026-07-01T12:00:00Z"),
        ("2026-10-04T02:15:00", "Australia/Lord_Howe", "2026-10-04T02:45:00+11:00"),
        ("2011-12-30T12:00:00", "Pacific/Apia", "2011-12-31T12:00:00+14:00"),
    ],
)
def test_D7_a_doubled_time_is_the_first_and_a_removed_one_lies_behind_the_gap(text, name, meant):
    assert format_instant(resolve_local(parse_local(text), zone(name))) == meant


def test_a_local_time_at_the_end_of_the_calendar_is_refused():
    with pytest.raises(ValueError, match="calendar"):
        resolve_local(datetime(1, 1, 1), ZoneInfo("Asia/Tokyo"))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("1900-01-01T02:15", "Australia/Lord_Howe"),
        ("2200-12-31T23:00", "America/New_York"),
    ],
)
def test_D8_a_local_time_whose_instant_could_not_be_read_again_is_refused(text, name):
    with pytest.raises(ValueError, match="outside the years"):
        resolve_local(parse_local(text), ZoneInfo(name))


Changes = tuple[tuple[datetime, timedelta, timedelta], ...]
FIRST_YEAR, LAST_YEAR = 2024, 2035


def changes_of(there: ZoneInfo) -> Changes:
    """The instants of these years when the offset changes, with the offsets around them."""
    found = []
    day, end = (datetime(year, 1, 1, tzinfo=UTC) for year in (FIRST_YEAR, LAST_YEAR + 1))
    before = offset_at(there, day)
    while day < end:
        day += timedelta(days=1)
        after = offset_at(there, day)
        if after != before:
            found.append((exact_change(there, day - timedelta(days=1), day), before, after))
        before = after
    return tuple(found)


def offset_at(there: ZoneInfo, instant: datetime) -> timedelta:
    offset = instant.astimezone(there).utcoffset()
    assert offset is not None
    return offset


def exact_change(there: ZoneInfo, low: datetime, high: datetime) -> datetime:
    offset = offset_at(there, low)
    while high - low > timedelta(minutes=1):
        middle = low + (high - low) / 2
        if offset_at(there, middle) == offset:
            low = middle
        else:
            high = middle
    return high.replace(second=0, microsecond=0)


SAMPLE_OF_ZONES = [
    "Africa/Casablanca",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Beirut",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Europe/Warsaw",
    "Pacific/Chatham",
]


def test_D7_every_local_time_around_every_change_of_every_zone_means_one_instant(figure):
    """Zones that change alike are tried once."""
    names = sorted(available_timezones() - {"Factory", "localtime"})
    zones = {changes_of(zone(name)): zone(name) for name in names}
    tried = 0

    for changes, there in zones.items():
        for change, before, after in changes:
            jump = after - before
            for minutes in range(-180, 181, 15):
                elapsed = timedelta(minutes=minutes)
                local = (change + before + elapsed).replace(tzinfo=None)
                meant = resolve_local(local, there)
                is_before_or_in_gap = elapsed < max(timedelta(0), jump)
                assert meant == change + elapsed - (timedelta(0) if is_before_or_in_gap else jump)
                assert meant.utcoffset() == offset_at(there, meant)
                tried += 1

    assert len(names) > 400
    assert tried > 10_000
    count = sum(map(len, zones))
    figure(
        "D7",
        f"{len(names)} zones, {count:,} different changes {FIRST_YEAR}-{LAST_YEAR},"
        f" {tried:,} local times",
    )


@given(st.sampled_from(SAMPLE_OF_ZONES), st.datetimes(datetime(2024, 1, 1), datetime(2036, 1, 1)))  # noqa: DTZ001
def test_D7_a_resolved_local_time_reads_the_same_unless_it_was_removed(name, local):
    there = zone(name)

    meant = resolve_local(local, there)

    shown = meant.astimezone(there).replace(tzinfo=None)
    assert shown >= local
    if shown != local:
        a_moment_later = (meant + timedelta(microseconds=1)).astimezone(there)
        assert a_moment_later.replace(tzinfo=None, fold=0) > local


@given(INSTANTS, st.sampled_from(SAMPLE_OF_ZONES))
def test_an_instant_in_a_zone_is_the_same_instant_with_a_fixed_offset(instant, name):
    moved = in_zone(instant, zone(name))

    assert moved == instant
    assert isinstance(moved.tzinfo, timezone)


@pytest.mark.parametrize(
    "name", ["America/New_York", "UTC", "Etc/GMT+5", "EST5EDT", "America/Indiana/Knox"]
)
def test_a_time_zone_has_an_iana_name(name):
    assert zone(name).key == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "EST Time",
        "america/new york",
        "Mars/Olympus",
        "America",
        "../../etc/passwd",
        "/etc/localtime",
        "localtime",
        "posixrules",
        "posix/UTC",
        "right/UTC",
        "Factory",
        "zone.tab",
        "leapseconds",
        "UTC\0",
        "A/" * 200,
    ],
)
def test_S12_anything_else_is_no_zone(name):
    with pytest.raises(ValueError, match="time zone"):
        zone(name)


def test_every_zone_that_python_offers_is_accepted():
    offered = available_timezones() - {"Factory", "localtime"}

    assert [name for name in offered if zone(name).key != name] == []
