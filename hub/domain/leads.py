"""Leads: who they are and where they stand."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid5

from sqlalchemy import Connection, DateTime, bindparam, func, select
from sqlalchemy import update as update_rows
from sqlalchemy.dialects.postgresql import insert

from hub.action import Attempt, Clock, action
from hub.errors import Permanent
from hub.signature import Email, Phone
from hub.storage.statement import Statement, own_time
from hub.storage.tables import leads
from hub.values import normalise_phone

Status = Literal["new", "appointment_booked", "showed", "no_show", "cancelled", "rescheduled"]

_LEADS = UUID("0d5f5a52-13a4-4c86-8d0f-0c1d0f2f6a43")  # where ids of created leads come from
_EXAMPLE = {
    "lead_id": "07f26a19-e9dc-422c-b61d-030e3c7971bb",
    "first_name": "Ada",
    "last_name": "Byron",
}


@dataclass(frozen=True)
class Lead:
    """A person as the workflows see them."""

    lead_id: UUID
    first_name: str
    last_name: str
    email: Email | None = None
    phone: Phone | None = None
    status: Status = "new"
    appointment_scheduled_at: datetime | None = None
    last_call_outcome: str | None = None
    last_appointment_outcome: str | None = None
    booking_session_id: UUID | None = None
    booking_outcome: str | None = None


@dataclass(frozen=True)
class LeadChanges:
    """What to change; a field that is not given stays as it is (X10: one field for each fact).

    `phone` may be written in any way that names its country (D9).
    """

    status: Status | None = None
    phone: str | None = None
    appointment_scheduled_at: datetime | None = None
    last_call_outcome: str | None = None
    last_appointment_outcome: str | None = None


_CHANGEABLE = tuple(field.name for field in dataclasses.fields(LeadChanges))
_SHOWN = [leads.c.id, *(leads.c[field.name] for field in dataclasses.fields(Lead)[1:])]
_UPDATE = Statement(
    update_rows(leads)
    .where(leads.c.id == bindparam("changed"))
    .values(
        {
            **{
                name: func.coalesce(bindparam(f"new_{name}"), leads.c[name]) for name in _CHANGEABLE
            },
            "updated_at": func.coalesce(
                bindparam("at", type_=DateTime(timezone=True)), func.clock_timestamp()
            ),
        }
    )
    .returning(*_SHOWN)
)


@action("leads.get", effect="read", errors=("not_found",), example=_EXAMPLE)
def get(db: Connection, *, lead_id: UUID) -> Lead:
    """Read a lead."""
    found = db.execute(select(*_SHOWN).where(leads.c.id == lead_id)).one_or_none()
    return _lead(found, lead_id)


@action(
    "leads.update",
    effect="idempotent",
    errors=("not_found", "invalid_phone"),
    example=_EXAMPLE,
)
def update(db: Connection, clock: Clock, *, lead_id: UUID, set_: LeadChanges) -> Lead:
    """Change fields of a lead."""
    given = {f"new_{name}": getattr(set_, name) for name in _CHANGEABLE}
    if set_.phone is not None:
        given["new_phone"] = _normalised(set_.phone)
    changed = _UPDATE.run(db, {**given, "changed": lead_id, "at": own_time(clock)})
    return _lead(changed.first(), lead_id)


@action("leads.create", effect="keyed", errors=("invalid_phone",), example=_EXAMPLE)
def create(
    db: Connection,
    clock: Clock,
    attempt: Attempt,
    *,
    first_name: str,
    last_name: str,
    email: Email | None = None,
    phone: str | None = None,
    lead_id: UUID | None = None,
) -> Lead:
    """Add a lead; the same step or the same `lead_id` again is the same lead.

    The phone may be written in any way that names its country (D9).
    """
    created_id = lead_id or uuid5(_LEADS, attempt.key)
    now = clock.now()
    db.execute(
        insert(leads)
        .values(
            id=created_id,
            first_name=first_name,
            last_name=last_name,
            email=email,
            phone=None if phone is None else _normalised(phone),
            created_at=now,
            updated_at=now,
        )
        .on_conflict_do_nothing()
    )
    return get(db, lead_id=created_id)


def _normalised(phone: str) -> str:
    try:
        return normalise_phone(phone)
    except ValueError as wrong:
        raise Permanent("invalid_phone", str(wrong)) from wrong


def _lead(row: Sequence[Any] | None, lead_id: UUID) -> Lead:
    if row is None:
        raise Permanent("not_found", f"there is no lead {lead_id}")
    return Lead(*row)
