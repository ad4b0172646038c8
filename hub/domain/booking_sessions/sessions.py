"""Booking sessions for workflows and their callers: looked at, handed over, cancelled, settled.

The row is the one truth: whoever learns of an end writes it here first, and says so after it. Each
function is one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, delete, or_, select

from hub.action import Attempt, Clock, action
from hub.domain.booking_sessions import rows
from hub.domain.booking_sessions.rows import Session, whole_seconds
from hub.domain.booking_sessions.states import (
    Outcome,
    State,
    at_deadline,
    goes_on_without_browser,
    is_lost,
    is_over,
    verdict,
)
from hub.errors import Permanent
from hub.storage.tables import booking_sessions as sessions

Told = Literal["success", "payment_failed", "slot_unavailable", "error"]
Teller = Literal["platform", "recheck", "mail", "operator"]

KEPT_AT_LEAST = timedelta(hours=24)  # so long everybody can read how it ended (X19)
_MOST = 200
_ID = "018f3c5e-0000-7000-8000-000000000001"


@dataclass(frozen=True)
class Confirmation:
    """What was booked, as far as anybody said."""

    appointment_time: datetime
    confirmation_number: str | None = None
    provider: str | None = None
    service: str | None = None


@dataclass(frozen=True)
class Facts:
    """A session as callers see it (B-15); the page's address stays inside (B-26)."""

    session_id: str
    state: State
    expires_at: datetime
    created_at: datetime
    updated_at: datetime
    outcome: Outcome | None = None
    error: str | None = None
    confirmation: Confirmation | None = None
    handoff_url: str | None = None
    queue_position: int | None = None
    completed_at: datetime | None = None


@dataclass(frozen=True)
class HandedOver:
    """Where the lead pays, and how long that is good."""

    handoff_url: str
    state: State
    expires_at: datetime
    time_left: timedelta


@dataclass(frozen=True)
class Report:
    """What a report did. `closed`: it ended the session; `contradicts`: another end stands."""

    session_id: str
    state: State
    closed: bool
    contradicts: bool
    outcome: Outcome | None = None


@dataclass(frozen=True)
class Closed:
    """A session that ended by itself."""

    session_id: str
    state: State
    outcome: Outcome


@dataclass(frozen=True)
class Settled:
    """Which sessions ended just now."""

    sessions: list[Closed]
    count: int


@dataclass(frozen=True)
class Removed:
    """How many went."""

    count: int


_OPEN_FACTS = {
    "session_id": _ID,
    "state": "monitoring",
    "expires_at": "2026-02-05T15:15:00Z",
    "created_at": "2026-02-05T15:00:00Z",
    "updated_at": "2026-02-05T15:01:00Z",
    "handoff_url": "https://clinic.example.com/pay/1",
}


@action("booking_sessions.get", effect="read", errors=("not_found",), example=_OPEN_FACTS)
def get(db: Connection, *, session_id: str) -> Facts:
    """Read a booking session; nothing is changed by looking (X21)."""
    return _facts(db, rows.read(db, session_id))


@action(
    "booking_sessions.hand_over",
    effect="idempotent",
    errors=("not_found", "not_ready", "already_handed_over", "session_is_over"),
    example={
        "handoff_url": "https://clinic.example.com/pay/1",
        "state": "monitoring",
        "expires_at": "2026-02-05T15:15:00Z",
        "time_left": "14m",
    },
)
def hand_over(db: Connection, clock: Clock, attempt: Attempt, *, session_id: str) -> HandedOver:
    """Hand the payment page to the lead, once; from now on the outcome is watched (B-07, X21).

    The same step again gives the same; another one is `already_handed_over`.
    """
    now = clock.now()
    session = rows.lock_open(db, session_id)
    if session.expires_at <= now:
        raise Permanent(rows.OVER, "the session has expired")
    if session.handed_over_at is None:
        if session.state != "ready_for_handoff":
            raise Permanent("not_ready", f"the session is {session.state}: nothing to hand over")
        given = {"handed_over_at": now, "handed_over_by": attempt.key}
        session = rows.move(db, session, now, "monitoring", why="handed over to the lead", **given)
    elif session.handed_over_by != attempt.key:
        raise Permanent("already_handed_over", "the payment page was handed over before")
    url, until = str(session.handoff_url), session.expires_at
    return HandedOver(url, session.state, until, time_left=whole_seconds(until - now))


@action(
    "booking_sessions.cancel",
    effect="idempotent",
    errors=("not_found", "session_is_over"),
    example={**_OPEN_FACTS, "state": "cancelled", "outcome": "cancelled"},
)
def cancel(db: Connection, clock: Clock, attempt: Attempt, *, session_id: str) -> Facts:
    """End a session that goes on; one that was cancelled before stays so (B-16)."""
    session = rows.lock(db, session_id)
    if session.state == "cancelled":
        return _facts(db, session)
    if is_over(session.state):
        raise Permanent(rows.OVER, f"the session is {session.state} already")
    why = f"cancelled by {attempt.workflow}"
    return _facts(db, rows.end(db, session, clock.now(), "cancelled", why=why))


@action(
    "booking_sessions.close",
    effect="idempotent",
    errors=("not_found",),
    example={**_OPEN_FACTS, "state": "abandoned", "outcome": "timeout"},
)
def close(
    db: Connection,
    clock: Clock,
    *,
    session_id: str,
    outcome: Literal["timeout", "cancelled", "error"] = "timeout",
    why: str | None = None,
) -> Facts:
    """End a session that still goes on, and read how it ended; an end is never changed (B-04).

    `timeout`: as the deadline leaves it, `payment_failed` after a declined card (X22).
    """
    session = rows.lock(db, session_id)
    if not is_over(session.state):
        over = at_deadline(session.declines)
        is_late = outcome == "timeout"
        session = rows.end(
            db,
            session,
            clock.now(),
            over.outcome if is_late else outcome,
            why=why or (over.why if is_late else f"closed: {outcome}"),
        )
    return _facts(db, session)


