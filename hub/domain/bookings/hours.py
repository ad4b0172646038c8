"""Opening hours: from local times that recur to instants. Pure.

A window of a day is written `09:00-17:30`; `22:00-26:00` goes on until two in the next morning. The
hours of one day may be replaced: by other windows, or by none, and then it is closed.

Clock changes (D7): a local time that occurs twice means the first of the two, one that is left out
the same distance behind the gap. A window that lies in a gap altogether has no length, and is none.
Within a window time is elapsed time: what takes an hour takes an hour.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hub.values import resolve_local

_DAY = timedelta(days=1)
_WINDOW = re.compile(r"(\d\d):([0-5]\d)-(\d\d):([0-5]\d)", re.ASCII)
_MINUTES_OF_DAY = 24 * 60


@dataclass(frozen=True, order=True)
class Window:
    """Open from one minute of a day to another; the second may lie in the next day."""

    opens: int
    closes: int

    def __str__(self) -> str:
        return f"{_clock(self.opens)}-{_clock(self.closes)}"


@dataclass(frozen=True)
class Hours:
    """When something is open: by weekday (Monday is 1), but for the days that are named."""

    zone: ZoneInfo
    weekly: Mapping[int, Sequence[Window]] = field(default_factory=dict)
    days: Mapping[date, Sequence[Window]] = field(default_factory=dict)

    def windows(self, day: date) -> Sequence[Window]:
        """Those that begin on this local day."""
        named = self.days.get(day)
        return self.weekly.get(day.isoweekday(), ()) if named is None else named


@dataclass(frozen=True, order=True)
class Span:
    """From one instant to another, which is not in it any more (D2)."""

    start: datetime
    end: datetime

    def overlaps(self, other: Span) -> bool:
        """Whether they have an instant in common."""
        return self.start < other.end and other.start < self.end


def parse_window(written: str) -> Window:
    """Read `09:00-17:30`; raises ValueError for what is no window of one day and the next."""
    found = _WINDOW.fullmatch(written)
    if found is None:
        raise ValueError(f"{written!r} is no window of a day, such as 09:00-17:30")
    hour, minute, until_hour, until_minute = map(int, found.groups())
    window = Window(60 * hour + minute, 60 * until_hour + until_minute)
    if not window.opens < window.closes <= window.opens + _MINUTES_OF_DAY:
        raise ValueError(f"{written!r} must end after it begins, and within a day of that")
    if window.opens >= _MINUTES_OF_DAY:
        raise ValueError(f"{written!r} begins on another day: 23:59 is the latest")
    return window


def parse_windows(written: Sequence[str]) -> tuple[Window, ...]:
    """Read the windows of a day, in their order; raises ValueError where two overlap."""
    windows = tuple(sorted(map(parse_window, written)))
    for earlier, later in pairwise(windows):
        if later.opens < earlier.closes:
            raise ValueError(f"{earlier} and {later} overlap")
    return windows


def open_spans(hours: Hours, first: date, last: date) -> list[Span]:
    """The windows that begin on these local days, as instants in UTC, by their beginning."""
    return sorted(_spans(hours, first, last))


def joined(spans: Sequence[Span]) -> list[Span]:
    """The same without seams: spans that meet or overlap are one. They come by their beginning."""
    found: list[Span] = []
    for span in spans:
        if found and span.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found


def starts(
    hours: Hours, first: date, last: date, *, duration: timedelta, step: timedelta
) -> list[datetime]:
    """When something that takes this long may begin on these local days, in UTC.

    Every window has its own row of starts, from its opening on; what begins in one may go on into
    the next one where no closed time lies between them.
    """
    around = open_spans(hours, first - _DAY, last + 2 * _DAY)
    wholes = joined(around)
    found = set()
    for window in open_spans(hours, first, last):
        whole = next(each for each in wholes if each.start <= window.start < each.end)
        start = window.start
        while start < window.end and start + duration <= whole.end:
            found.add(start)
            start += step
    return sorted(found)


def _spans(hours: Hours, first: date, last: date) -> Iterator[Span]:
    day = first
    while day <= last:
        for window in hours.windows(day):
            opens = _instant(day, window.opens, hours.zone)
            closes = _instant(day, window.closes, hours.zone)
            if opens < closes:
                yield Span(opens, closes)
        day += _DAY


def _instant(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    days, rest = divmod(minutes, _MINUTES_OF_DAY)
    local = datetime.combine(day + days * _DAY, time(rest // 60, rest % 60))
    return resolve_local(local, zone).astimezone(UTC)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
