"""The waiting list's rule: a time that is free goes to the first in line who wants it (K-27).

Whoever waits said from when until when they would come. An offer has its seats until it is taken
up or its time is over; then the next in line is asked.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select, update

from hub.domain.bookings import catalog, seats
from hub.domain.bookings.catalog import Offered
from hub.domain.bookings.hours import Span
from hub.domain.bookings.rules import Needs, Seats, choose_seats, free_starts
from hub.storage.tables import waiting
from hub.values import zone


def offer_free(db: Connection, service: Offered, *, now: datetime) -> list[UUID]:
    """Offer what is free to those who wait, the first in line first; gives who got an offer.

    The service and what it needs are locked.
    """
    line = db.execute(
        select(waiting)
        .where(
            waiting.c.service_id == service.id,
            waiting.c.status == "waiting",
            waiting.c.wanted_until > now,
        )
        .order_by(waiting.c.place)
    ).all()
    if not line or not service.is_active:
        return []
    needs = catalog.needs_of(db, service)
    return [each.id for each in line if _offer(db, service, needs, each, now=now)]


def _offer(
    db: Connection, service: Offered, needs: Needs, entry: Row[Any], *, now: datetime
) -> bool:
    found = _first_free(db, service, needs, entry, now=now)
    if found is None:
        return False
    during, chosen = found
    until = min(now + service.offer_for, during.start)
    if until <= now:
        return False
    db.execute(
        update(waiting)
        .where(waiting.c.id == entry.id)
        .values(
            status="offered",
            offered_start=during.start,
            offered_end=during.end,
            offered_until=until,
            announced_at=None,
        )
    )
    holder = seats.Holder(service.tenant_id, waiting_id=entry.id)
    seats.take(db, holder, chosen, during, lapses_at=until)
    return True


def _first_free(
    db: Connection, service: Offered, needs: Needs, entry: Row[Any], *, now: datetime
) -> tuple[Span, Seats] | None:
    """The earliest time within what they want that can be had, with its seats."""
    wanted = Span(max(entry.wanted_from, now), entry.wanted_until)
    there = zone(service.timezone)
    first, last = (each.astimezone(there).date() for each in (wanted.start, wanted.end))
    taken = seats.taken_but_for_lapsed(db, needs, wanted, now=now)
    found = free_starts(
        first,
        last,
        now=now,
        hours=catalog.hours_of(db, service, first, last),
        policy=service.policy,
        needs=needs,
        taken=taken,
    )
    for start in found:
        during = Span(start, start + service.policy.duration)
        if wanted.start <= start and during.end <= wanted.end:
            chosen = choose_seats(needs, taken, during)
            return None if chosen is None else (during, chosen)
    return None
