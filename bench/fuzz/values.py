"""Texts that stand for something: dates, durations, phone numbers, cron (D7, D9, E12)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from bench.fuzz.target import Target, expect
from hub.engine.schedule import last_time, next_time, parse_cron
from hub.engine.workflow import Schedule
from hub.values import (
    format_duration,
    format_instant,
    in_zone,
    is_e164,
    normalise_phone,
    parse_duration,
    parse_instant,
    parse_local,
    resolve_local,
    zone,
)

_LONGEST = 256 * 1024  # a whole body may be one text
_LONGEST_CRON = 64 * 1024
_SHOWN = 800  # characters of a message: 64 of the text, which may all be written as \\U0001f600
_ZONES = ("America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia", "UTC")


def _text(case: bytes) -> str:
    return case.decode("utf-8", "surrogateescape")


def _read(text: str, parse: Callable[[str], object]) -> object | None:
    """What the text stands for, or None; the reason must be short."""
    try:
        return parse(text)
    except ValueError as refused:
        expect(len(str(refused)) <= _SHOWN, f"a message of {len(str(refused))} characters")
        return None


# ------------------------------------------------------------------------------------------ dates


def _check_date(case: bytes) -> None:
    text, _, name = _text(case).partition("|")
    there = zone("UTC")
    with suppress(ValueError):
        there = zone(name)
    instant = _read(text, parse_instant)
    if isinstance(instant, datetime):
        expect(parse_instant(format_instant(instant)) == instant, "is written as another instant")
        expect(in_zone(instant, there) == instant, "is another instant in a zone")
    local = _read(text, parse_local)
    if isinstance(local, datetime):
        _check_meant(local, there)


def _check_meant(local: datetime, there: ZoneInfo) -> None:
    """What a local time means can be read again, or it is refused."""
    meant = _read("", lambda _: resolve_local(local, there))
    if isinstance(meant, datetime):
        expect(meant.tzinfo is not None, "a local time without an instant")
        expect(parse_instant(format_instant(meant)) == meant, "is written as another instant")
        distance = abs(meant.replace(tzinfo=UTC) - local.replace(tzinfo=UTC))
        expect(distance <= timedelta(days=1), f"a local time moved by {distance}")


def _write_date(chance: Random) -> bytes:
    digits = [
        f"{chance.choice([0, 1, 12, 13, 28, 29, 30, 31, 59, 60, chance.randint(0, 99)]):02}"
        for _ in range(5)
    ]
    year = chance.choice(["2025", "1900", "2200", "0001", "9999", "2024", "-001", "1919"])
    fraction = chance.choice(["", "", ".5", ".123456789", "." + "9" * 50, "."])
    offset = chance.choice(["", "Z", "z", "+00:00", "-23:59", "+14:00", "+24:00", "-0500"])
    month, day, hour, minute, second = digits
    text = f"{year}-{month}-{day}T{hour}:{minute}:{second}{fraction}{offset}"
    return f"{text}|{chance.choice(_ZONES)}".encode()


DATES = Target(
    "dates",
    _check_date,
    lambda: [
        b"2025-10-20T14:00:00Z|America/New_York",
        b"2026-03-08T02:30:00|America/New_York",
        b"2025-10-20t10:00:00.123456-04:00|UTC",
        b"2026-10-04T02:15|Australia/Lord_Howe",
        b"2011-12-30T12:00|Pacific/Apia",
    ],
    _write_date,
    words=[b"T", b"Z", b"-", b":", b".", b"+14:00", b"|", b"Etc/GMT+5", b"../", b"posix/UTC"],
    most=_LONGEST,
)


# -------------------------------------------------------------------------------------- durations


def _check_duration(case: bytes) -> None:
    found = _read(_text(case), parse_duration)
    if isinstance(found, timedelta):
        expect(parse_duration(format_duration(found)) == found, "is written as another duration")


def _write_duration(chance: Random) -> bytes:
    units = "".join(chance.choice(["w", "d", "h", "m", "s", "M", "ms", ""]) for _ in range(3))
    numbers = ["0", "1", "59", "999999999", "1000000000", "0001", "-1", "1.5", "٣"]
    return "".join(chance.choice(numbers) + unit for unit in units).encode()


DURATIONS = Target(
    "durations",
    _check_duration,
    lambda: [b"90s", b"15m", b"24h", b"7d", b"2w", b"1h30m", b"1w2d3h4m5s", b"0s"],
    _write_duration,
    words=[b"w", b"d", b"h", b"m", b"s", b"1", b"0", b"999999999"],
    most=_LONGEST,
)


# ------------------------------------------------------------------------------------------ phones


def _check_phone(case: bytes) -> None:
    written, _, region = _text(case).partition("|")
    number = _read(written, lambda text: normalise_phone(text, region or None))
    if isinstance(number, str):
        expect(is_e164(number), f"{number} is not E.164")
        expect(normalise_phone(number) == number, f"{number} is written in another way again")


def _write_phone(chance: Random) -> bytes:
    marks = ["-", " ", "(", ")", ".", "/", "\u2011", "\u200e", "", "", ""]
    digits = "".join(
        f"{chance.randint(0, 9)}{chance.choice(marks)}" for _ in range(chance.randint(1, 18))
    )
    start = chance.choice(["+", "+1", "00", "tel:+1", "sms:", "whatsapp:+", "\uff0b", "++", ""])
    end = chance.choice(["", "", ";ext=12", " x5", " ext. 1234567", "#1", "|US", "|PL", "|us"])
    return f"{start}{digits}{end}".encode()


PHONES = Target(
    "phones",
    _check_phone,
    lambda: [
        *(b"+1 415 555 0100", b"tel:+1-415-555-0000", b"(415) 555-0100|US", b"+48 601 234 567"),
        *(b"whatsapp:+14155550100", b"020 7946 0958|GB", "\uff0b1\uff14155550100".encode()),
        *(b"+1 415 555 0100 ext. 12", b"0039 06 1234 5678|IT", b"+4930123456;ext=1"),
    ],
    _write_phone,
    words=[b"+", b"tel:", b"ext", b";ext=", b"x", b"#", b"|US", b"00", b"(", b")", "٤".encode()],
    most=_LONGEST,
)


# -------------------------------------------------------------------------------------------- cron


def _check_cron(case: bytes) -> None:
    at, _, text = _text(case).partition("|")
    if _read(text, parse_cron) is None:
        return
    seconds = int(at) if at.isascii() and at.isdigit() and len(at) < 10 else 0  # noqa: PLR2004
    after = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds % (12 * 366 * 86_400))
    schedule, there = Schedule(cron=text), zone(_ZONES[seconds % len(_ZONES)])
    following = next_time(schedule, after, there)
    expect(following > after, "the next time is not later")
    expect(last_time(schedule, following, there) == following, "a planned time is not the last")
    expect(last_time(schedule, after, there) <= after, "the last time is later")


_FIELDS = (
    "*",
    "*/5",
    "0",
    "30",
    "1-5",
    "1,2,3",
    "MON",
    "sun",
    "JAN-MAR",
    "31",
    "2",
    "29",
    "7",
    "?",
)


def _write_cron(chance: Random) -> bytes:
    fields = [chance.choice(_FIELDS) for _ in range(chance.choice([5, 5, 5, 5, 4, 6]))]
    return f"{chance.randint(0, 400_000_000)}|{' '.join(fields)}".encode()


CRON = Target(
    "cron",
    _check_cron,
    lambda: [
        *(b"0|*/15 * * * *", b"77777777|30 2 * * *", b"5|0 9 1 * MON", b"9|0 0 29 2 *"),
        *(b"100000000|30 9 * * MON-FRI", b"3|*/20 1-3 * * *", b"8|0 0 31 12 SUN"),
    ],
    _write_cron,
    words=[b"*", b"/", b"-", b",", b" ", b"MON", b"0", b"59", b"31", b"L", b"#", b"@daily", b"|"],
    most=_LONGEST_CRON,
)
