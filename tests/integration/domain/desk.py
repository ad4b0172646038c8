"""The desk that the tests of the trade work at: each thing it does is one committed transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, Engine, Row, delete, select

from hub.action import Attempt
from hub.domain import appointments, leads, monitor, phones
from hub.errors import Permanent
from hub.storage.tables import appointments as appointment_rows
from hub.storage.tables import interactions as interaction_rows
from hub.storage.tables import phone_assignments as assignment_rows
from hub.storage.tables import phone_numbers
from tests.fakes.clock import FakeClock

DAY = timedelta(hours=24)
KEEP = {
    "showed": timedelta(hours=24),
    "no_show": timedelta(hours=24),
    "cancelled": timedelta(0),
    "rescheduled": timedelta(hours=2),
}


def attempt(workflow: str = "test-flow", key: str | None = None) -> Attempt:
    return Attempt(run_id=uuid4(), workflow=workflow, key=key or uuid4().hex, mode="live")


def code_of(call: Callable[..., object], *args: Any, **given: Any) -> str:
    """The code with which the call is refused for good."""
    with pytest.raises(Permanent) as refused:
        call(*args, **given)
    return refused.value.code


class Desk:
    """Somebody who works with leads and numbers, at the time the clock shows."""

    def __init__(self, engine: Engine, clock: FakeClock) -> None:
        self._engine = engine
        self.clock = clock
        self._digits = count(5_550_000)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with self._engine.begin() as connection:
            yield connection

    def now(self) -> datetime:
        return self.clock.now()

    def lead(self, first_name: str = "Ada", **given: Any) -> UUID:
        with self.transaction() as db:
            given = {"last_name": "Byron", **given}
            lead = leads.create(db, self.clock, attempt(), first_name=first_name, **given)
        return lead.lead_id

    def numbers(self, how_many: int) -> list[str]:
        numbers = [f"+1415555{index:04}" for index in range(how_many)]
        with self.transaction() as db:
            phones.add_numbers(db, self.clock, numbers=numbers)
        return numbers

    def holder(self, first_name: str = "Ada") -> UUID:
        """A lead who just got a number; one number is added for them."""
        with self.transaction() as db:
            number = f"+1628{next(self._digits):07}"
            phones.add_numbers(db, self.clock, numbers=[number])
        lead = self.lead(first_name)
        self.assign(lead)
        return lead

    def assign(self, lead: UUID) -> phones.Assigned:
        with self.transaction() as db:
            return phones.assign(db, self.clock, attempt(), lead_id=lead)

    def book(self, lead: UUID, at: datetime, **given: Any) -> appointments.Booked:
        given = {"source": "voice_call", **given}
        with self.transaction() as db:
            return appointments.book(db, self.clock, attempt(), lead_id=lead, starts_at=at, **given)

    def outcome(
        self, lead: UUID, outcome: appointments.Outcome, **given: Any
    ) -> appointments.Recorded:
        given = {"keep_number_for": KEEP[outcome], **given}
        with self.transaction() as db:
            return appointments.record_outcome(
                db, self.clock, attempt(), lead_id=lead, outcome=outcome, **given
            )

    def release(self, phone_id: str, **given: Any) -> bool:
        with self.transaction() as db:
            return phones.release(db, self.clock, attempt(), phone_id=phone_id, **given).released

    def sweep(self) -> int:
        """What the release job does every 15 minutes; gives how many were released."""
        with self.transaction() as db:
            found = phones.list_expired(db, at=self.now(), appointment_grace=DAY)
        done = [self.release(each.id, expect_release_at=each.release_at) for each in found.phones]
        return sum(done)

    def holds(self) -> list[monitor.HoldLine]:
        with self.transaction() as db:
            return monitor.holds(db, self.clock)

    def hold(self, lead: UUID) -> monitor.HoldLine:
        return next(line for line in self.holds() if line.lead_id == lead)

    def overdue(self) -> list[monitor.OverdueLine]:
        with self.transaction() as db:
            return monitor.overdue_holds(db, self.clock)

    def faults(self) -> list[str]:
        with self.transaction() as db:
            return monitor.faults(db)

    def forget_everything(self) -> None:
        """For a test that broke rows on purpose: no fault is left at its end."""
        broken = (interaction_rows, assignment_rows, appointment_rows, phone_numbers)
        with self.transaction() as db:
            for rows in broken:
                db.execute(delete(rows))

    def phone(self, number: str) -> Row[Any]:
        with self.transaction() as db:
            return db.execute(select(phone_numbers).where(phone_numbers.c.number == number)).one()

    def appointments(self, lead: UUID) -> list[tuple[datetime, str]]:
        """Time and status of all the lead's appointments, by time."""
        of_lead = appointment_rows.c.lead_id == lead
        with self.transaction() as db:
            rows = db.execute(
                select(appointment_rows).where(of_lead).order_by("starts_at", "created_at")
            )
            return [(row.starts_at, row.status) for row in rows]

    def history(self, lead: UUID) -> list[tuple[str, str]]:
        """Kind and outcome of all entries, in the order of writing."""
        with self.transaction() as db:
            rows = db.execute(
                select(interaction_rows)
                .where(interaction_rows.c.lead_id == lead)
                .order_by("at", "outcome")
            )
            return [(row.kind, row.outcome) for row in rows]
