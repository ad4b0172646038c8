"""The rules of a booking: which time may be asked for, and whether a seat is free then. Pure.

Everything that can be full has numbered seats: a service as many as its bookings per slot, a
person or a thing one. A job takes one seat of its service and, for each need of it, one of a
resource that meets the need. Availability asks the very function that booking asks.

Staff may take a seat beyond the last one, with a reason (X33). Who sits there waits for a proper
seat: as long as somebody does, one free seat counts as theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from hub.domain.bookings.hours import Hours, Span, starts

Refused = Literal["in_the_past", "same_day", "outside_window", "outside_hours"]


@dataclass(frozen=True)
class Policy:
    """What a service asks of a time; `advance_days` are local days after today."""

    duration: timedelta
    step: timedelta
    allows_same_day: bool = True
    notice: timedelta = timedelta(0)
    advance_days: int = 90


@dataclass(frozen=True)
class Place:
    """A service or a resource, with its seats."""

    id: UUID
    seats: int = 1


@dataclass(frozen=True)
class Taken:
    """A seat of a place that somebody has."""

    place_id: UUID
    seat: int
    during: Span


@dataclass(frozen=True)
class Refusal:
    """Why a time cannot be booked, as a code and for people."""

    code: Refused
    message: str


Needs = Sequence[Sequence[Place]]  # of each, one place that meets it
Seats = Mapping[UUID, int]  # which seat of which place


def refusal(start: datetime, *, now: datetime, hours: Hours, policy: Policy) -> Refusal | None:
    """Why nobody may book this time, full or not; days are those of the service's zone (X36)."""
    if (found := _outside(start, now, hours, policy)) is not None:
        return found
    day = local_day(start, hours)
    if start not in _starts(hours, policy, day, day):
        return Refusal("outside_hours", "no booking begins at this time")
    return None


def free_starts(
    first: date,
    last: date,
    *,
    now: datetime,
    hours: Hours,
    policy: Policy,
    needs: Needs,
    taken: Sequence[Taken],
) -> list[datetime]:
    """The starts on these local days that a booking would get now, in UTC, in their order."""
    return [
        start
        for start in _starts(hours, policy, first, last)
        if _outside(start, now, hours, policy) is None
        and choose_seats(needs, taken, Span(start, start + policy.duration)) is not None
    ]


def choose_seats(needs: Needs, taken: Sequence[Taken], during: Span) -> Seats | None:
    """A free seat for each need, each at a place of its own; nothing when one cannot be met.

    Where several places meet a need, the earlier ones come first; but who could meet another need
    that nobody else meets is left for it.
    """
    overlapping = [each for each in taken if each.during.overlaps(during)]
    open_seats = [
        {place.id: seat for place in need if (seat := free_seat(place, overlapping)) is not None}
        for need in needs
    ]
    chosen: dict[UUID, int] = {}  # place → the number of the need that it meets
    for number in range(len(open_seats)):
        if not _meet(number, open_seats, chosen, set()):
            return None
    return {place: open_seats[number][place] for place, number in chosen.items()}


def free_seat(place: Place, overlapping: Sequence[Taken]) -> int | None:
    """The lowest seat that nobody of those has, if one is left for whoever comes now."""
    seats = {each.seat for each in overlapping if each.place_id == place.id}
    beyond = sum(each.place_id == place.id and each.seat > place.seats for each in overlapping)
    free = [seat for seat in range(1, place.seats + 1) if seat not in seats]
    return free[0] if len(free) > beyond else None


def extra_seat(place: Place, overlapping: Sequence[Taken]) -> int:
    """The lowest free seat of all, beyond the last one where that must be (X33)."""
    proper = free_seat(place, overlapping)
    if proper is not None:
        return proper
    seats = {each.seat for each in overlapping if each.place_id == place.id}
    seat = place.seats + 1
    while seat in seats:
        seat += 1
    return seat


def local_day(instant: datetime, hours: Hours) -> date:
    """The day that it is there."""
    return instant.astimezone(hours.zone).date()


def _outside(start: datetime, now: datetime, hours: Hours, policy: Policy) -> Refusal | None:
    """Why it is no time to ask for, whenever the service is open."""
    today, day = local_day(now, hours), local_day(start, hours)
    if start < now:
        return Refusal("in_the_past", "this time has passed")
    if day == today and not policy.allows_same_day:
        return Refusal("same_day", "this service cannot be booked for the same day")
    if start < now + policy.notice:
        return Refusal("outside_window", "this time is too near")
    if day > today + timedelta(days=policy.advance_days):
        message = f"bookings are taken {policy.advance_days} days ahead at most"
        return Refusal("outside_window", message)
    return None


def _starts(hours: Hours, policy: Policy, first: date, last: date) -> list[datetime]:
    """The starts that lie on these days; a window of the day before may go on into the first."""
    before = first - timedelta(days=1)
    found = starts(hours, before, last, duration=policy.duration, step=policy.step)
    return [each for each in found if first <= local_day(each, hours) <= last]


def _meet(
    number: int, open_seats: Sequence[Seats], chosen: dict[UUID, int], asked: set[UUID]
) -> bool:
    """Find a place for this need; one that has another need may make room (a matching)."""
    for place in open_seats[number]:
        if place in asked:
            continue
        asked.add(place)
        if place not in chosen or _meet(chosen[place], open_seats, chosen, asked):
            chosen[place] = number
            return True
    return False
