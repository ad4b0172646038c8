"""Somebody who has providers called: each thing the agency does is one committed transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine, Row, func, select

from hub.action import Attempt, Mode
from hub.domain import phone_bookings, service_requests, stuck_bookings
from hub.domain.service_requests import Recommendation
from hub.storage.tables import booking_calls, providers
from hub.storage.tables import service_requests as request_rows
from tests.fakes.clock import FakeClock

PHONE = "+13105550000"
TEST_PHONE = "+13105551234"
DAY, HOUR = "Monday, December 15", "9:00"
MINUTE = timedelta(minutes=1)
THREADS = 32  # so many may be at it at once


class Agency:
    """One request after the other; `mode` is that of the runs that it begins."""

    def __init__(self, engine: Engine, clock: FakeClock, mode: Mode = "live") -> None:
        self._engine = engine
        self.clock = clock
        self.mode = mode

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with self._engine.begin() as connection:
            yield connection

    def request(self, phone: str = PHONE) -> tuple[UUID, UUID]:
        """A request with one recommended provider."""
        request, provider = uuid4(), uuid4()
        self.recommend(request, provider, phone=phone)
        return request, provider

    def recommend(
        self, request: UUID, provider: UUID, *, phone: str = PHONE, name: str = "Acme"
    ) -> service_requests.Request:
        told = [Recommendation(provider, name, phone)]
        with self.transaction() as db:
            return service_requests.recommend(db, self.clock, id_=request, providers=told)

    def begin(
        self, request: UUID, provider: UUID, run: UUID | None = None, **given: Any
    ) -> phone_bookings.BookingRun:
        given = {"provider_phone": PHONE, "run_id": str(run or uuid4()), **given}
        with self.transaction() as db:
            return phone_bookings.begin_booking(
                db, self.clock, self.attempt(), id_=request, provider_id=provider, **given
            )

    def plan(self, request: UUID, run: UUID, *test_phones: str) -> str | None:
        with self.transaction() as db:
            return phone_bookings.plan_call(
                db,
                self.clock,
                self.attempt(),
                id_=request,
                run_id=str(run),
                test_phones=test_phones,
            ).to

    def note(self, request: UUID, run: UUID, call: str = "call-1") -> phone_bookings.Changed:
        with self.transaction() as db:
            return phone_bookings.note_call(
                db, self.clock, self.attempt(), id_=request, run_id=str(run), call_id=call
            )

    def complete(self, request: UUID, run: UUID, **given: Any) -> phone_bookings.Completed:
        given = {
            "booking_date": DAY,
            "booking_time": HOUR,
            "confirmation_number": "C-7",
            "call_transcript": "AI: Hello.",
            "final_outcome": "Booked with Acme",
            **given,
        }
        with self.transaction() as db:
            return phone_bookings.complete_booking(
                db, self.clock, self.attempt(), id_=request, run_id=str(run), **given
            )

    def reopen(
        self, request: UUID, run: UUID, result: phone_bookings.NoBooking = "declined"
    ) -> phone_bookings.Changed:
        with self.transaction() as db:
            return phone_bookings.reopen(
                db, self.clock, self.attempt(), id_=request, run_id=str(run), result=result
            )

    def doubt(
        self, request: UUID, run: UUID, look_after: timedelta = timedelta(minutes=1)
    ) -> phone_bookings.Changed:
        with self.transaction() as db:
            return phone_bookings.doubt(
                db,
                self.clock,
                self.attempt(),
                id_=request,
                run_id=str(run),
                why="call_outcome_unknown",
                look_after=look_after,
            )

    def stuck(self) -> stuck_bookings.StuckBookings:
        with self.transaction() as db:
            return stuck_bookings.list_stuck(db, self.clock, self.attempt())

    def state(self, request: UUID) -> service_requests.Request:
        with self.transaction() as db:
            return service_requests.get(db, id_=request)

    def request_row(self, request: UUID) -> Row[Any]:
        with self.transaction() as db:
            return db.execute(select(request_rows).where(request_rows.c.id == request)).one()

    def provider_row(self, provider: UUID) -> Row[Any]:
        with self.transaction() as db:
            return db.execute(select(providers).where(providers.c.id == provider)).one()

    def calls(self, request: UUID) -> list[Row[Any]]:
        of_request = booking_calls.c.request_id == request
        with self.transaction() as db:
            rows = db.execute(select(booking_calls).where(of_request).order_by("begun_at"))
            return list(rows)

    def faults(self) -> int:
        """Requests that are BOOKING without a call that goes on, or the reverse."""
        goes_on = select(booking_calls.c.run_id).where(
            booking_calls.c.request_id == request_rows.c.id, booking_calls.c.ended_at.is_(None)
        )
        wrong = (request_rows.c.status == "BOOKING") != goes_on.exists()
        with self.transaction() as db:
            return db.execute(select(func.count()).where(wrong)).scalar_one()

    def attempt(self) -> Attempt:
        return Attempt(run_id=uuid4(), workflow="test-flow", key=uuid4().hex, mode=self.mode)
