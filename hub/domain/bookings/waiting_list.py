"""The waiting list of a service: join it, take up what is offered, or leave (K-27).

A time that gets free is held for the first in line until the offer is over; a flow tells them. Who
does not answer has had their turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, insert, or_, select, update

from hub.action import Attempt, Clock, action
from hub.domain.bookings import catalog, job_rows, offers, seats
from hub.domain.bookings.catalog import Offered
from hub.domain.bookings.contacts import Client
from hub.domain.bookings.hours import Span
from hub.domain.bookings.job_rows import PENDING, NewJob
from hub.domain.bookings.jobs import Job, as_job
from hub.errors import Permanent
from hub.signature import Email
from hub.storage.tables import waiting

WaitingStatus = Literal["waiting", "offered", "booked", "left", "lapsed"]

LONGEST = timedelta(days=60)  # that one entry may ask for
_ENTRY = "88888888-8888-4888-8888-888888888888"


@dataclass(frozen=True)
class Joined:
    """Where somebody stands; one who could be served at once has an offer already."""

    id: UUID
    status: WaitingStatus
    ahead: int


@dataclass(frozen=True)
class Offer:
    """A time that is held for somebody until `offered_until`."""

    id: UUID
    service_id: UUID
    service_name: str
    tenant_id: UUID
    timezone: str
    client_name: str
    client_email: Email
    start: datetime
    end: datetime
    offered_until: datetime
    client_phone: str | None = None
    client_timezone: str | None = None


@dataclass(frozen=True)
class Offers:
    """Those that nobody was told of yet."""

    offers: list[Offer]


@dataclass(frozen=True)
class NewOffers:
    """How many were made."""

    offered: int


@dataclass(frozen=True)
class Announced:
    """Whether it was new."""

    is_new: bool


@dataclass(frozen=True)
class Left:
    """Where the entry stands now."""

    id: UUID
    status: WaitingStatus


@action(
    "waiting_list.join",
    effect="keyed",
    errors=("not_found", "inactive", "invalid_range"),
    example={"id": _ENTRY, "status": "waiting", "ahead": 2},
)
def join(
    db: Connection,
    clock: Clock,
    attempt: Attempt,
    *,
    service_id: UUID,
    client: Client,
    wanted_from: datetime,
    wanted_until: datetime,
) -> Joined:
    """Wait for a time of a service between two instants, 60 days at most.

    What is free already is offered at once. The same client waits for the same service once: asking
    again changes what they want, not their place in the line.
    """
    service = catalog.offered(db, service_id)
    if not service.is_active:
        raise Permanent("inactive", f"{service.name} cannot be booked at present")
    now = clock.now()
    wanted = Span(max(wanted_from, now), wanted_until)
    if not timedelta(0) < wanted.end - wanted.start <= LONGEST:
        raise Permanent("invalid_range", "ask for a time to come, and for 60 days at most")
    catalog.lock(db, service, catalog.needs_of(db, service))
    entry_id = _put(db, attempt, service, client, wanted, now=now)
    offers.offer_free(db, service, now=now)
    entry = _find(db, entry_id)
    before = waiting.c.place < entry.place
    in_line = (waiting.c.service_id == service.id, waiting.c.status == "waiting", before)
    ahead = db.execute(select(waiting.c.id).where(*in_line)).all()
    return Joined(entry.id, entry.status, len(ahead) if entry.status == "waiting" else 0)


@action(
    "waiting_list.accept",
    effect="keyed",
    errors=("not_found", "conflict"),
    example={
        "id": "44444444-4444-4444-8444-444444444444",
        "status": "scheduled",
        "start": "2025-11-20T10:00:00Z",
        "end": "2025-11-20T11:00:00Z",
        "version": 1,
        "created": True,
    },
)
def accept(
    db: Connection, clock: Clock, attempt: Attempt, *, entry_id: UUID, offered_until: datetime
) -> Job:
    """Take up the offer that ends then: the time that was held becomes a job, with its seats.

    Once more gives the same job. An offer that is over, or was never made, is `conflict`.
    """
    service = catalog.offered(db, _find(db, entry_id).service_id)
    catalog.lock(db, service, catalog.needs_of(db, service))
    entry, now = _lock(db, entry_id), clock.now()
    if entry.offered_until != offered_until:
        raise Permanent("conflict", "this is no offer that is made now")
    if entry.status == "booked":
        return as_job(job_rows.find(db, entry.job_id), created=False)
    if entry.status != "offered" or entry.offered_until <= now:
        raise Permanent("conflict", f"there is no offer any more: the entry is {entry.status}")
    status: Literal["pending-confirmation", "scheduled"] = (
        PENDING if service.require_confirmation else "scheduled"
    )
    during = Span(entry.offered_start, entry.offered_end)
    client = Client(
        entry.client_name, entry.client_email, entry.client_phone, entry.client_timezone
    )
    new = NewJob(client, during, status, "waiting-list")
    job = job_rows.create(db, attempt, service, new, now=now)
    seats.hand_over(db, waiting_id=entry.id, job_id=job.id, lapses_at=job.decide_by)
    db.execute(
        update(waiting).where(waiting.c.id == entry.id).values(status="booked", job_id=job.id)
    )
    return as_job(job)


@action(
    "waiting_list.leave",
    effect="idempotent",
    errors=("not_found", "conflict"),
    example={"id": _ENTRY, "status": "left"},
)
def leave(db: Connection, clock: Clock, *, entry_id: UUID) -> Left:
    """Leave the line; what was offered goes to the next one. Who has a job cancels that instead."""
    service = catalog.offered(db, _find(db, entry_id).service_id)
    catalog.lock(db, service, catalog.needs_of(db, service))
    entry = _lock(db, entry_id)
    if entry.status == "booked":
        raise Permanent("conflict", "this offer was taken up: it is a job now")
    if entry.status in ("waiting", "offered"):
        seats.free(db, seats.Holder(entry.tenant_id, waiting_id=entry.id))
        db.execute(update(waiting).where(waiting.c.id == entry.id).values(status="left"))
        offers.offer_free(db, service, now=clock.now())
    return Left(entry.id, _find(db, entry_id).status)


@action("waiting_list.offer_free", effect="idempotent", example={"offered": 0})
def offer_free(db: Connection, clock: Clock, *, limit: int = 100) -> NewOffers:
    """Offer what is free to whoever waits, first to who was there first.

    What a job of the same service frees is offered with it; this finds the rest: what another
    service leaves of a shared resource, and what somebody did not take up in time.
    """
    now = clock.now()
    in_line = db.scalars(
        select(waiting.c.service_id)
        .where(
            or_(
                waiting.c.status == "waiting",
                (waiting.c.status == "offered") & (waiting.c.offered_until <= now),
            )
        )
        .distinct()
        .order_by(waiting.c.service_id)
        .limit(max(limit, 0))
    ).all()
    made = 0
    for service_id in in_line:
        service = catalog.offered(db, service_id)
        needs = catalog.needs_of(db, service)
        catalog.lock(db, service, needs)
        seats.lapse_all(db, needs[0], now=now)
        made += len(offers.offer_free(db, service, now=now))
    return NewOffers(made)


@action("waiting_list.untold", effect="read", example={"offers": []})
def untold(db: Connection, clock: Clock, *, limit: int = 100) -> Offers:
    """The offers that nobody was told of yet, in the order of the line."""
    rows = db.execute(
        select(waiting)
        .where(
            waiting.c.status == "offered",
            waiting.c.announced_at.is_(None),
            waiting.c.offered_until > clock.now(),
        )
        .order_by(waiting.c.place)
        .limit(max(limit, 0))
    )
    return Offers([_offer(catalog.offered(db, row.service_id), row) for row in rows])


@action(
    "waiting_list.announced",
    effect="idempotent",
    example={"is_new": True},
)
def announced(
    db: Connection, clock: Clock, *, entry_id: UUID, offered_until: datetime
) -> Announced:
    """Note that whoever got this offer was told of it."""
    told = db.execute(
        update(waiting)
        .where(
            waiting.c.id == entry_id,
            waiting.c.offered_until == offered_until,
            waiting.c.announced_at.is_(None),
        )
        .values(announced_at=clock.now())
    )
    return Announced(is_new=told.rowcount > 0)


def _put(
    db: Connection,
    attempt: Attempt,
    service: Offered,
    client: Client,
    wanted: Span,
    *,
    now: datetime,
) -> UUID:
    """The client's entry for this service, new or as it stands in the line already."""
    values = {
        "wanted_from": wanted.start,
        "wanted_until": wanted.end,
        "client_name": client.name,
        "client_phone": client.phone,
        "client_timezone": client.timezone,
    }
    known = db.execute(
        update(waiting)
        .where(
            waiting.c.service_id == service.id,
            waiting.c.status == "waiting",
            waiting.c.client_email == client.email,
        )
        .values(values)
        .returning(waiting.c.id)
    ).first()
    if known is not None:
        return UUID(str(known.id))
    made: UUID = db.execute(
        insert(waiting)
        .values(
            id=uuid4(),
            tenant_id=service.tenant_id,
            service_id=service.id,
            client_email=client.email,
            key=attempt.key,
            run_id=attempt.run_id,
            mode=attempt.mode,
            created_at=now,
            **values,
        )
        .returning(waiting.c.id)
    ).scalar_one()
    return made


def _offer(service: Offered, row: Row[Any]) -> Offer:
    return Offer(
        id=row.id,
        service_id=service.id,
        service_name=service.name,
        tenant_id=row.tenant_id,
        timezone=service.timezone,
        client_name=row.client_name,
        client_email=row.client_email,
        start=row.offered_start,
        end=row.offered_end,
        offered_until=row.offered_until,
        client_phone=row.client_phone,
        client_timezone=row.client_timezone,
    )


def _find(db: Connection, entry_id: UUID) -> Row[Any]:
    return _one(db.execute(select(waiting).where(waiting.c.id == entry_id)).one_or_none())


def _lock(db: Connection, entry_id: UUID) -> Row[Any]:
    wanted = select(waiting).where(waiting.c.id == entry_id).with_for_update()
    return _one(db.execute(wanted).one_or_none())


def _one(row: Row[Any] | None) -> Row[Any]:
    if row is None:
        raise Permanent("not_found", "there is no such entry of a waiting list")
    return row
