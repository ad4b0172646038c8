"""What a tenant sets up: itself, its services with their hours and policies, and its resources.

Everything is put by its id, so that putting it again changes what is there and doubles nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from hub.domain.bookings.hours import parse_windows
from hub.errors import Permanent
from hub.storage.tables import (
    resources,
    service_days,
    service_hours,
    service_needs,
    services,
    tenants,
)
from hub.values import check_region, zone

_WEEKDAYS = range(1, 8)


@dataclass(frozen=True)
class TenantWanted:
    """Somebody whose services are booked; `timezone` is where their days begin.

    `phone_region`, such as `US`, is the country of phones that are written without one.
    """

    id: UUID
    name: str
    timezone: str
    allowed_origins: Sequence[str] = ()
    phone_region: str | None = None


@dataclass(frozen=True)
class ResourceWanted:
    """A person or a thing that does one job at a time."""

    id: UUID
    tenant_id: UUID
    name: str
    kind: Literal["person", "equipment"] = "person"
    is_active: bool = True


@dataclass(frozen=True)
class ServiceWanted:
    """A service with its policy and its hours.

    `weekly`: weekday (Monday is 1) → windows such as `09:00-17:30`; `days` replaces the hours of
    single days, `()` closes one. `needs`: what a job takes besides → the resources that meet it.
    """

    id: UUID
    tenant_id: UUID
    name: str
    contractor_name: str
    contractor_email: str
    weekly: Mapping[int, Sequence[str]]
    duration_minutes: int = 60
    step_minutes: int | None = None  # else the duration
    timezone: str | None = None  # else the tenant's
    require_confirmation: bool = False
    decide_within_minutes: int = 2880
    max_bookings_per_slot: int = 1
    allows_same_day: bool = True
    notice_minutes: int = 0
    advance_days: int = 90
    change_notice_minutes: int = 0
    offer_minutes: int = 120
    is_active: bool = True
    days: Mapping[date, Sequence[str]] = field(default_factory=dict)
    needs: Mapping[str, Collection[UUID]] = field(default_factory=dict)


def put_tenant(db: Connection, wanted: TenantWanted) -> None:
    """Store a tenant; raises `Permanent` `invalid_input` for a time zone or region that is none."""
    _check_zone(wanted.timezone)
    if wanted.phone_region is not None:
        _check_region(wanted.phone_region)
    values = {**vars(wanted), "allowed_origins": list(wanted.allowed_origins)}
    _put(db, tenants, values)


def put_resource(db: Connection, wanted: ResourceWanted) -> None:
    """Store a person or a thing of a tenant; raises `Permanent` when it is another tenant's."""
    _refuse_foreign(db, resources, wanted.id, wanted.tenant_id)
    _put(db, resources, vars(wanted))


def put_service(db: Connection, wanted: ServiceWanted) -> None:
    """Store a service with its hours and needs, instead of those it had.

    Raises `Permanent` `invalid_input` for a zone or a window that is none.
    """
    _refuse_foreign(db, services, wanted.id, wanted.tenant_id)
    if wanted.timezone is not None:
        _check_zone(wanted.timezone)
    hours = {day: _written(wanted.weekly.get(day, ())) for day in _WEEKDAYS}
    days = {day: _written(windows) for day, windows in wanted.days.items()}
    values = {
        name: value
        for name, value in vars(wanted).items()
        if name not in ("weekly", "days", "needs")
    }
    values["step_minutes"] = wanted.step_minutes or wanted.duration_minutes
    _put(db, services, values)
    for table in (service_hours, service_days, service_needs):
        db.execute(delete(table).where(table.c.service_id == wanted.id))
    _add(
        db,
        service_hours,
        [
            {"service_id": wanted.id, "weekday": day, "windows": windows}
            for day, windows in hours.items()
            if windows
        ],
    )
    _add(
        db,
        service_days,
        [
            {"service_id": wanted.id, "day": day, "windows": windows}
            for day, windows in days.items()
        ],
    )
    _add(
        db,
        service_needs,
        [
            {
                "service_id": wanted.id,
                "tenant_id": wanted.tenant_id,
                "need": need,
                "resource_id": resource,
            }
            for need, of_them in wanted.needs.items()
            for resource in of_them
        ],
    )


def put_day(db: Connection, service_id: UUID, day: date, windows: Sequence[str]) -> None:
    """Replace the hours of one day; no windows: it is closed."""
    wanted = insert(service_days).values(service_id=service_id, day=day, windows=_written(windows))
    db.execute(
        wanted.on_conflict_do_update(
            index_elements=["service_id", "day"], set_={"windows": wanted.excluded.windows}
        )
    )


def _put(db: Connection, table: Any, values: Mapping[str, Any]) -> None:
    wanted = insert(table).values(values)
    changed = {name: wanted.excluded[name] for name in values if name != "id"}
    db.execute(wanted.on_conflict_do_update(index_elements=["id"], set_=changed))


def _add(db: Connection, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        db.execute(insert(table), rows)


def _refuse_foreign(db: Connection, table: Any, row_id: UUID, tenant_id: UUID) -> None:
    """What belongs to one tenant never becomes another's (K-21)."""
    owner = db.scalar(select(table.c.tenant_id).where(table.c.id == row_id))
    if owner not in (None, tenant_id):
        raise Permanent("not_found", f"{row_id} belongs to another tenant")


def _written(windows: Sequence[str]) -> list[str]:
    try:
        return [str(each) for each in parse_windows(windows)]
    except ValueError as wrong:
        raise Permanent("invalid_input", str(wrong)) from wrong


def _check_region(name: str) -> None:
    try:
        check_region(name)
    except ValueError as wrong:
        raise Permanent("invalid_input", str(wrong)) from wrong


def _check_zone(name: str) -> None:
    try:
        zone(name)
    except ValueError as wrong:
        raise Permanent("invalid_input", str(wrong)) from wrong
