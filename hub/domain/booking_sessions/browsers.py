"""Sessions as browser workers see them: claimed in turn, kept by a lease, told by who has them.

At most N have a browser at once, because each has a seat of its own and there are N (B-18). Every
change carries the token of its claim: whoever was frozen and woken changes nothing (X18).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, select, text

from hub.action import Clock
from hub.domain.booking_sessions import rows
from hub.domain.booking_sessions.rows import Session
from hub.domain.booking_sessions.states import Outcome, Source
from hub.errors import Permanent
from hub.storage import events
from hub.storage.tables import booking_sessions as sessions
from hub.values import origin_of

LEASE = timedelta(seconds=30)
LOST = "lost_session"
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(7213904655134)")
_FREE_SEAT = text(
    "SELECT min(n) FROM generate_series(1, :seats) AS n"
    " WHERE NOT EXISTS (SELECT FROM booking_sessions WHERE seat = n)"
)
_MOST = 100


@dataclass(frozen=True)
class Claim:
    """A session in the hands of one worker, until another claim has a larger token."""

    session: Session
    token: int


def claim(
    db: Connection,
    clock: Clock,
    *,
    owner: str,
    seats: int,
    lease: timedelta = LEASE,
    test_origins: Sequence[str] = (),
    mock_origin: str | None = None,
) -> Claim | None:
    """The session that waits longest, now `navigating`; None without one, or without a free seat.

    In mode `test` only pages of `test_origins` are opened, in `simulate` none (D10) but the mock
    page of a demonstration, which books nothing.
    """
    db.execute(_ONE_AT_A_TIME)
    now = clock.now()
    seat = db.scalar(_FREE_SEAT, {"seats": seats})
    if seat is None:
        return None
    is_possible = and_(sessions.c.start_by > now, sessions.c.starts_at > now)  # still (X24)
    is_next = and_(sessions.c.state == "created", is_possible, *_opened(mock_origin))
    query = select(*rows.COLUMNS).where(is_next).order_by(sessions.c.number).limit(_MOST)
    waiting = db.execute(query.with_for_update(skip_locked=True)).mappings()
    listed = {
        "test": {*map(origin_of, test_origins), mock_origin},
        "simulate": {mock_origin},
    }
    chosen = next((each for each in map(rows.as_session, waiting) if _may_open(each, listed)), None)
    if chosen is None:
        return None
    taken = {"seat": seat, "owner": owner, "lease_until": now + lease, "token": chosen.token + 1}
    moved = rows.move(db, chosen, now, "navigating", why=f"{owner} opens the page", **taken)
    return Claim(moved, moved.token)


def renew(db: Connection, clock: Clock, claimed: Claim, *, lease: timedelta = LEASE) -> Session:
    """Keep the session; raises `Permanent("lost_session")` when it is another's, or is over."""
    session, now = _mine(db, claimed), clock.now()
    return rows.store(db, session, now, {"lease_until": now + lease})


def choose(db: Connection, clock: Clock, claimed: Claim, *, service: str, provider: str) -> Session:
    """Note what was taken on the page: the wish, or the first that was free (B-02)."""
    session, now = _mine(db, claimed), clock.now()
    chosen = rows.store(db, session, now, {"service": service, "provider": provider})
    rows.note(db, chosen, now, why=f"chose {service} with {provider}")
    return chosen


def ready(
    db: Connection,
    clock: Clock,
    claimed: Claim,
    *,
    handoff_url: str,
    page_url: str,
    source: Source | None = None,
) -> Session:
    """The page waits for the payment: steps 1 to 4 are done (B-05).

    `source`: who will see how it ends, as the page's description says (X20).
    """
    session = _mine(db, claimed)
    pages = {
        "handoff_url": handoff_url,
        "page_url": page_url,
        "source": source or session.source,
    }
    why = "the page waits for the payment"
    return rows.move(db, session, clock.now(), "ready_for_handoff", why=why, **pages)


def declined(db: Connection, clock: Clock, claimed: Claim, *, evidence: Mapping[str, Any]) -> None:
    """A card was declined; the lead may try another (X22)."""
    session, now = _mine(db, claimed), clock.now()
    noted = rows.store(db, session, now, {"declines": session.declines + 1})
    rows.note(db, noted, now, why="a card was declined", evidence=evidence)


def finish(
    db: Connection,
    clock: Clock,
    claimed: Claim,
    *,
    outcome: Outcome,
    why: str,
    evidence: Mapping[str, Any] | None = None,
    confirmation_number: str | None = None,
) -> Session:
    """The session ends as its browser saw it; a success needs evidence (X20)."""
    session = _mine(db, claimed)
    told = {"evidence": evidence, "confirmation_number": confirmation_number}
    return rows.end(db, session, clock.now(), outcome, why=why, **told)


def leave(db: Connection, clock: Clock, claimed: Claim) -> None:
    """Give the seat back: the lead is on the platform's own page, which tells the end (X20)."""
    session, now = _mine(db, claimed), clock.now()
    freed = rows.store(db, session, now, {"seat": None, "owner": None, "lease_until": None})
    rows.note(db, freed, now, why="our browser is closed; the lead's own page goes on")


def announce(db: Connection, session: Session) -> None:
    """Wake the session's run: the page is ready, or the session is over.

    Belongs at the end of the transaction that changed the session; the same twice is once.
    """
    is_over = session.outcome is not None
    name = "booking.closed" if is_over else "booking.ready"
    data = {"outcome": session.outcome} if is_over else {"handoffUrl": session.handoff_url}
    path = f"booking_sessions/{session.state}"
    events.emit(db, name=name, key=str(session.id), data=data, run_id=session.id, path=path)


def held_by(db: Connection, owner: str) -> list[UUID]:
    """The sessions that a worker has now."""
    return list(db.scalars(select(sessions.c.id).where(sessions.c.owner == owner)))


def _opened(mock_origin: str | None) -> tuple[ColumnElement[bool], ...]:
    """Sessions of mode `simulate` are not looked at where there is no mock page."""
    return () if mock_origin else (sessions.c.mode != "simulate",)


def _may_open(session: Session, listed: Mapping[str, set[str | None]]) -> bool:
    if session.mode == "live":
        return True
    origin = origin_of(session.booking_url)
    return origin is not None and origin in listed[session.mode]


def _mine(db: Connection, claimed: Claim) -> Session:
    session = rows.lock(db, str(claimed.session.id))
    if session.token != claimed.token or session.owner is None:
        raise Permanent(LOST, "the session is over, or another's")
    return session
