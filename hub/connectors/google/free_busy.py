"""Google Calendar: the action `google_calendar.free_slots`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Literal

from hub.action import Attempt, action
from hub.connectors.google.client import CALENDAR, Calls, GoogleClient
from hub.connectors.google.slots import DAYS, OpeningHours, Span, clock_reading
from hub.connectors.google.slots import free_slots as slots_of
from hub.errors import Permanent
from hub.values import format_instant, parse_instant
from hub.values import zone as zone_named

__all__ = ["FreeSlots", "Slot", "free_slots"]

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

_WORK_DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri")
_LONGEST_SPAN = timedelta(days=62)
_SHORTEST_STEP = timedelta(minutes=5)
_MOST_CALENDARS = 50  # Google's own limit of one question


@dataclass(frozen=True)
class Slot:
    """A free time, in the zone that was asked for."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class FreeSlots:
    """`slots` are sorted by time and may overlap when `step` is shorter than `duration`."""

    slots: list[Slot]
    zone: str


@action(
    "google_calendar.free_slots",
    effect="read",
    example={
        "slots": [{"start": "2025-11-03T09:00:00+01:00", "end": "2025-11-03T09:30:00+01:00"}],
        "zone": "Europe/Berlin",
    },
    errors=("not_found", "not_configured", "address_not_allowed"),
    outward=True,
)
def free_slots(
    google: GoogleClient,
    attempt: Attempt,
    *,
    calendars: list[str],
    from_: datetime,
    to: datetime,
    duration: timedelta,
    zone: str,
    opens: str = "09:00",
    closes: str = "17:00",
    days: list[Day] | None = None,
    step: timedelta | None = None,
    at_most: int = 20,
) -> FreeSlots:
    """Find times that are free in all these calendars, inside the opening hours of a zone."""
    hours = _hours(zone, opens, closes, days)
    step = duration if step is None else step
    if not timedelta(0) < to - from_ <= _LONGEST_SPAN:
        raise Permanent("invalid_input", "to is not after from, or more than 62 days after it")
    if duration < _SHORTEST_STEP or step < _SHORTEST_STEP:
        raise Permanent("invalid_input", "duration and step are at least 5 minutes")
    if not 1 <= len(calendars) <= _MOST_CALENDARS or at_most < 1:
        raise Permanent("invalid_input", "1 to 50 calendars can be asked, for 1 slot or more")
    busy = _busy(google.calls(CALENDAR, attempt.timeout), calendars, (from_, to))
    found = slots_of(hours, busy, within=(from_, to), duration=duration, step=step)
    return FreeSlots([Slot(*each) for each in islice(found, at_most)], zone)


def _hours(zone: str, opens: str, closes: str, days: list[Day] | None) -> OpeningHours:
    try:
        hours = OpeningHours(
            zone_named(zone),
            clock_reading(opens),
            clock_reading(closes),
            frozenset(DAYS.index(each) for each in (_WORK_DAYS if days is None else days)),
        )
    except ValueError as unreadable:
        raise Permanent("invalid_input", f"zone, opens, closes: {unreadable}") from unreadable
    if hours.closes <= hours.opens:
        raise Permanent("invalid_input", "closes is not after opens (the latest is 24:00)")
    return hours


def _busy(calls: Calls, calendars: list[str], within: Span) -> list[Span]:
    """When any of the calendars is busy. One that cannot be seen is a failure, never free."""
    asked = {
        "timeMin": format_instant(within[0]),
        "timeMax": format_instant(within[1]),
        "items": [{"id": each} for each in dict.fromkeys(calendars)],
    }
    said = calls.write("POST", "/freeBusy", json=asked)
    told = said.get("calendars")
    spans: list[Span] = []
    for each in calendars:
        one = told.get(each) if isinstance(told, dict) else None
        if not isinstance(one, dict):
            raise calls.strange()
        _refuse_unseen(calls, each, one)
        try:
            spans += [
                (parse_instant(span["start"]), parse_instant(span["end"])) for span in one["busy"]
            ]
        except (KeyError, TypeError, ValueError) as unreadable:
            raise calls.strange() from unreadable
    return spans


def _refuse_unseen(calls: Calls, calendar: str, said: Mapping[str, Any]) -> None:
    if not said.get("errors"):
        return
    if any(each.get("reason") == "notFound" for each in said["errors"]):
        raise Permanent(
            "not_found", f"the calendar {calendar[:100]} does not exist or is not shared with us"
        )
    raise calls.strange()
