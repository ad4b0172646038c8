"""Filters on dates and durations (D7)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hub.engine.expressions.errors import Fault
from hub.engine.expressions.work import Work
from hub.values import (
    format_instant,
    in_zone,
    parse_duration,
    parse_instant,
    parse_local,
    resolve_local,
    zone,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_YEAR = 1900
_LAST_YEAR = 2200
_LONGEST_PATTERN = 200
_NOON = 12
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_STYLES = {
    "short": "%b %-d, %Y, %-I:%M %p",
    "long": "%A, %B %-d, %Y at %-I:%M %p",
    "date": "%B %-d, %Y",
    "time": "%-I:%M %p",
}
_DIRECTIVE = re.compile(r"%(-?[A-Za-z%]|.|$)", re.DOTALL)


def _hour_12(local: datetime) -> int:
    return local.hour % _NOON or _NOON


def _offset(local: datetime) -> str:
    return format_instant(local)[-6:].replace(":", "") if local.utcoffset() else "+0000"


# Written out, because strftime of the system depends on locale and platform, and takes widths.
_DIRECTIVES: dict[str, Callable[[datetime, ZoneInfo], str]] = {
    "Y": lambda local, _zone: str(local.year),
    "y": lambda local, _zone: f"{local.year % 100:02}",
    "m": lambda local, _zone: f"{local.month:02}",
    "-m": lambda local, _zone: str(local.month),
    "B": lambda local, _zone: _MONTHS[local.month - 1],
    "b": lambda local, _zone: _MONTHS[local.month - 1][:3],
    "d": lambda local, _zone: f"{local.day:02}",
    "-d": lambda local, _zone: str(local.day),
    "e": lambda local, _zone: f"{local.day:2}",
    "j": lambda local, _zone: f"{local.timetuple().tm_yday:03}",
    "A": lambda local, _zone: _DAYS[local.weekday()],
    "a": lambda local, _zone: _DAYS[local.weekday()][:3],
    "u": lambda local, _zone: str(local.isoweekday()),
    "V": lambda local, _zone: f"{local.isocalendar().week:02}",
    "G": lambda local, _zone: str(local.isocalendar().year),
    "H": lambda local, _zone: f"{local.hour:02}",
    "-H": lambda local, _zone: str(local.hour),
    "I": lambda local, _zone: f"{_hour_12(local):02}",
    "-I": lambda local, _zone: str(_hour_12(local)),
    "M": lambda local, _zone: f"{local.minute:02}",
    "-M": lambda local, _zone: str(local.minute),
    "S": lambda local, _zone: f"{local.second:02}",
    "p": lambda local, _zone: "AM" if local.hour < _NOON else "PM",
    "F": lambda local, _zone: local.strftime("%Y-%m-%d"),
    "T": lambda local, _zone: f"{local.hour:02}:{local.minute:02}:{local.second:02}",
    "R": lambda local, _zone: f"{local.hour:02}:{local.minute:02}",
    "z": lambda local, _zone: _offset(local),
    "Z": lambda local, zone: local.astimezone(zone).tzname() or "UTC",
    "%": lambda _local, _zone: "%",
}


def plus(work: Work, value: datetime, **amounts: object) -> datetime:
    """Later by that much: `plus('24h')`, `plus(minutes=x)`, `plus(days=1, tz='…')`."""
    return _shifted(work, value, amounts, direction=1)


def minus(work: Work, value: datetime, **amounts: object) -> datetime:
    """Earlier by that much."""
    return _shifted(work, value, amounts, direction=-1)


def _shifted(
    work: Work, value: datetime, amounts: dict[str, object], *, direction: int
) -> datetime:
    """Days are 86 400 seconds; with `tz`, days and weeks keep the wall clock of that zone."""
    named = dict(amounts)
    amount, tz = named.pop("amount", None), named.pop("tz", None)
    days = {unit: named.pop(unit) for unit in ("weeks", "days") if unit in named and tz is not None}
    try:
        if days:
            there = _zone(work, str(tz))
            local = value.astimezone(there).replace(tzinfo=None) + direction * timedelta(**days)  # type: ignore[arg-type]
            value = resolve_local(local, there)
        elapsed = timedelta(**named) + _duration(amount)  # type: ignore[arg-type]
        return _in_calendar(value + direction * elapsed)
    except (OverflowError, ValueError) as beyond:
        raise Fault(f"the date cannot be moved that far: {beyond}") from None


def _duration(amount: object) -> timedelta:
    if amount is None:
        return timedelta(0)
    return to_duration(amount)


def to_duration(amount: object) -> timedelta:
    """Read a duration; one that is read already stays as it is. Raises Fault."""
    if isinstance(amount, timedelta):
        return amount
    try:
        return parse_duration(str(amount))
    except ValueError as unreadable:
        raise Fault(str(unreadable)) from None


def _in_calendar(value: datetime) -> datetime:
    if not _FIRST_YEAR <= value.astimezone(UTC).year <= _LAST_YEAR:
        raise Fault(f"the date lies outside the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return value


def to_datetime(work: Work, value: str | datetime, *, tz: str | None = None) -> datetime:
    """Text as a date; text without offset needs the time zone it is meant in."""
    if isinstance(value, datetime):
        return value
    try:
        if tz is None:
            return parse_instant(value)
        local = parse_local(value)
    except ValueError as unreadable:
        if tz is not None:
            return _instant(value, unreadable)
        raise Fault(f"{unreadable}; for local times write datetime('Europe/Warsaw')") from None
    return _resolved(local, _zone(work, tz))


def _instant(value: str, not_local: ValueError) -> datetime:
    try:
        return parse_instant(value)
    except ValueError:
        raise Fault(str(not_local)) from None


def local(work: Work, value: datetime, *, style: str = "short", tz: str | None = None) -> str:
    """As people of that time zone read it."""
    pattern = _STYLES.get(style, style)
    if "%" not in pattern or len(pattern) > _LONGEST_PATTERN:
        raise Fault("`local` knows 'short', 'long', 'date', 'time' and patterns such as '%d.%m.%Y'")
    there = _zone(work, tz)
    moment = in_zone(value, there)

    def written(match: re.Match[str]) -> str:
        write = _DIRECTIVES.get(match.group(1))
        if write is None:
            raise Fault(f"`local` does not know {match.group()!r} in a pattern")
        return write(moment, there)

    return _DIRECTIVE.sub(written, pattern)


def iso(_work: Work, value: datetime) -> str:
    """ISO 8601 text."""
    return format_instant(value)


def date(work: Work, value: datetime, *, tz: str | None = None) -> str:
    """The day in that time zone, as 2025-10-20."""
    return in_zone(value, _zone(work, tz)).date().isoformat()


def epoch(_work: Work, value: datetime) -> int:
    """Seconds since 1970, UTC."""
    return (value - _EPOCH) // timedelta(seconds=1)


def start_of(work: Work, value: datetime, *, unit: str, tz: str | None = None) -> datetime:
    """When the minute, hour, day, week (Monday), month or year began in that time zone."""
    there = _zone(work, tz)
    moment = in_zone(value, there)
    into_hour = timedelta(seconds=moment.second, microseconds=moment.microsecond)
    if unit == "minute":
        return moment - into_hour
    if unit == "hour":
        return moment - into_hour - timedelta(minutes=moment.minute)
    day = datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001 - resolved below
    begin = _STARTS.get(unit)
    if begin is None:
        raise Fault("`start_of` knows 'minute', 'hour', 'day', 'week', 'month' and 'year'")
    return _resolved(begin(day), there)


_STARTS: dict[str, Callable[[datetime], datetime]] = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=day.weekday()),
    "month": lambda day: day.replace(day=1),
    "year": lambda day: day.replace(month=1, day=1),
}


def _resolved(local: datetime, there: ZoneInfo) -> datetime:
    try:
        return resolve_local(local, there)
    except ValueError as beyond:
        raise Fault(str(beyond)) from None


def _zone(work: Work, name: str | None) -> ZoneInfo:
    if name is None:
        return work.scope.zone
    try:
        return zone(name)
    except ValueError as unknown:
        raise Fault(str(unknown)) from None


TIME_FILTERS: dict[str, Callable[..., Any]] = {
    "plus": plus,
    "minus": minus,
    "datetime": to_datetime,
    "local": local,
    "iso": iso,
    "date": date,
    "epoch": epoch,
    "start_of": start_of,
}
