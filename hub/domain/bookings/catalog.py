"""What is offered: a service with its tenant, its hours and its needs, as the rules read it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Table, and_, func, select

from hub.domain.bookings.hours import Hours, Window, parse_windows
from hub.domain.bookings.rules import Needs, Place, Policy
from hub.errors import Permanent
from hub.storage.tables import (
    resources,
    service_days,
    service_hours,
    service_needs,
    services,
    tenants,
)
from hub.values import zone

_MARGIN = timedelta(days=3)  # of the days whose hours can bear on a day


@dataclass(frozen=True)
class Offered:
    """A service as its rows say. `timezone` is its own or its tenant's."""

    id: UUID
    tenant_id: UUID
    name: str
    timezone: str
    is_active: bool
    require_confirmation: bool
    contractor_name: str
    contractor_email: str
    allowed_origins: list[str]
    phone_region: str | None
    policy: Policy
    seats: int
    decide_within: timedelta
    change_notice: timedelta
    offer_for: timedelta

    @cached_property
    def place(self) -> Place:
        """Its own seats: how many jobs it has at a time (K-08)."""
        return Place(self.id, self.seats)


_OFFERED = select(
    services,
    func.coalesce(services.c.timezone, tenants.c.timezone).label("zone"),
    tenants.c.allowed_origins,
    tenants.c.phone_region,
).join(tenants, tenants.c.id == services.c.tenant_id)


def offered(db: Connection, service_id: UUID, *, tenant_id: UUID | None = None) -> Offered:
    """The service; raises `not_found`, also when it is another tenant's than the one named."""
    wanted = _OFFERED.where(services.c.id == service_id)
    if tenant_id is not None:
        wanted = wanted.where(services.c.tenant_id == tenant_id)
    row = db.execute(wanted).one_or_none()
    if row is None:
        raise Permanent("not_found", f"there is no service {service_id}")
    return as_offered(row)


def hours_of(db: Connection, service: Offered, first: date, last: date) -> Hours:
    """When it is open, so far as it bears on these local days."""
    weekly = db.execute(
        select(service_hours.c.weekday, service_hours.c.windows).where(
            service_hours.c.service_id == service.id
        )
    )
    days = db.execute(
        select(service_days.c.day, service_days.c.windows).where(
            service_days.c.service_id == service.id,
            service_days.c.day.between(first - _MARGIN, last + _MARGIN),
        )
    )
    return Hours(
        zone(service.timezone),
        weekly={row.weekday: _windows(row.windows) for row in weekly},
        days={row.day: _windows(row.windows) for row in days},
    )


def hours_at(db: Connection, service: Offered, at: datetime) -> Hours:
    """When it is open around an instant."""
    day = at.astimezone(zone(service.timezone)).date()
    return hours_of(db, service, day, day)


def needs_of(db: Connection, service: Offered) -> list[list[Place]]:
    """What a job of it takes: a seat of the service itself, and one place for each further need.

    A need that nobody active meets has no places: then the service is full.
    """
    rows = db.execute(
        select(service_needs.c.need, resources.c.id)
        .outerjoin(
            resources,
            and_(resources.c.id == service_needs.c.resource_id, resources.c.is_active),
        )
        .where(
            service_needs.c.service_id == service.id,
            service_needs.c.tenant_id == service.tenant_id,
        )
        .order_by(service_needs.c.need, resources.c.name, resources.c.id)
    )
    by_need: dict[str, list[Place]] = {}
    for row in rows:
        places = by_need.setdefault(row.need, [])
        if row.id is not None:
            places.append(Place(row.id))
    return [[service.place], *by_need.values()]


def lock(db: Connection, service: Offered, needs: Needs) -> None:
    """Let nobody else book, move or free anything of the service, nor of the resources it needs.

    Whoever changes bookings locks first the service, then the resources, then jobs, each in the
    order of their ids: with this one order nobody waits in a circle. Rows that only refer to them
    are not held up.
    """
    _lock(db, services, {service.id})
    ids = {place.id for need in needs[1:] for place in need}
    if ids:
        _lock(db, resources, ids)


def _lock(db: Connection, table: Table, ids: Collection[UUID]) -> None:
    wanted = select(table.c.id).where(table.c.id.in_(ids)).order_by(table.c.id)
    db.execute(wanted.with_for_update(key_share=True)).all()


def as_offered(row: Row[Any]) -> Offered:
    """The service in a row of `services` with the zone and the origins of its tenant."""
    return Offered(
        id=row.id,
        tenant_id=row.tenant_id,
        name=row.name,
        timezone=row.zone,
        is_active=row.is_active,
        require_confirmation=row.require_confirmation,
        contractor_name=row.contractor_name,
        contractor_email=row.contractor_email,
        allowed_origins=list(row.allowed_origins),
        phone_region=row.phone_region,
        policy=Policy(
            duration=timedelta(minutes=row.duration_minutes),
            step=timedelta(minutes=row.step_minutes),
            allows_same_day=row.allows_same_day,
            notice=timedelta(minutes=row.notice_minutes),
            advance_days=row.advance_days,
        ),
        seats=row.max_bookings_per_slot,
        decide_within=timedelta(minutes=row.decide_within_minutes),
        change_notice=timedelta(minutes=row.change_notice_minutes),
        offer_for=timedelta(minutes=row.offer_minutes),
    )


def _windows(written: Sequence[str]) -> tuple[Window, ...]:
    return parse_windows(written)
