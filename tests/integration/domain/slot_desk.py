"""The desk at which mechanics' time is given away: each deed is one committed transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine, Row, select

from hub.domain import mechanics, session_changes, sessions, slot_monitor, slots
from hub.domain.seats import Slot
from hub.storage.tables import sessions as session_table
from hub.storage.tables import slot_reservations
from tests.fakes.clock import FakeClock
from tests.integration.domain.desk import attempt

HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
LENGTH = timedelta(minutes=45)
NOBODY = "7d3c5f0a-0000-4a55-8c9d-0a51d5a1b001"


class SlotDesk:
    """Somebody who books mechanics, at the time the clock shows."""

    def __init__(self, engine: Engine, clock: FakeClock) -> None:
        self._engine = engine
        self.clock = clock
        self.mechanic = uuid4()
        self.customer = uuid4()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with self._engine.begin() as connection:
            yield connection

    def now(self) -> datetime:
        return self.clock.now()

    def slot(self, hours: float = 24, mechanic: UUID | None = None) -> Slot:
        """Three quarters of an hour, that many hours from now."""
        start = self.now() + hours * HOUR
        return Slot(mechanic or self.mechanic, start, start + LENGTH)

    # ------------------------------------------------------------------------------------- slots

    def reserve(self, slot: Slot, **given: Any) -> slots.Reservation:
        given = {"customer_id": self.customer, **given}
        with self.transaction() as db:
            return slots.reserve(
                db,
                self.clock,
                given.pop("attempt", attempt()),
                mechanic_id=slot.mechanic_id,
                start=slot.start,
                end=slot.end,
                **given,
            )

    def confirm(self, reservation: str, session: str) -> slots.Confirmed:
        with self.transaction() as db:
            return slots.confirm(db, self.clock, reservation_id=reservation, session_id=session)

    def release(self, reservation: str) -> bool:
        with self.transaction() as db:
            return slots.release(db, self.clock, reservation_id=reservation).released

    def sweep(self, **given: Any) -> int:
        with self.transaction() as db:
            return slots.release_expired(db, self.clock, attempt(), **given).count

    def check(self, slot: Slot) -> slots.Availability:
        with self.transaction() as db:
            return slots.check(
                db, self.clock, mechanic_id=slot.mechanic_id, start=slot.start, end=slot.end
            )

    def reservation(self, reservation: str) -> Row[Any]:
        with self.transaction() as db:
            return db.execute(
                select(slot_reservations).where(slot_reservations.c.id == UUID(reservation))
            ).one()

    # ---------------------------------------------------------------------------------- sessions

    def session(self, slot: Slot, **given: Any) -> str:
        """A session for this time, whose slot is not confirmed yet."""
        given = {"customer_id": self.customer, "kind": "video", "ends_at": slot.end, **given}
        with self.transaction() as db:
            made = sessions.create(
                db,
                self.clock,
                given.pop("attempt", attempt()),
                mechanic_id=slot.mechanic_id,
                scheduled_for=slot.start,
                **given,
            )
        return made.id

    def book(self, slot: Slot, **given: Any) -> tuple[str, str]:
        """Reservation and session of a slot that is paid for."""
        reservation = self.reserve(slot).reservation_id
        session = self.session(slot, reservation_id=reservation, **given)
        self.confirm(reservation, session)
        return reservation, session

    def cancel(self, session: str, **given: Any) -> session_changes.Cancelled:
        with self.transaction() as db:
            return session_changes.cancel(db, self.clock, session_id=session, **given)

    def move(self, session: str, to: datetime, **given: Any) -> session_changes.Moved:
        given = {"by": "customer", **given}
        with self.transaction() as db:
            return session_changes.reschedule(
                db, self.clock, attempt(), session_id=session, scheduled_for=to, **given
            )

    def session_row(self, session: str) -> Row[Any]:
        with self.transaction() as db:
            return db.execute(
                select(session_table).where(session_table.c.id == UUID(session))
            ).one()

    # --------------------------------------------------------------------------------- mechanics

    def presence(self, *, is_online: bool, **given: Any) -> mechanics.Presence:
        with self.transaction() as db:
            return mechanics.set_presence(
                db, self.clock, mechanic_id=self.mechanic, is_online=is_online, **given
            )

    def seats(self, capacity: int) -> None:
        with self.transaction() as db:
            mechanics.set_capacity(db, self.clock, mechanic_id=self.mechanic, capacity=capacity)

    def monitor(self, **given: Any) -> slot_monitor.Figures:
        with self.transaction() as db:
            return slot_monitor.monitor(db, self.clock, **given)

    def faults(self) -> list[str]:
        with self.transaction() as db:
            return slot_monitor.faults(db)


def now_session(desk: SlotDesk, **given: Any) -> sessions.SessionIdentity:
    given = {"customer_id": desk.customer, "mechanic_id": desk.mechanic, "kind": "chat", **given}
    with desk.transaction() as db:
        return sessions.create(db, desk.clock, given.pop("attempt", attempt()), **given)


def sign(desk: SlotDesk, session: str, **given: Any) -> datetime:
    given = {"customer_id": desk.customer, "signed_by": "Ada Byron", **given}
    with desk.transaction() as db:
        return sessions.sign_waiver(db, desk.clock, session_id=session, **given).signed_at


def becomes(desk: SlotDesk, session: str, status: Any, **given: Any) -> str:
    with desk.transaction() as db:
        return sessions.set_status(db, session_id=session, status=status, **given).status
