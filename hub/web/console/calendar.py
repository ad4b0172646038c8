"""The week that a calendar shows, and what stands on each of its days. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.domain.week import Entry

_DAYS = 7
_FIRST, _LAST = date(1970, 1, 5), date(9999, 12, 20)  # a week of each lies within what dates can be


@dataclass(frozen=True)
class Day:
    """One day and what begins on it."""

    date: date
    is_today: bool
    entries: Sequence[Entry]


@dataclass(frozen=True)
class Week:
    """From Monday to Sunday, in one zone."""

    monday: date
    zone: ZoneInfo

    @classmethod
    def of(cls, wanted: str, now: datetime, zone: ZoneInfo) -> Week:
        """The week of a day that is written like `2025-12-03`; of today for anything else."""
        try:
            day = date.fromisoformat(wanted)
        except ValueError:
            day = now.astimezone(zone).date()
        day = min(max(day, _FIRST), _LAST)
        return cls(day - timedelta(days=day.weekday()), zone)

    @property
    def first(self) -> datetime:
        """The instant in which it begins."""
        return self._midnight(0)

    @property
    def last(self) -> datetime:
        """The instant in which the next one begins."""
        return self._midnight(_DAYS)

    @property
    def before(self) -> date:
        """The Monday of the week before."""
        return self.monday - timedelta(days=_DAYS)

    @property
    def after(self) -> date:
        """The Monday of the next week."""
        return self.monday + timedelta(days=_DAYS)

    def days(self, entries: Sequence[Entry], now: datetime) -> list[Day]:
        """Its days with what begins on them, by its time."""
        today = now.astimezone(self.zone).date()
        dates = [self.monday + timedelta(days=number) for number in range(_DAYS)]
        return [
            Day(
                day,
                day == today,
                [each for each in entries if each.starts_at.astimezone(self.zone).date() == day],
            )
            for day in dates
        ]

    def _midnight(self, days: int) -> datetime:
        return datetime.combine(self.monday + timedelta(days=days), time(), self.zone)
