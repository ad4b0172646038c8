"""Bookings by chance, against books that somebody keeps by hand (K-01 to K-14, X32, X33, X37).

The books know only who has which hour until when; the hub works with seats, rows and locks. Both
must agree after each step, and availability with them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hub.domain.bookings.contacts import Client
from hub.errors import Permanent
from tests.fakes.clock import START
from tests.integration.bookings.office import HOUR, Office, at

SEATS = 2
STEPS = 10
HOURS = st.integers(9, 13)
Answer = TypeVar("Answer")


def asked(call: Callable[..., Answer], *what: Any, **given: Any) -> Answer | str:
    """What it gives, or the code with which it is refused."""
    try:
        return call(*what, **given)
    except Permanent as refused:
        return refused.code


@dataclass
class Known:
    """What the books say of a job."""

    hour: int
    status: str
    decide_by: datetime | None
    is_beyond: bool = False

    def has_seat(self, now: datetime) -> bool:
        if self.status == "pending-confirmation":
            return self.decide_by is not None and self.decide_by > now
        return self.status in ("scheduled", "in-progress")


class BookingMachine(RuleBasedStateMachine):
    """Clients and staff at one service of two seats, where requests are decided in two hours."""

    office: Office

    def __init__(self) -> None:
        super().__init__()
        self.office.forget_everything()
        self.office.clock.set(START)
        self.tenant = self.office.tenant()
        self.service = self.office.service(
            self.tenant, max_bookings_per_slot=SEATS, decide_within_minutes=120
        )
        self.known: dict[UUID, Known] = {}
        self.clients = 0

    @property
    def now(self) -> datetime:
        return self.office.now()

    def taken(self, hour: int, but: UUID | None = None) -> int:
        return sum(
            known.hour == hour and known.has_seat(self.now)
            for job, known in self.known.items()
            if job != but
        )

    def client(self) -> Client:
        self.clients += 1
        return Client("Client", f"client{self.clients}@example.com")

    def pick(self, data: st.DataObject) -> tuple[UUID, Known]:
        job = data.draw(st.sampled_from(sorted(self.known, key=str)))
        return job, self.known[job]

    # --------------------------------------------------------------------------------------- rules

    @rule(hours=st.sampled_from([0.5, 1, 2]))
    def time_passes(self, hours: float) -> None:
        if self.now + hours * HOUR < at(21, 0):
            self.office.clock.advance(timedelta(hours=hours))

    @rule(hour=HOURS, status=st.sampled_from(["pending-confirmation", "scheduled"]))
    def books(self, hour: int, status: str) -> None:
        can = self.taken(hour) < SEATS
        job = asked(self.office.book, self.service, at(21, hour), self.client(), status=status)
        if isinstance(job, str):
            assert (job, can) == ("slot_taken", False)
            return
        assert can
        decide_by = self.now + 2 * HOUR if status == "pending-confirmation" else None
        assert job.decide_by == decide_by
        self.known[job.id] = Known(hour, status, decide_by)

    @rule(hour=HOURS)
    def is_booked_by_staff_all_the_same(self, hour: int) -> None:
        is_full = self.taken(hour) >= SEATS
        made = self.office.create(
            self.tenant, self.service, at(21, hour), client=self.client(), override_reason="must be"
        )
        assert made.job_id is not None
        self.known[made.job_id] = Known(hour, "scheduled", None, is_beyond=is_full)

    @precondition(lambda self: self.known)
    @rule(data=st.data(), goal=st.sampled_from(["confirm", "decline", "cancel", "start", "end"]))
    def changes(self, data: st.DataObject, goal: str) -> None:
        job, known = self.pick(data)
        allowed = {
            "confirm": ("pending-confirmation", "scheduled"),
            "decline": ("pending-confirmation",),
            "cancel": ("pending-confirmation", "scheduled", "in-progress", "cancelled"),
            "start": ("scheduled", "in-progress"),
            "end": ("in-progress", "completed"),
        }[goal]
        target = {"confirm": "scheduled", "start": "in-progress", "end": "completed"}
        is_over = known.status == "pending-confirmation" and not known.has_seat(self.now)
        can = known.status in allowed and not (goal == "confirm" and is_over)
        stored = self.office.job(job).status
        if stored == "cancelled" and is_over:  # somebody needed its time
            can = goal == "cancel"
        if goal in ("confirm", "decline", "cancel"):
            answer = asked(getattr(self.office, goal), job)
        else:
            answer = asked(self.office.set_status, job, target[goal])
        if isinstance(answer, str):
            assert (answer, can) == ("conflict", False)
            return
        assert can
        known.status = target.get(goal, "cancelled")

    @precondition(lambda self: self.known)
    @rule(data=st.data(), hour=HOURS)
    def moves(self, data: st.DataObject, hour: int) -> None:
        job, known = self.pick(data)
        is_movable = known.status == "scheduled" or (
            known.status == "pending-confirmation" and known.has_seat(self.now)
        )
        stays = hour == known.hour and self.office.job(job).status in (
            "pending-confirmation",
            "scheduled",
        )
        answer = asked(self.office.move, job, at(21, hour))
        if isinstance(answer, str):
            is_full = self.taken(hour, but=job) >= SEATS
            expected = "slot_taken" if is_movable and is_full else "conflict"
            assert answer == expected
            assert is_full or not is_movable
            return
        assert is_movable or stays
        if not stays:
            assert self.taken(hour, but=job) < SEATS
            known.hour, known.is_beyond = hour, False
            if known.status == "pending-confirmation":
                known.decide_by = self.now + 2 * HOUR

    @rule()
    def sweeps(self) -> None:
        for expired in self.office.expire():
            assert not self.known[expired.id].has_seat(self.now)
            self.known[expired.id].status = "cancelled"

    # ---------------------------------------------------------------------------------- what holds

    @invariant()
    def availability_is_what_the_books_say(self) -> None:
        free = self.office.free(self.service, at(21, 0).date())
        for hour in range(9, 14):
            assert (at(21, hour) in free) == (self.taken(hour) < SEATS)

    def teardown(self) -> None:
        assert self.office.faults() == []


@pytest.mark.long
def test_P3_X32_X37_bookings_by_chance_agree_with_the_books(office: Office, figure):
    class Machine(BookingMachine):
        pass

    Machine.office = office
    examples = max(20, settings().max_examples // 5)
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            deadline=None,
            stateful_step_count=STEPS,
            suppress_health_check=list(HealthCheck),
        ),
    )

    figure("P3 bookings", f"bookings: {examples:,} examples of up to {STEPS} steps")
