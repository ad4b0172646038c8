"""Tenants to try bookings with: two zones, and a service of each policy.

Loading it again changes nothing. Ids are fixed, so that pages and demonstrations can name them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection, select

from hub.action import Clock
from hub.domain.bookings.keeping import (
    ResourceWanted,
    ServiceWanted,
    TenantWanted,
    put_day,
    put_resource,
    put_service,
    put_tenant,
)
from hub.storage.tables import tenants
from hub.values import zone

_WORKDAYS = dict.fromkeys(range(1, 6), ("09:00-12:00", "13:00-17:00"))
_EVERY_DAY = dict.fromkeys(range(1, 8), ("08:00-20:00",))


def _id(number: int) -> UUID:
    return UUID(f"b00c0000-0000-4000-8000-{number:012d}")


HEATING, STUDIO = _id(1), _id(2)
ANA, BEN, VAN = _id(11), _id(12), _id(13)
BOILER_CHECK, REPAIR, ADVICE = _id(21), _id(22), _id(23)
YOGA, MASSAGE, OLD_COURSE = _id(31), _id(32), _id(33)


@dataclass(frozen=True)
class Loaded:
    """What there is now; false when it was there before."""

    tenants: tuple[UUID, ...]
    services: tuple[UUID, ...]
    is_new: bool


def load(db: Connection, clock: Clock, *, origins: tuple[str, ...] = ()) -> Loaded:
    """Store the tenants of the demonstration; `origins` are those of pages that may book."""
    is_new = db.scalar(select(tenants.c.id).where(tenants.c.id == HEATING)) is None
    put_tenant(db, TenantWanted(HEATING, "Acme Heating", "America/New_York", origins, "US"))
    put_tenant(db, TenantWanted(STUDIO, "Studio Linde", "Europe/Berlin", origins, "DE"))
    put_resource(db, ResourceWanted(ANA, HEATING, "Ana"))
    put_resource(db, ResourceWanted(BEN, HEATING, "Ben"))
    put_resource(db, ResourceWanted(VAN, HEATING, "Van with the pump", kind="equipment"))
    for service in _SERVICES:
        put_service(db, service)
    today = clock.now().astimezone(zone("Europe/Berlin")).date()
    put_day(db, YOGA, today + timedelta(days=7), ())
    put_day(db, YOGA, today + timedelta(days=8), ("10:00-12:00",))
    return Loaded((HEATING, STUDIO), tuple(each.id for each in _SERVICES), is_new)


_SERVICES = (
    ServiceWanted(  # somebody must confirm it, and it needs a person
        id=BOILER_CHECK,
        tenant_id=HEATING,
        name="Boiler check",
        contractor_name="Bob Builder",
        contractor_email="bob@example.com",
        weekly=_WORKDAYS,
        step_minutes=30,
        require_confirmation=True,
        needs={"technician": [ANA, BEN]},
    ),
    ServiceWanted(  # not for today, a day ahead, and with a person and a thing
        id=REPAIR,
        tenant_id=HEATING,
        name="Boiler repair",
        contractor_name="Bob Builder",
        contractor_email="bob@example.com",
        weekly=_WORKDAYS,
        duration_minutes=120,
        step_minutes=60,
        allows_same_day=False,
        notice_minutes=12 * 60,
        change_notice_minutes=24 * 60,
        needs={"technician": [ANA], "van": [VAN]},
    ),
    ServiceWanted(  # on the phone, from another zone, at once
        id=ADVICE,
        tenant_id=HEATING,
        name="Advice on the phone",
        contractor_name="Carla Caller",
        contractor_email="carla@example.com",
        weekly=_EVERY_DAY,
        duration_minutes=15,
        timezone="America/Los_Angeles",
        advance_days=14,
    ),
    ServiceWanted(  # many at once, with closed days and special hours
        id=YOGA,
        tenant_id=STUDIO,
        name="Yoga",
        contractor_name="Lena Linde",
        contractor_email="lena@example.com",
        weekly={2: ("18:00-20:00",), 4: ("18:00-20:00",), 6: ("10:00-12:00",)},
        max_bookings_per_slot=12,
    ),
    ServiceWanted(  # one at a time, late into the night
        id=MASSAGE,
        tenant_id=STUDIO,
        name="Massage",
        contractor_name="Max Muster",
        contractor_email="max@example.com",
        weekly={5: ("20:00-26:00",), 6: ("20:00-26:00",), 7: ("14:00-18:00",)},
        step_minutes=30,
        change_notice_minutes=120,
        offer_minutes=60,
    ),
    ServiceWanted(  # not offered any more
        id=OLD_COURSE,
        tenant_id=STUDIO,
        name="Course of last year",
        contractor_name="Lena Linde",
        contractor_email="lena@example.com",
        weekly=_EVERY_DAY,
        is_active=False,
    ),
)
