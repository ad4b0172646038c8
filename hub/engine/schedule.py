"""When a schedule is due: `every` on the clock of UTC, `cron` on the clock of its zone (E12)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from hub.engine.workflow import Schedule

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_LONGEST_SEARCH = 366 * 41
"""Days: a Sunday that is the 29th of February comes back after at most forty years."""

_MONTHS = {
    name: number
    for number, name in enumerate(
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"], 1
    )
}
_WEEKDAYS = {
    name: number for number, name in enumerate(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"])
}
_PART = re.compile(
    r"(?P<first>\*|[0-9]{1,2}|[A-Za-z]{3})(?:-(?P<last>[0-9]{1,2}|[A-Za-z]{3}))?(?:/(?P<step>[0-9]{1,2}))?"
)


@dataclass(frozen=True)
class _Field:
    name: str
    lowest: int
    highest: int
    words: dict[str, int]


_FIELDS = (
    _Field("minute", 0, 59, {}),
    _Field("hour", 0, 23, {}),
    _Field("day of the month", 1, 31, {}),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 0, 7, _WEEKDAYS),
)


@dataclass(frozen=True)
class Cron:
    """Five fields; the days count as one rule when both are given: either of them is enough."""

    times: tuple[time, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    is_either_day: bool

    def falls_on(self, day: date) -> bool:
        """Whether there is a planned time on this day."""
        if day.month not in self.months:
            return False
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return in_month or in_week if self.is_either_day else in_month and in_week


@lru_cache(maxsize=1024)
def parse_cron(text: str) -> Cron:
    """Read `minute hour day month weekday`; raises `ValueError` with what is wrong."""
    parts = text.split()
    if len(parts) != len(_FIELDS):
        raise ValueError("cron has five fields: minute hour day month weekday")
    minutes, hours, days, months, weekdays = (
        _values(part, field) for part, field in zip(parts, _FIELDS, strict=True)
    )
    cron = Cron(
        times=tuple(time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes)),
        days=days,
        months=months,
        weekdays=frozenset(each % 7 for each in weekdays),
        is_either_day=not (parts[2].startswith("*") or parts[4].startswith("*")),
    )
    if next(_days(cron, date(2000, 1, 1)), None) is None:
        raise ValueError("there is no such day in any year")
    return cron


def next_time(schedule: Schedule, after: datetime, zone: ZoneInfo) -> datetime:
    """The first planned instant (UTC) later than `after`.

    With `cron`, a local time that a clock change removes is due at the next valid minute; one
    that occurs twice is due once, at the first.
    """
    if schedule.every is not None:
        passed = (after - _EPOCH) // schedule.every
        return _EPOCH + (passed + 1) * schedule.every
    cron = parse_cron(schedule.cron or "")
    first_day = after.astimezone(zone).date() - timedelta(days=1)
    return next(
        instant
        for day in _days(cron, first_day)
        for instant in _instants(cron, day, zone)
        if instant > after
    )


def last_time(schedule: Schedule, at: datetime, zone: ZoneInfo) -> datetime:
    """The last planned instant (UTC) at or before `at`, by the rules of `next_time`."""
    if schedule.every is not None:
        return _EPOCH + (at - _EPOCH) // schedule.every * schedule.every
    cron = parse_cron(schedule.cron or "")
    last_day = at.astimezone(zone).date()
    days = (last_day - timedelta(days=number) for number in range(_LONGEST_SEARCH))
    past = (
        [each for each in _instants(cron, day, zone) if each <= at]
        for day in days
        if cron.falls_on(day)
    )
    return next(max(instants) for instants in past if instants)


def _days(cron: Cron, first: date) -> Iterator[date]:
    days = (first + timedelta(days=number) for number in range(_LONGEST_SEARCH))
    return (day for day in days if cron.falls_on(day))


def _instants(cron: Cron, day: date, zone: ZoneInfo) -> Iterator[datetime]:
    return (_instant(datetime.combine(day, at), zone) for at in cron.times)


def _instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a local time; after a gap, of the first minute that exists."""
    there = local.replace(tzinfo=zone)
    instant = there.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == local:
        return instant
    too_early, late_enough = there.replace(fold=1).astimezone(UTC), instant
    new_offset = late_enough.astimezone(zone).utcoffset()
    while late_enough - too_early > _MINUTE:
        middle = too_early + (late_enough - too_early) // _MINUTE // 2 * _MINUTE
        if middle.astimezone(zone).utcoffset() == new_offset:
            late_enough = middle
        else:
            too_early = middle
    return late_enough


def _values(text: str, field: _Field) -> frozenset[int]:
    return frozenset(value for part in text.split(",") for value in _part_values(part, field))


def _part_values(text: str, field: _Field) -> range:
    found = _PART.fullmatch(text)
    if found is None:
        raise ValueError(f"'{text[:20]}' is not a {field.name} of cron")
    first, last, step = found.group("first", "last", "step")
    if first == "*":
        if last is not None:
            raise ValueError(f"'{text}' is not a {field.name} of cron")
        lowest, highest = field.lowest, field.highest
    else:
        lowest = _number(first, field)
        highest = _highest(last, field) if last else field.highest if step else lowest
    if lowest > highest or step in {"0", "00"}:
        raise ValueError(f"'{text}' holds no {field.name}")
    return range(lowest, highest + 1, int(step or 1))


def _highest(text: str, field: _Field) -> int:
    """The end of a range: a week may end on Sunday."""
    value = _number(text, field)
    return field.highest if field.words is _WEEKDAYS and value == 0 else value


def _number(text: str, field: _Field) -> int:
    value = field.words.get(text.upper(), -1) if text.isalpha() else int(text)
    if not field.lowest <= value <= field.highest:
        raise ValueError(f"'{text}' is not a {field.name}: {field.lowest} to {field.highest}")
    return value
