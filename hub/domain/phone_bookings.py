"""Booking by phone: RECOMMENDED → BOOKING → COMPLETED, BOOKING → RECOMMENDED, and nothing else.

RECOMMENDED → BOOKING and the call that the run will make are one transaction, so a request is
BOOKING exactly while one call has no end, and whoever clicks again is told of that call's run
(C-18, X16). Only the run that began ends it, or the watchdog in its name: everything else is
`conflict`. What nobody knows stays BOOKING with a doubt, and nobody dials again (X15).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection, insert, select, update

from hub.action import Attempt, Clock, action
from hub.domain.dialling import is_named, number_to_dial
from hub.domain.request_rows import (
    RequestStatus,
    call_of,
    change_call,
    last_call,
    lock_request,
    open_call,
    refuse_ended,
    set_request,
)
from hub.errors import Permanent
from hub.signature import Phone
from hub.storage.tables import booking_calls, providers

log = logging.getLogger(__name__)

NoBooking = Literal["declined", "unreached", "failed"]

LEASE = timedelta(minutes=10)  # a call lasts 5 minutes at most; then somebody looks (X11)


@dataclass(frozen=True)
class BookingRun:
    """Whether this run may book; if not, which run does, or did."""

    started: bool
    run_id: str
    status: RequestStatus


@dataclass(frozen=True)
class Dialling:
    """Whom to call; without a number nobody is called."""

    to: Phone | None = None


@dataclass(frozen=True)
class Changed:
    """Where the request stands now, and whether this step brought it there."""

    status: RequestStatus
    changed: bool


@dataclass(frozen=True)
class Completed:
    """Where the request stands now. Without a date or a time it is not `confirmed` (X14)."""

    status: RequestStatus
    changed: bool
    confirmed: bool


@action(
    "service_requests.begin_booking",
    effect="idempotent",
    errors=("not_found", "unknown_provider", "other_phone"),
    example={"started": True, "run_id": "run-1", "status": "BOOKING"},
)
def begin_booking(
    db: Connection,
    clock: Clock,
    attempt: Attempt,
    *,
    id_: UUID,
    run_id: str,
    provider_id: UUID,
    provider_phone: Phone,
    customer_phone: Phone | None = None,
) -> BookingRun:
    """RECOMMENDED to BOOKING, remembering the run; if it is BOOKING already: which run.

    The provider must be one of the request, with that phone: nobody else is called in its name.
    """
    request = lock_request(db, id_)
    own = UUID(run_id)
    if request.status != "RECOMMENDED":
        last = last_call(db, id_)
        run = own if last is None else last.run_id
        return BookingRun(request.status == "BOOKING" and run == own, str(run), request.status)
    provider = db.execute(
        select(providers).where(providers.c.id == provider_id, providers.c.request_id == id_)
    ).one_or_none()
    if provider is None:
        raise Permanent("unknown_provider", f"{provider_id} is not recommended for {id_}")
    if provider.phone != provider_phone:
        raise Permanent("other_phone", f"the provider {provider_id} has another phone")
    now = clock.now()
    db.execute(
        insert(booking_calls).values(
            run_id=own,
            request_id=id_,
            provider_id=provider_id,
            mode=attempt.mode,
            customer_phone=customer_phone,
            begun_at=now,
            lease_until=now + LEASE,
        )
    )
    set_request(db, clock, id_, status="BOOKING")
    return BookingRun(started=True, run_id=str(own), status="BOOKING")


@action(
    "service_requests.plan_call",
    effect="idempotent",
    errors=("not_found", "conflict"),
    example={"to": "+13105550000"},
)
def plan_call(
    db: Connection,
    clock: Clock,
    attempt: Attempt,
    *,
    id_: UUID,
    run_id: str,
    test_phones: Sequence[Phone] = (),
) -> Dialling:
    """Decide whom the booking call reaches, keep it, and say so in the log (C-08 to C-11)."""
    lock_request(db, id_)
    call = open_call(db, attempt, id_, run_id)
    query = select(providers.c.phone).where(providers.c.id == call.provider_id)
    original: str = db.execute(query).scalar_one()
    dialled = number_to_dial(attempt.mode, original, test_phones)
    change_call(db, call, dialled=dialled, lease_until=clock.now() + LEASE)
    log.info(
        "booking call",
        extra={
            "mode": attempt.mode,
            "original_phone": original,
            "dialled_phone": dialled,
            "is_live": attempt.mode == "live",
            "run_id": run_id,
        },
    )
    return Dialling(dialled)


@action(
    "service_requests.note_call",
    effect="idempotent",
    errors=("not_found", "conflict"),
    example={"status": "BOOKING", "changed": True},
)
def note_call(
    db: Connection, clock: Clock, attempt: Attempt, *, id_: UUID, run_id: str, call_id: str
) -> Changed:
    """Keep the id that the voice platform gave the call, to ask for it later."""
    request = lock_request(db, id_)
    call = open_call(db, attempt, id_, run_id)
    change_call(db, call, call_id=call_id, lease_until=clock.now() + LEASE)
    return Changed(request.status, changed=call.call_id != call_id)


# --------------------------------------------------------------------------------- how a call ended


@action(
    "service_requests.complete_booking",
    effect="idempotent",
    errors=("not_found", "conflict"),
    example={"status": "COMPLETED", "changed": True, "confirmed": True},
)
def complete_booking(
    db: Connection,
    clock: Clock,
    attempt: Attempt,
    *,
    id_: UUID,
    run_id: str,
    booking_date: str,
    booking_time: str,
    final_outcome: str,
    confirmation_number: str | None = None,
    call_transcript: str | None = None,
) -> Completed:
    """Store the booking on provider and request, BOOKING to COMPLETED, in one transaction.

    Without a date or a time what was said is stored all the same, but it is no booking: the
    request stays BOOKING (C-13, C-14, X14). A booking that is stored already changes nothing.
    """
    request = lock_request(db, id_)
    call = call_of(db, attempt, id_, run_id)
    if call.result == "confirmed":
        return Completed(request.status, changed=False, confirmed=True)
    refuse_ended(call)
    now = clock.now()
    is_booking = is_named(booking_date) and is_named(booking_time)
    db.execute(
        update(providers)
        .where(providers.c.id == call.provider_id)
        .values(
            booking_confirmed=is_booking,
            booking_date=booking_date,
            booking_time=booking_time,
            confirmation_number=confirmation_number,
            booking_method="simulated" if call.mode == "simulate" else "voice_call",
            last_call_at=now,
            call_transcript=call_transcript,
            mode=call.mode,
        )
    )
    if not is_booking:
        return Completed(request.status, changed=False, confirmed=False)
    change_call(db, call, ended_at=now, result="confirmed", doubt=None)
    set_request(
        db,
        clock,
        id_,
        status="COMPLETED",
        selected_provider_id=call.provider_id,
        final_outcome=final_outcome,
    )
    log.info("booked by phone", extra={"run_id": run_id, "mode": call.mode})
    return Completed("COMPLETED", changed=True, confirmed=True)


@action(
    "service_requests.reopen",
    effect="idempotent",
    errors=("not_found", "conflict"),
    example={"status": "RECOMMENDED", "changed": True},
)
def reopen(
    db: Connection,
    clock: Clock,
    attempt: Attempt,
    *,
    id_: UUID,
    run_id: str,
    result: NoBooking = "failed",
) -> Changed:
    """BOOKING back to RECOMMENDED, so that the customer can choose again (C-16).

    A call that has its end already changes nothing, whatever runs for the request now.
    """
    request = lock_request(db, id_)
    call = call_of(db, attempt, id_, run_id)
    if call.ended_at is not None:
        return Changed(request.status, changed=False)
    now = clock.now()
    change_call(db, call, ended_at=now, result=result, doubt=None)
    if call.call_id is not None:
        db.execute(
            update(providers).where(providers.c.id == call.provider_id).values(last_call_at=now)
        )
    set_request(db, clock, id_, status="RECOMMENDED")
    log.info("no booking by phone", extra={"run_id": run_id, "result": result, "mode": call.mode})
    return Changed("RECOMMENDED", changed=True)


@action(
    "service_requests.doubt",
    effect="idempotent",
    errors=("not_found", "conflict"),
    example={"status": "BOOKING", "changed": True},
)
def doubt(
    db: Connection,
    clock: Clock,
    attempt: Attempt,
    *,
    id_: UUID,
    run_id: str,
    why: str,
    look_after: timedelta,
) -> Changed:
    """Note that nobody knows how the call ended; the watchdog looks after this time (X15).

    `changed` is true for the first doubt about a call, so that people hear of it once.
    """
    request = lock_request(db, id_)
    call = call_of(db, attempt, id_, run_id)
    if call.ended_at is not None:
        return Changed(request.status, changed=False)
    until, looks = clock.now() + look_after, call.looks + 1
    change_call(db, call, doubt=why, lease_until=until, looks=looks)
    return Changed(request.status, changed=call.doubt is None)
