"""Holds and appointments by chance, against a model that only knows what guarantees.md says (P3).

The model computes `release_at` from facts (when a number was given, which appointments are open,
how long outcomes keep it); the hub stores it and changes it step by step. Both must agree after
each step (D1, D3 to D6).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
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
from sqlalchemy import delete, select

from hub.domain.appointments import Outcome
from hub.errors import Permanent
from hub.storage.tables import leads as lead_rows
from hub.storage.tables import phone_numbers
from tests.fakes.clock import START
from tests.integration.domain.desk import KEEP, Desk

HOUR = timedelta(hours=1)
DAY = 24 * HOUR
FIRST = 18 * HOUR
NUMBERS, LEADS = 2, 3
STEPS = 8
Answer = TypeVar("Answer")

LEAD = st.integers(0, LEADS - 1)
HOURS = st.integers(-23, 60)
OUTCOMES = st.sampled_from(["showed", "no_show", "cancelled"])


@dataclass
class Held:
    """What is known of a lead with a number."""

    number: str
    assigned_at: datetime
    initial_until: datetime | None
    follow_up_until: datetime | None = None


@dataclass
class Known:
    """What is known of a lead. Appointments: time → status."""

    hold: Held | None = None
    appointments: dict[datetime, str] = field(default_factory=dict)

    @property
    def open(self) -> list[datetime]:
        return sorted(at for at, status in self.appointments.items() if status == "scheduled")

    @property
    def release_at(self) -> datetime:
        """D3: the latest of what holds the number."""
        assert self.hold is not None
        ends = [at + DAY for at in self.open]
        ends += [each for each in (self.hold.initial_until, self.hold.follow_up_until) if each]
        return max(ends)


def asked(call: Callable[..., Answer], *what: Any, **given: Any) -> Answer | str:
    """What it gives, or the code with which it is refused."""
    try:
        return call(*what, **given)
    except Permanent as refused:
        return refused.code


class HoldMachine(RuleBasedStateMachine):
    """Somebody works at the desk; somebody else keeps books by hand."""

    desk: Desk

    def __init__(self) -> None:
        super().__init__()
        self.desk.forget_everything()
        with self.desk.transaction() as db:
            db.execute(delete(lead_rows))
        self.desk.clock.set(START)
        self.numbers = self.desk.numbers(NUMBERS)
        self.ids: list[UUID] = [self.desk.lead(f"Lead {number}") for number in range(LEADS)]
        self.known = [Known() for _ in range(LEADS)]

    @property
    def now(self) -> datetime:
        return self.desk.now()

    def is_over(self, known: Known) -> bool:
        return known.hold is not None and known.release_at <= self.now

    def told(self, lead: int, outcome: Outcome, **given: datetime) -> str:
        """Tell an outcome; `done`, `repeated` or why it was refused."""
        recorded = asked(self.desk.outcome, self.ids[lead], outcome, **given)
        if isinstance(recorded, str):
            return recorded
        return "repeated" if recorded.repeated else "done"

    # ------------------------------------------------------------------------------------- rules

    @rule(hours=st.sampled_from([1, 5, 17, 18, 24, 25, 60]))
    def time_passes(self, hours: int) -> None:
        self.desk.clock.advance(hours * HOUR)

    @rule(lead=LEAD)
    def asks_for_a_number(self, lead: int) -> None:
        known = self.known[lead]
        has_one = known.hold is not None and not self.is_over(known)
        held = {each.hold.number for each in self.known if each.hold and not self.is_over(each)}
        given = asked(self.desk.assign, self.ids[lead])
        if isinstance(given, str):
            assert (given, has_one, len(held)) == ("none_available", False, NUMBERS)
            return
        assert given.created != has_one
        if has_one:
            return
        assert given.phone_number not in held
        for each in self.known:  # whose hold was over
            if each.hold is not None and each.hold.number == given.phone_number:
                each.hold = None
        known.hold = Held(given.phone_number, self.now, self.now + FIRST)

    @rule(lead=LEAD, hours=HOURS)
    def books(self, lead: int, hours: int) -> None:
        known, at = self.known[lead], self.now + hours * HOUR
        booked = asked(self.desk.book, self.ids[lead], at)
        if isinstance(booked, str):
            assert (booked, known.hold) == ("no_active_hold", None)
            return
        assert known.hold is not None
        assert booked.created == (known.appointments.get(at) != "scheduled")
        known.appointments[at] = "scheduled"

    @rule(lead=LEAD, days=st.sampled_from([-400, -2, 1828, 9000]))
    def books_at_an_impossible_time(self, lead: int, days: int) -> None:
        with pytest.raises(Permanent, match=r"passed|far"):
            self.desk.book(self.ids[lead], self.now + timedelta(days=days))

    @precondition(lambda self: any(each.appointments for each in self.known))
    @rule(data=st.data(), outcome=OUTCOMES)
    def tells_what_became_of(self, data: st.DataObject, outcome: Outcome) -> None:
        lead = data.draw(st.sampled_from([n for n, k in enumerate(self.known) if k.appointments]))
        known = self.known[lead]
        at = data.draw(st.sampled_from(sorted(known.appointments)))
        before = known.appointments[at]

        answer = self.told(lead, outcome, starts_at=at)

        assert answer == ("repeated" if before == outcome else "done")
        if answer == "done":
            known.appointments[at] = outcome
            self.keeps_a_while(known, at if before == "scheduled" else None, KEEP[outcome])

    def keeps_a_while(self, known: Known, closed: datetime | None, keep: timedelta) -> None:
        """D4: closing the last appointment of this hold ends the first 18 hours."""
        if known.hold is None:
            return
        hold = known.hold
        is_of_this_hold = closed is not None and closed + DAY > hold.assigned_at
        is_last = all(at + DAY <= self.now for at in known.open)
        if is_of_this_hold and is_last:
            hold.initial_until = None
        hold.follow_up_until = max(hold.follow_up_until or self.now, self.now + keep)

    @precondition(lambda self: any(each.open for each in self.known))
    @rule(data=st.data(), hours=st.integers(-23, 60))
    def moves(self, data: st.DataObject, hours: int) -> None:
        lead = data.draw(st.sampled_from([n for n, each in enumerate(self.known) if each.open]))
        known = self.known[lead]
        old, new = data.draw(st.sampled_from(known.open)), self.now + hours * HOUR
        if new in known.appointments:
            return

        answer = self.told(lead, "rescheduled", starts_at=old, new_starts_at=new)

        assert answer == ("no_active_hold" if known.hold is None else "done")
        if answer == "done":
            known.appointments |= {old: "rescheduled", new: "scheduled"}
            assert self.told(lead, "rescheduled", starts_at=old, new_starts_at=new) == "repeated"

    @rule(lead=LEAD)
    def tells_of_an_appointment_that_nobody_knows(self, lead: int) -> None:
        at = self.now + timedelta(minutes=1)
        assert self.told(lead, "showed", starts_at=at) == "no_appointment"

    @rule()
    def sweeps(self) -> None:
        over = [each for each in self.known if self.is_over(each)]
        assert self.desk.sweep() == len(over)
        for each in over:
            each.hold = None

    @precondition(lambda self: any(each.hold for each in self.known))
    @rule(data=st.data())
    def releases_one(self, data: st.DataObject) -> None:
        known = data.draw(st.sampled_from([each for each in self.known if each.hold]))
        assert known.hold is not None
        phone = str(self.desk.phone(known.hold.number).id)
        if self.is_over(known):
            assert self.desk.release(phone)
            known.hold = None
        else:
            with pytest.raises(Permanent, match="still held"):
                self.desk.release(phone)

    # -------------------------------------------------------------------------------- what is true

    @invariant()
    def books_agree(self) -> None:
        with self.desk.transaction() as db:
            rows = db.execute(select(phone_numbers).where(phone_numbers.c.lead_id.is_not(None)))
            stored = {row.lead_id: (row.number, row.assigned_at, row.release_at) for row in rows}
        by_hand = {
            self.ids[lead]: (known.hold.number, known.hold.assigned_at, known.release_at)
            for lead, known in enumerate(self.known)
            if known.hold is not None
        }
        assert stored == by_hand

    def teardown(self) -> None:
        for lead, known in enumerate(self.known):
            stored = self.desk.appointments(self.ids[lead])
            is_open = sorted(at for at, status in stored if status == "scheduled")
            assert is_open == known.open
        assert self.desk.faults() == []


@pytest.mark.long
def test_P3_D1_D3_D4_D5_D6_holds_by_chance_agree_with_the_books(desk: Desk, figure):
    class Machine(HoldMachine):
        pass

    Machine.desk = desk
    examples = settings().max_examples
    run_state_machine_as_test(
        Machine,
        settings=settings(
            deadline=None, stateful_step_count=STEPS, suppress_health_check=list(HealthCheck)
        ),
    )

    figure("P3", f"holds: {examples:,} examples of up to {STEPS} steps")
