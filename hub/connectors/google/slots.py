"""Free times: opening hours of a zone without what is busy. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.values import in_zone, resolve_local

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"(\d{2}):([0-5]\d)", re.ASCII)
_DAY = timedelta(days=1)

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class OpeningHours:
    """Between which clock readings of which days; `closes` may be the midnight after."""

    zone: ZoneInfo
    opens: timedelta
    closes: timedelta
    days: frozenset[int]

    def of(self, start: datetime, end: datetime) -> Iterator[Span]:
        """The opening times that touch a span, as instants; a day of a clock change is as it is."""
        date = in_zone(start, self.zone).date()
        while date <= in_zone(end, self.zone).date():
            if date.weekday() in self.days:
                midnight = datetime.combine(date, time())
                yield (
                    resolve_local(midnight + self.opens, self.zone),
                    resolve_local(midnight + self.closes, self.zone),
                )
            date += _DAY


def clock_reading(text: str) -> timedelta:
    """`09:00` as the time since midnight, at most `24:00`; raises ValueError."""
    match = _CLOCK.fullmatch(text)
    reading = timedelta(hours=int(match[1]), minutes=int(match[2])) if match else _DAY + _DAY
    if reading > _DAY:
        raise ValueError("not a clock reading such as 09:00")
    return reading


def free_slots(
    hours: OpeningHours,
    busy: Iterable[Span],
    *,
    within: Span,
    duration: timedelta,
    step: timedelta,
) -> Iterator[Span]:
    """The slots that lie inside `within` and the opening hours and touch nothing busy (D2).

    They begin at the opening and every `step` of elapsed time after it; given in the zone.
    """
    start, end = within
    taken = _merged(busy)
    ends = [each[1] for each in taken]
    for opens, closes in hours.of(start, end):
        at, last = opens.astimezone(UTC), min(closes, end)
        while at + duration <= last:
            next_taken = bisect_right(ends, at)
            is_free = next_taken == len(taken) or taken[next_taken][0] >= at + duration
            if at >= start and is_free:
                yield in_zone(at, hours.zone), in_zone(at + duration, hours.zone)
            at += step


def _merged(busy: Iterable[Span]) -> list[Span]:
    """The same times without overlaps, by time."""
    merged: list[Span] = []
    for start, end in sorted(busy):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
