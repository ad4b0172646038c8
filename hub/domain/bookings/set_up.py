"""A tenant's set-up as a file: itself, its resources and its services, read and checked whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from hub.domain.bookings.keeping import (
    ResourceWanted,
    ServiceWanted,
    TenantWanted,
    put_resource,
    put_service,
    put_tenant,
)
from hub.errors import Permanent
from hub.schemas import compile_schema

_WEEKDAYS = {"mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6, "sun": 7}
_UUID = {"type": "string", "format": "uuid"}
_NAME = {"type": "string", "minLength": 1, "maxLength": 200}
_EMAIL = {"type": "string", "format": "email"}
_WINDOWS = {"type": "array", "items": {"type": "string"}, "maxItems": 20}
_MINUTES = {"type": "integer", "minimum": 0}
_FLAG = {"type": "boolean"}


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


SCHEMA: Mapping[str, Any] = _object(
    ["tenant"],
    tenant=_object(
        ["id", "name", "timezone"],
        id=_UUID,
        name=_NAME,
        timezone=_NAME,
        allowed_origins={"type": "array", "items": {"type": "string"}},
        phone_region={"type": "string", "pattern": "^[A-Z]{2}$"},
    ),
    resources={
        "type": "array",
        "items": _object(
            ["id", "name"],
            id=_UUID,
            name=_NAME,
            kind={"type": "string", "enum": ["person", "equipment"]},
            is_active=_FLAG,
        ),
    },
    services={
        "type": "array",
        "items": _object(
            ["id", "name", "contractor_name", "contractor_email", "weekly"],
            id=_UUID,
            name=_NAME,
            contractor_name=_NAME,
            contractor_email=_EMAIL,
            weekly=_object([], **dict.fromkeys(_WEEKDAYS, _WINDOWS)),
            days={"type": "object", "additionalProperties": _WINDOWS},
            needs={
                "type": "object",
                "additionalProperties": {"type": "array", "items": _UUID, "minItems": 1},
            },
            timezone=_NAME,
            duration_minutes={"type": "integer", "minimum": 1, "maximum": 1440},
            step_minutes={"type": "integer", "minimum": 1, "maximum": 1440},
            require_confirmation=_FLAG,
            decide_within_minutes={"type": "integer", "minimum": 1, "maximum": 20160},
            max_bookings_per_slot={"type": "integer", "minimum": 1, "maximum": 1000},
            allows_same_day=_FLAG,
            notice_minutes=_MINUTES,
            advance_days={"type": "integer", "minimum": 0, "maximum": 1830},
            change_notice_minutes=_MINUTES,
            offer_minutes={"type": "integer", "minimum": 1, "maximum": 20160},
            is_active=_FLAG,
        ),
    },
)


@dataclass(frozen=True)
class SetUp:
    """What a file says."""

    tenant: TenantWanted
    resources: tuple[ResourceWanted, ...]
    services: tuple[ServiceWanted, ...]


def read_set_up(value: Any) -> SetUp:
    """Read a set-up; raises `Permanent` `invalid_input` with every place that is wrong."""
    problems = compile_schema(SCHEMA).problems(value)
    if problems:
        told = "; ".join(f"{each.pointer or '/'} {each.message}" for each in problems[:10])
        raise Permanent("invalid_input", told)
    tenant = value["tenant"]
    tenant_id = UUID(tenant["id"])
    return SetUp(
        TenantWanted(**{**tenant, "id": tenant_id}),
        tuple(
            ResourceWanted(**{**each, "id": UUID(each["id"]), "tenant_id": tenant_id})
            for each in value.get("resources", ())
        ),
        tuple(_service(each, tenant_id) for each in value.get("services", ())),
    )


def put_set_up(db: Connection, wanted: SetUp) -> None:
    """Store it all; what was there by these ids becomes this. What it does not name stays."""
    put_tenant(db, wanted.tenant)
    for resource in wanted.resources:
        put_resource(db, resource)
    for service in wanted.services:
        put_service(db, service)


def _service(given: Mapping[str, Any], tenant_id: UUID) -> ServiceWanted:
    needs = {
        need: [UUID(each) for each in of_them] for need, of_them in given.get("needs", {}).items()
    }
    parts = {
        "id": UUID(given["id"]),
        "tenant_id": tenant_id,
        "weekly": {_WEEKDAYS[day]: windows for day, windows in given["weekly"].items()},
        "days": {_day(day): windows for day, windows in given.get("days", {}).items()},
        "needs": needs,
    }
    return ServiceWanted(**{**given, **parts})


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError as wrong:
        raise Permanent("invalid_input", f"{written!r} is no day, such as 2025-12-24") from wrong
