"""Services: what can be booked, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import Connection

from hub.action import Clock, action
from hub.domain.bookings import catalog, seats
from hub.domain.bookings.hours import Span
from hub.domain.bookings.rules import free_starts
from hub.errors import Permanent
from hub.signature import Email

MOST_DAYS = 62
_DAY = timedelta(days=1)
_SERVICE = "33333333-3333-4333-8333-333333333333"
_TENANT = "77777777-7777-4777-8777-777777777777"


@dataclass(frozen=True)
class Service:
    """Something that can be booked; `timezone` is that of its opening hours."""

    id: UUID
    name: str
    duration_minutes: int
    require_confirmation: bool
    contractor_name: str
    contractor_email: Email
    timezone: str
    tenant_id: UUID
    allowed_origins: list[str]


@dataclass(frozen=True)
class Slot:
    """A time that can be booked now."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Availability:
    """What can be booked; days are those of `timezone`."""

    service_id: UUID
    timezone: str
    slots: list[Slot]


@action(
    "services.get",
    effect="read",
    errors=("not_found",),
    example={
        "id": _SERVICE,
        "name": "Boiler check",
        "duration_minutes": 60,
        "require_confirmation": True,
        "contractor_name": "Bob Builder",
        "contractor_email": "bob@example.com",
        "timezone": "America/New_York",
        "tenant_id": _TENANT,
        "allowed_origins": ["https://www.example.com"],
    },
)
def get(db: Connection, *, id: UUID, tenant_id: UUID | None = None) -> Service:  # noqa: A002 - the word of the workflows
    """Read a bookable service; a tenant sees no other tenant's (K-21)."""
    found = catalog.offered(db, id, tenant_id=tenant_id)
    return Service(
        id=found.id,
        name=found.name,
        duration_minutes=found.policy.duration // timedelta(minutes=1),
        require_confirmation=found.require_confirmation,
        contractor_name=found.contractor_name,
        contractor_email=found.contractor_email,
        timezone=found.timezone,
        tenant_id=found.tenant_id,
        allowed_origins=found.allowed_origins,
    )


@action(
    "services.availability",
    effect="read",
    errors=("not_found", "inactive", "invalid_range"),
    example={
        "service_id": _SERVICE,
        "timezone": "America/New_York",
        "slots": [{"start": "2025-11-20T14:00:00Z", "end": "2025-11-20T15:00:00Z"}],
    },
)
def availability(
    db: Connection, clock: Clock, *, service_id: UUID, first: str, last: str
) -> Availability:
    """The times that a booking would get now, on the days from `first` to `last`.

    Days are written 2025-11-20 and are those of the service's zone; 62 at most. Times that jobs,
    pending ones included, or offers have are not among them (K-01).
    """
    service = catalog.offered(db, service_id)
    if not service.is_active:
        raise Permanent("inactive", f"{service.name} cannot be booked at present")
    days = _day(first), _day(last)
    if not timedelta(0) <= days[1] - days[0] < MOST_DAYS * _DAY:
        raise Permanent("invalid_range", f"ask for 1 to {MOST_DAYS} days, the first one first")
    hours = catalog.hours_of(db, service, *days)
    needs = catalog.needs_of(db, service)
    # No zone is a day away from UTC, and what begins on the last day may end on the next one.
    around = Span(_midnight(days[0] - _DAY), _midnight(days[1] + 3 * _DAY))
    now = clock.now()
    found = free_starts(
        *days,
        now=now,
        hours=hours,
        policy=service.policy,
        needs=needs,
        taken=seats.taken(db, needs, around, now=now),
    )
    length = service.policy.duration
    return Availability(
        service.id, service.timezone, [Slot(start, start + length) for start in found]
    )


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError as wrong:
        raise Permanent("invalid_range", f"{written!r} is no day, such as 2025-11-20") from wrong


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
