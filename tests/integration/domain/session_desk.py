"""The desk of booking sessions: each thing that is done there is one committed transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, get_args
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine, Row, delete, select

from hub.action import Attempt, Mode
from hub.domain.booking_sessions import browsers, rows, sessions, start
from hub.domain.booking_sessions.browsers import Claim
from hub.domain.booking_sessions.start import BookingLead
from hub.domain.booking_sessions.states import State, is_over
from hub.storage.tables import booking_session_changes, booking_sessions, leads
from tests.fakes.clock import FakeClock

MINUTE = timedelta(minutes=1)
CLINIC = "https://clinic.example.com"
ADA = BookingLead("Ada", "Byron", "+14155550111", "ada@example.com")
STATES = get_args(State)
OPEN = [state for state in STATES if not is_over(state)]
NOBODY = "4a7d1c9e-0000-4000-8000-000000000000"
ENDS = [state for state in STATES if is_over(state)]


def of_run(mode: Mode = "live", run_id: UUID | None = None) -> Attempt:
    return Attempt(run_id=run_id or uuid4(), workflow="booking-session", key=uuid4().hex, mode=mode)


def lead_number(index: int) -> BookingLead:
    """Somebody else each time."""
    return BookingLead("Ada", f"Byron {index}", f"+1415555{index:04}", f"ada{index}@example.com")


class SessionDesk:
    """Everybody who has to do with booking sessions, at the time the clock shows."""

    def __init__(self, engine: Engine, clock: FakeClock) -> None:
        self._engine = engine
        self.clock = clock

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with self._engine.begin() as connection:
            yield connection

    def now(self) -> datetime:
        return self.clock.now()

    def day(self) -> str:
        return (self.now() + timedelta(days=2)).date().isoformat()

    def begin(
        self, lead: BookingLead = ADA, *, by: Attempt | None = None, **given: Any
    ) -> start.Started:
        given = {
            "booking_url": f"{CLINIC}/book",
            "date": self.day(),
            "time": "2:30pm",
            "timezone": "America/New_York",
            "allowed_origins": [CLINIC],
            **given,
        }
        with self.transaction() as db:
            return start.create(db, self.clock, by or of_run(), lead=lead, **given)

    def claim(self, owner: str = "one", seats: int = 5, **given: Any) -> Claim | None:
        with self.transaction() as db:
            return browsers.claim(db, self.clock, owner=owner, seats=seats, **given)

    def claimed(self, **given: Any) -> Claim:
        claim = self.claim(**given)
        assert claim is not None
        return claim

    def ready(self, claim: Claim) -> None:
        with self.transaction() as db:
            url = f"{CLINIC}/pay/{claim.session.number}"
            browsers.ready(db, self.clock, claim, handoff_url=url, page_url=f"{CLINIC}/step5")

    def renew(self, claim: Claim) -> None:
        with self.transaction() as db:
            browsers.renew(db, self.clock, claim)

    def choose(self, claim: Claim, service: str, provider: str) -> None:
        with self.transaction() as db:
            browsers.choose(db, self.clock, claim, service=service, provider=provider)

    def declined(self, claim: Claim) -> None:
        with self.transaction() as db:
            browsers.declined(db, self.clock, claim, evidence={"sign": "Card Declined"})

    def finish(self, claim: Claim, outcome: Any, **given: Any) -> None:
        given = {"why": f"the page says {outcome}", "evidence": {"sign": "seen"}, **given}
        with self.transaction() as db:
            browsers.finish(db, self.clock, claim, outcome=outcome, **given)

    def hand_over(self, session_id: str, by: Attempt | None = None) -> sessions.HandedOver:
        with self.transaction() as db:
            return sessions.hand_over(db, self.clock, by or of_run(), session_id=session_id)

    def cancel(self, session_id: str) -> sessions.Facts:
        with self.transaction() as db:
            return sessions.cancel(db, self.clock, of_run(), session_id=session_id)

    def close(self, session_id: str, **given: Any) -> sessions.Facts:
        with self.transaction() as db:
            return sessions.close(db, self.clock, session_id=session_id, **given)

    def report(self, session_id: str, outcome: Any, **given: Any) -> sessions.Report:
        given = {"teller": "platform", "evidence": "evt_1", **given}
        with self.transaction() as db:
            return sessions.report(
                db, self.clock, of_run(), session_id=session_id, outcome=outcome, **given
            )

    def settle(self) -> list[sessions.Closed]:
        with self.transaction() as db:
            return sessions.settle_overdue(db, self.clock).sessions

    def look(self, session_id: str) -> sessions.Facts:
        with self.transaction() as db:
            return sessions.get(db, session_id=session_id)

    def row(self, session_id: str) -> rows.Session:
        with self.transaction() as db:
            return rows.read(db, session_id)

    def lead(self, lead_id: UUID) -> Row[Any]:
        with self.transaction() as db:
            return db.execute(select(leads).where(leads.c.id == lead_id)).one()

    def history(self, session_id: str) -> list[tuple[str, str]]:
        """State and reason of all entries, in the order of writing."""
        changes = booking_session_changes
        query = select(changes.c.state, changes.c.why).where(
            changes.c.session_id == UUID(session_id)
        )
        with self.transaction() as db:
            return [(row.state, row.why) for row in db.execute(query.order_by(changes.c.id))]

    def forget_everything(self) -> None:
        with self.transaction() as db:
            db.execute(delete(booking_sessions))
            db.execute(delete(leads))

    # --------------------------------------------------------------------------- on the way

    def in_state(self, state: str, lead: BookingLead = ADA, **given: Any) -> str:
        """A session that got as far as that; its browser is `one`'s."""
        session_id = self.begin(lead, **given).session_id
        if state == "created":
            return session_id
        claim = self.claimed()
        if state == "navigating":
            return session_id
        self.ready(claim)
        if state == "ready_for_handoff":
            return session_id
        if state in {"failed", "cancelled"}:
            self.close(session_id, outcome="error" if state == "failed" else "cancelled")
            return session_id
        if state == "abandoned":
            self.close(session_id)
            return session_id
        self.hand_over(session_id)
        if state == "completed":
            self.finish(claim, "success")
        return session_id
