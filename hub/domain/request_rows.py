"""The rows of a service request and its calls, and the one order in which they are locked.

Each change locks the request's row first, then writes; so nobody waits in a circle, and whoever
comes second sees what the first one did.
"""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, Row, select, update

from hub.action import Attempt, Clock
from hub.errors import Permanent
from hub.storage.tables import booking_calls, service_requests

RequestStatus = Literal["RECOMMENDED", "BOOKING", "COMPLETED"]


def lock_request(db: Connection, id_: UUID) -> Row[Any]:
    """The request, which nobody else changes now; raises `not_found`."""
    which = service_requests.c.id == id_
    found = db.execute(select(service_requests).where(which).with_for_update()).one_or_none()
    if found is None:
        raise unknown_request(id_)
    return found


def unknown_request(id_: UUID) -> Permanent:
    return Permanent("not_found", f"there is no service request {id_}")


def last_call(db: Connection, id_: UUID) -> Row[Any] | None:
    """The call without an end, else the one that began last."""
    calls = select(booking_calls).where(booking_calls.c.request_id == id_)
    order = (booking_calls.c.ended_at.is_(None).desc(), booking_calls.c.begun_at.desc())
    return db.execute(calls.order_by(*order).limit(1)).one_or_none()


def call_of(db: Connection, attempt: Attempt, id_: UUID, run_id: str) -> Row[Any]:
    """The call of a run; `conflict` when it made none, or made it in another mode.

    What a simulation makes up never becomes the end of a real call (X14). One that nobody made can
    be ended in every mode.
    """
    found = db.execute(
        select(booking_calls).where(
            booking_calls.c.run_id == UUID(run_id), booking_calls.c.request_id == id_
        )
    ).one_or_none()
    if found is None:
        raise Permanent("conflict", f"the run {run_id} does not book for the request {id_}")
    if found.mode not in {attempt.mode, "simulate"}:
        raise Permanent("conflict", f"the booking of run {run_id} is in mode {found.mode}")
    return found


def open_call(db: Connection, attempt: Attempt, id_: UUID, run_id: str) -> Row[Any]:
    call = call_of(db, attempt, id_, run_id)
    refuse_ended(call)
    return call


def refuse_ended(call: Row[Any]) -> None:
    if call.ended_at is not None:
        raise Permanent("conflict", f"the booking of run {call.run_id} is over: {call.result}")


def change_call(db: Connection, call: Row[Any], **values: Any) -> None:
    own = booking_calls.c.run_id == call.run_id
    db.execute(update(booking_calls).where(own).values(**values))


def set_request(db: Connection, clock: Clock, id_: UUID, **values: Any) -> None:
    own = service_requests.c.id == id_
    db.execute(update(service_requests).where(own).values(**values, updated_at=clock.now()))