@action(
    "booking_sessions.report",
    effect="idempotent",
    errors=("not_found", "not_ready"),
    example={
        "session_id": _ID,
        "state": "completed",
        "outcome": "success",
        "closed": True,
        "contradicts": False,
    },
)
def report(
    db: Connection,
    clock: Clock,
    attempt: Attempt,
    *,
    session_id: str,
    outcome: Told,
    teller: Teller,
    evidence: str,
    confirmation_number: str | None = None,
    appointment_time: datetime | None = None,
    provider: str | None = None,
    service: str | None = None,
) -> Report:
    """Take down what somebody who can know it says of the outcome (X20).

    A declined card is noted and ends nothing: the lead may try another (X22). An end is never
    changed: the same again is nothing new, and what contradicts it is kept in the history.
    """
    now = clock.now()
    session = rows.lock(db, session_id)
    proof = {"teller": teller, "said": evidence, "outcome": outcome}
    if is_over(session.state):
        return _told_late(db, session, now, proof)
    if outcome in {"success", "payment_failed"} and session.handoff_url is None:
        raise Permanent("not_ready", f"the session is {session.state}: nobody can have paid yet")
    if outcome == "payment_failed":
        declined = rows.store(db, session, now, {"declines": session.declines + 1})
        rows.note(db, declined, now, why="a card was declined", evidence=proof)
        return _reported(declined, closed=False)
    if outcome == "success" and session.state == "ready_for_handoff":  # quicker than our message
        session = _paid_before_hand_over(db, session, now, attempt)
    told = {
        "evidence": proof,
        "confirmation_number": confirmation_number,
        "appointment_at": appointment_time,
        "provider": provider or session.provider,
        "service": service or session.service,
    }
    ended = rows.end(db, session, now, outcome, why=f"{teller}: {outcome}", **told)
    return _reported(ended, closed=True)


@action(
    "booking_sessions.settle_overdue",
    effect="idempotent",
    example={"sessions": [], "count": 0},
)
def settle_overdue(db: Connection, clock: Clock) -> Settled:
    """End what goes on past its deadline or without its browser (X18, X19, B-20)."""
    now = clock.now()
    is_due = or_(
        sessions.c.expires_at <= now,
        sessions.c.lease_until <= now,
        (sessions.c.state == "created") & (sessions.c.start_by <= now),
    )
    query = select(sessions.c.id).where(sessions.c.outcome.is_(None), is_due).limit(_MOST)
    found = rows.lock_all(db, db.scalars(query))
    ended = [each for session in found if (each := _settled(db, session, now)) is not None]
    return Settled(ended, len(ended))


@action(
    "booking_sessions.remove_old",
    effect="idempotent",
    errors=("invalid_input",),
    example={"count": 0},
)
def remove_old(db: Connection, clock: Clock, *, older_than: timedelta) -> Removed:
    """Remove sessions that ended longer ago than that, with all they knew of a person (B-26).

    Raises `Permanent("invalid_input")` for less than 24 hours: so long everybody may ask (X19).
    """
    if older_than < KEPT_AT_LEAST:
        raise Permanent("invalid_input", "sessions stay readable for 24 hours at least")
    old = sessions.c.completed_at < clock.now() - older_than
    some = select(sessions.c.id).where(old).order_by(sessions.c.completed_at).limit(_MOST)
    gone = db.execute(delete(sessions).where(sessions.c.id.in_(some)))
    return Removed(gone.rowcount)


# ---------------------------------------------------------------------------------------- insides


def _facts(db: Connection, session: Session) -> Facts:
    booked = None
    if session.outcome == "success":
        booked = Confirmation(
            appointment_time=session.appointment_at or session.starts_at,
            confirmation_number=session.confirmation_number,
            provider=session.provider,
            service=session.service,
        )
    return Facts(
        session_id=str(session.id),
        state=session.state,
        expires_at=session.expires_at,
        created_at=session.created_at,
        updated_at=session.updated_at,
        outcome=session.outcome,
        error=session.error_message,
        confirmation=booked,
        handoff_url=session.handoff_url,
        queue_position=rows.position(db, session),
        completed_at=session.completed_at,
    )


def _paid_before_hand_over(
    db: Connection, session: Session, now: datetime, attempt: Attempt
) -> Session:
    given = {"handed_over_at": now, "handed_over_by": attempt.key}
    return rows.move(db, session, now, "monitoring", why="paid before the hand-over", **given)


def _told_late(db: Connection, session: Session, now: datetime, proof: dict[str, str]) -> Report:
    """A report about a session that is over: a repetition, or news that somebody must look at."""
    if session.outcome == proof["outcome"]:
        return _reported(session, closed=False)
    rows.note(db, session, now, why=f"told after the end: {proof['outcome']}", evidence=proof)
    return _reported(session, closed=False, contradicts=True)


def _reported(session: Session, *, closed: bool, contradicts: bool = False) -> Report:
    return Report(str(session.id), session.state, closed, contradicts, session.outcome)


def _settled(db: Connection, session: Session, now: datetime) -> Closed | None:
    over = verdict(session.standing, now)
    if over is not None:
        ended = rows.end(db, session, now, over.outcome, why=over.why)
        return Closed(str(ended.id), ended.state, over.outcome)
    if is_lost(session.standing, now) and goes_on_without_browser(session.standing):
        free = {"seat": None, "owner": None, "lease_until": None}
        freed = rows.store(db, session, now, free)
        rows.note(db, freed, now, why="the browser is gone; the lead's own page goes on")
    return None
