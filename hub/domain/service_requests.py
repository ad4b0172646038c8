"""Service requests and the providers that are recommended for them, before and after a booking."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from hub.action import Clock, Mode, action
from hub.domain.request_rows import RequestStatus, last_call, lock_request, unknown_request
from hub.errors import Permanent
from hub.signature import Phone
from hub.storage.tables import providers as provider_rows
from hub.storage.tables import service_requests
from hub.values import normalise_phone


@dataclass(frozen=True)
class Recommendation:
    """A provider that could do it; the phone may be written in any way that names its country."""

    id: UUID
    name: str
    phone: str


@dataclass(frozen=True)
class Request:
    """Where a request stands, and the provider that is booked or being called.

    `run_id` is the run that books or booked; `doubt` says why its end is not known.
    """

    status: RequestStatus
    run_id: str | None = None
    mode: Mode | None = None
    doubt: str | None = None
    last_result: str | None = None
    final_outcome: str | None = None
    customer_phone: Phone | None = None
    provider_id: UUID | None = None
    provider_name: str | None = None
    booking_confirmed: bool = False
    booking_date: str | None = None
    booking_time: str | None = None
    confirmation_number: str | None = None


@action(
    "service_requests.recommend",
    effect="idempotent",
    errors=("invalid_phone", "conflict"),
    example={"status": "RECOMMENDED"},
)
def recommend(
    db: Connection, clock: Clock, *, id_: UUID, providers: list[Recommendation]
) -> Request:
    """Keep a service request and the providers that are recommended for it.

    What is known already gets its new name and phone, until somebody calls: a provider of another
    request, or a request that is not RECOMMENDED, is `conflict`.
    """
    _add_request(db, clock, id_)
    request = lock_request(db, id_)
    if request.status != "RECOMMENDED":
        raise Permanent("conflict", f"the request {id_} is {request.status}: it cannot be changed")
    for each in providers:
        _keep_provider(db, clock, id_, each)
    return Request(status=request.status)


@action(
    "service_requests.get",
    effect="read",
    errors=("not_found",),
    example={"status": "RECOMMENDED", "booking_confirmed": False},
)
def get(db: Connection, *, id_: UUID) -> Request:
    """Where a service request stands, and what was booked."""
    request = db.execute(select(service_requests).where(service_requests.c.id == id_)).one_or_none()
    if request is None:
        raise unknown_request(id_)
    call = last_call(db, id_)
    if call is None:
        return Request(status=request.status)
    provider = db.execute(select(provider_rows).where(provider_rows.c.id == call.provider_id)).one()
    return Request(
        status=request.status,
        run_id=str(call.run_id),
        mode=call.mode,
        doubt=call.doubt,
        last_result=call.result,
        final_outcome=request.final_outcome,
        customer_phone=call.customer_phone,
        provider_id=provider.id,
        provider_name=provider.name,
        booking_confirmed=provider.booking_confirmed,
        booking_date=provider.booking_date,
        booking_time=provider.booking_time,
        confirmation_number=provider.confirmation_number,
    )


def _add_request(db: Connection, clock: Clock, id_: UUID) -> None:
    now = clock.now()
    row = {"id": id_, "status": "RECOMMENDED", "created_at": now, "updated_at": now}
    db.execute(insert(service_requests).values(row).on_conflict_do_nothing())


def _keep_provider(db: Connection, clock: Clock, id_: UUID, told: Recommendation) -> None:
    try:
        phone = normalise_phone(told.phone)
    except ValueError as wrong:
        raise Permanent("invalid_phone", str(wrong)) from wrong
    row = {"id": told.id, "request_id": id_, "name": told.name, "phone": phone}
    kept = db.execute(
        insert(provider_rows)
        .values({**row, "created_at": clock.now()})
        .on_conflict_do_update(
            index_elements=[provider_rows.c.id],
            set_={"name": told.name, "phone": phone},
            where=provider_rows.c.request_id == id_,
        )
        .returning(provider_rows.c.id)
    ).first()
    if kept is None:
        raise Permanent("conflict", f"the provider {told.id} belongs to another request")
