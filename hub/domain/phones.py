"""The pool of phone numbers: giving one to a lead, taking it back, seeing who holds what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Connection, and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from hub.action import Attempt, Clock, action
from hub.domain import holds
from hub.errors import Permanent
from hub.signature import Phone
from hub.storage.tables import appointments, leads, phone_numbers
from hub.values import normalise_phone

_IS_OPEN = and_(
    appointments.c.lead_id == phone_numbers.c.lead_id, appointments.c.status == "scheduled"
)


@dataclass(frozen=True)
class Assigned:
    """The lead's number; `created` is false when it was the lead's already."""

    phone_id: str
    phone_number: Phone
    release_at: datetime
    created: bool


@dataclass(frozen=True)
class ExpiredPhone:
    """A number whose hold is over."""

    id: str
    number: Phone
    release_at: datetime


@dataclass(frozen=True)
class ExpiredPhones:
    """What the sweep has to release."""

    phones: list[ExpiredPhone]


@dataclass(frozen=True)
class Released:
    """False when the number was free already."""

    released: bool


@dataclass(frozen=True)
class Added:
    """How many numbers are new."""

    added: int


@dataclass(frozen=True)
class NumberOwner:
    """The lead who holds a number, if anybody does."""

    found: bool
    lead_id: UUID | None = None
    first_name: str | None = None
    last_name: str | None = None
    release_at: datetime | None = None


@action(
    "phones.assign",
    effect="idempotent",
    errors=("none_available", "unknown_lead"),
    example={
        "phone_id": "p1",
        "phone_number": "+14155550100",
        "release_at": "2025-10-21T06:00:00Z",
        "created": True,
    },
)
def assign(db: Connection, clock: Clock, attempt: Attempt, *, lead_id: UUID) -> Assigned:
    """Give the lead a number for 18 hours; a lead who holds one keeps it as it is.

    The number that is free for longest is taken; a hold that is over counts as free whether or
    not the sweep came by (X03).
    """
    is_known, now = holds.lock_lead(db, clock, lead_id=lead_id)
    if not is_known:
        raise Permanent("unknown_lead", f"there is no lead {lead_id}")
    own = holds.hold_of(db, lead_id=lead_id)
    if own is not None and own.release_at > now:
        return Assigned(str(own.phone_id), own.number, own.release_at, created=False)
    free = _longest_free(db, now) if own is None else _Free(own.phone_id, own.number, own)
    if free is None:
        raise Permanent("none_available", "every phone number is held for a lead")
    if free.over is not None:
        holds.end_hold(db, clock, attempt, free.over, why="the hold was over")
    hold = holds.start_hold(
        db,
        clock,
        attempt,
        phone_id=free.phone_id,
        number=free.number,
        lead_id=lead_id,
        why="given to the lead",
    )
    return Assigned(str(hold.phone_id), hold.number, hold.release_at, created=True)


@action("phones.list_expired", effect="read", example={"phones": []})
def list_expired(
    db: Connection, *, at: datetime, appointment_grace: timedelta, limit: int = 1000
) -> ExpiredPhones:
    """Numbers whose hold is over, the longest first.

    A number whose lead has an open appointment is not among them until the grace is over, whatever
    its hold says (H-19, H-20).
    """
    held = select(appointments.c.id).where(
        _IS_OPEN, appointments.c.starts_at > at - appointment_grace
    )
    rows = db.execute(
        select(phone_numbers.c.id, phone_numbers.c.number, phone_numbers.c.release_at)
        .where(phone_numbers.c.release_at <= at, ~held.exists())
        .order_by(phone_numbers.c.release_at, phone_numbers.c.number)
        .limit(max(limit, 0))
    )
    return ExpiredPhones([ExpiredPhone(str(row.id), row.number, row.release_at) for row in rows])


@action(
    "phones.release",
    effect="idempotent",
    errors=("hold_changed", "not_found"),
    example={"released": True},
)
def release(
    db: Connection,
    clock: Clock,
    attempt: Attempt,
    *,
    phone_id: str,
    expect_release_at: datetime | None = None,
) -> Released:
    """Return a number to the pool unless its hold changed.

    The rule is asked again under the lock: a hold that goes on is `hold_changed` (D5, H-21).
    """
    if not _exists(db, phone_id):
        raise Permanent("not_found", "there is no such phone number")
    hold = holds.lock_hold(db, phone_numbers.c.id == UUID(phone_id))
    if hold is None:
        return Released(released=False)
    if expect_release_at is not None and hold.release_at != expect_release_at:
        raise Permanent("hold_changed", f"the hold on {hold.number} was extended or renewed")
    if holds.derived_release(db, hold) > clock.now():
        raise Permanent("hold_changed", f"{hold.number} is still held")
    holds.end_hold(db, clock, attempt, hold, why="the hold was over")
    return Released(released=True)


@action(
    "phones.find_lead",
    effect="read",
    errors=("invalid_number",),
    example={
        "found": True,
        "lead_id": "07f26a19-e9dc-422c-b61d-030e3c7971bb",
        "first_name": "Ada",
        "last_name": "Byron",
        "release_at": "2025-10-21T06:00:00Z",
    },
)
def find_lead(db: Connection, *, number: str) -> NumberOwner:
    """Whose number it is, through the whole hold (H-31).

    The number may be written in any way that names its country (D9).
    """
    row = db.execute(
        select(leads.c.id, leads.c.first_name, leads.c.last_name, phone_numbers.c.release_at).where(
            phone_numbers.c.number == _normalised(number), leads.c.id == phone_numbers.c.lead_id
        )
    ).one_or_none()
    if row is None:
        return NumberOwner(found=False)
    return NumberOwner(
        found=True,
        lead_id=row.id,
        first_name=row.first_name,
        last_name=row.last_name,
        release_at=row.release_at,
    )


@action("phones.add", effect="idempotent", errors=("invalid_number",), example={"added": 1})
def add(db: Connection, clock: Clock, *, numbers: list[str]) -> Added:
    """Put numbers into the pool; those that are there already stay as they are.

    They may be written in any way that names their country (D9).
    """
    return Added(add_numbers(db, clock, numbers=numbers))


def add_numbers(db: Connection, clock: Clock, *, numbers: Iterable[str]) -> int:
    """Put numbers into the pool and say how many are new; raises `invalid_number`."""
    added = 0
    for number in numbers:
        row = {"id": uuid4(), "number": _normalised(number), "free_since": clock.now()}
        stored = insert(phone_numbers).values(row).on_conflict_do_nothing()
        added += db.scalar(stored.returning(phone_numbers.c.id)) is not None
    return added


@dataclass(frozen=True)
class _Free:
    """A locked number that can be given away, and the overdue hold on it."""

    phone_id: UUID
    number: str
    over: holds.Hold | None


def _longest_free(db: Connection, now: datetime) -> _Free | None:
    """The number that is free for longest, locked; numbers that others are taking are passed over.

    When all are being taken it waits for them, in one order so that nobody waits in a circle:
    one of them may come back.
    """
    held = select(appointments.c.id).where(_IS_OPEN, appointments.c.hold_until > now)
    is_over = and_(phone_numbers.c.release_at <= now, ~held.exists())
    free = select(phone_numbers).where(or_(phone_numbers.c.lead_id.is_(None), is_over)).limit(1)
    free_since = func.coalesce(phone_numbers.c.release_at, phone_numbers.c.free_since)
    by_age = free.order_by(free_since, phone_numbers.c.number)
    in_line = free.order_by(phone_numbers.c.number)
    with db.begin_nested() as attempted:
        row = db.execute(by_age.with_for_update(skip_locked=True)).mappings().one_or_none()
        if row is None:
            # A number that was taken a moment ago stays locked by the look at it: let go of those
            # before waiting, or two who wait could each hold what the other waits for.
            attempted.rollback()
    if row is None:
        row = db.execute(in_line.with_for_update()).mappings().one_or_none()
    if row is None:
        return None
    over = None if row["lead_id"] is None else holds.as_hold(row)
    return _Free(row["id"], row["number"], over)


def _exists(db: Connection, phone_id: str) -> bool:
    try:
        wanted = UUID(phone_id)
    except ValueError:
        return False
    return db.scalar(select(phone_numbers.c.id).where(phone_numbers.c.id == wanted)) is not None


def _normalised(number: str) -> str:
    try:
        return normalise_phone(number)
    except ValueError as wrong:
        raise Permanent("invalid_number", str(wrong)) from wrong
