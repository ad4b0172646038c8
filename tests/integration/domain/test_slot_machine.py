"""Reservations and sessions by chance, against a model that only knows the rules (P3, R-06, D2).

The model keeps lists of what holds a mechanic's time and counts overlaps; the hub keeps seats and
constraints. Both must agree after each step: who gets a time, what each deed answers, what is free.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

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
from sqlalchemy import delete

from hub.domain.seats import Slot
from hub.errors import Permanent
from hub.storage.tables import mechanics, sessions, slot_reservations, slot_sweeps
from tests.fakes.clock import START
from tests.integration.domain.slot_desk import QUARTER, SlotDesk

STEPS = 12
HALF = timedelta(minutes=30)
TIMES = st.integers(2, 7)  # begins, in half hours from the start
LENGTHS = st.integers(1, 3)


@dataclass
class Known:
    """A reservation as the model has it."""

    id: str
    start: datetime
    end: datetime
    expires_at: datetime
    status: str = "reserved"
    session: str | None = None


def asked(call: Callable[..., Any], *what: Any, **given: Any) -> Any:
    """What it gives, or the code with which it is refused."""
    try:
        return call(*what, **given)
    except Permanent as refused:
        return refused.code


class SlotMachine(RuleBasedStateMachine):
    """Somebody books at the desk; somebody else keeps lists by hand."""

    desk: SlotDesk

    def __init__(self) -> None:
        super().__init__()
        with self.desk.transaction() as db:
            for table in (slot_reservations, sessions, slot_sweeps, mechanics):
                db.execute(delete(table))
        self.desk.clock.set(START)
        self.capacity = 1
        self.known: list[Known] = []

    @property
    def now(self) -> datetime:
        return self.desk.now()

    def holds(self, each: Known) -> bool:
        is_reserved = each.status == "reserved" and each.expires_at > self.now
        return is_reserved or each.status == "confirmed"

    def is_free(self, start: datetime, end: datetime, without: Known | None = None) -> bool:
        """Whether a seat has nothing that overlaps: as seats are given, first come first."""
        with self.desk.transaction() as db:
            rows = {str(row.id): row.seat for row in db.execute(slot_reservations.select())}
        taken = {
            rows[each.id]
            for each in self.known
            if each is not without and self.holds(each) and each.start < end and start < each.end
        }
        return bool(set(range(1, self.capacity + 1)) - taken)

    def slot(self, begin: int, length: int) -> Slot:
        start = START + begin * HALF
        return Slot(self.desk.mechanic, start, start + length * HALF)

    # ------------------------------------------------------------------------------------- rules

    @rule(minutes=st.sampled_from([1, 7, 14, 15, 30]))
    def time_passes(self, minutes: int) -> None:
        self.desk.clock.advance(timedelta(minutes=minutes))

    @rule(seats=st.integers(1, 3))
    def serves(self, seats: int) -> None:
        self.desk.seats(seats)
        self.capacity = seats

    @rule(begin=TIMES, length=LENGTHS)
    def reserves(self, begin: int, length: int) -> None:
        slot = self.slot(begin, length)
        is_over, is_free = slot.start < self.now, self.is_free(slot.start, slot.end)
        would = self.desk.check(slot)
        made = asked(self.desk.reserve, slot)
        if isinstance(made, str):
            assert made == ("slot_in_past" if is_over else "slot_taken")
            assert (would.available, would.reason) == (False, made)
            assert is_over or not is_free
            return
        assert would.available
        assert is_free
        self.lapse(slot.start, slot.end)
        self.known.append(Known(made.reservation_id, slot.start, slot.end, self.now + QUARTER))

    def lapse(self, start: datetime, end: datetime) -> None:
        """X26: whoever takes a time expires what is overdue in it."""
        for each in self.known:
            is_in_it = each.start < end and start < each.end
            if each.status == "reserved" and each.expires_at <= self.now and is_in_it:
                each.status = "expired"

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def confirms(self, data: st.DataObject) -> None:
        each = data.draw(st.sampled_from(self.known))
        is_late = each.status == "expired" or not self.holds(each)
        session = each.session or self.desk.session(Slot(self.desk.mechanic, each.start, each.end))
        can_retake = each.start >= self.now and self.is_free(each.start, each.end, each)
        answer = asked(self.desk.confirm, each.id, session)
        if each.status == "confirmed":
            assert answer.status == "confirmed"
        elif each.status == "cancelled":
            assert answer == ("released" if each.session is None else answer)
            assert isinstance(answer, str)
        elif is_late and not can_retake:
            assert answer == "expired"
        else:
            assert (answer.status, answer.retaken) == ("confirmed", is_late)
            self.lapse(each.start, each.end)
            each.status, each.session = "confirmed", session

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def releases(self, data: st.DataObject) -> None:
        each = data.draw(st.sampled_from(self.known))
        answer = asked(self.desk.release, each.id)
        if each.status == "confirmed":
            assert answer == "confirmed"
            return
        assert answer == (each.status == "reserved")
        each.status = "cancelled"

    @precondition(lambda self: any(each.status == "confirmed" for each in self.known))
    @rule(data=st.data())
    def cancels(self, data: st.DataObject) -> None:
        each = data.draw(st.sampled_from([k for k in self.known if k.status == "confirmed"]))
        assert each.session is not None
        self.desk.cancel(each.session)
        each.status = "cancelled"

    @precondition(lambda self: any(each.status == "confirmed" for each in self.known))
    @rule(data=st.data(), begin=TIMES)
    def moves(self, data: st.DataObject, begin: int) -> None:
        each = data.draw(st.sampled_from([k for k in self.known if k.status == "confirmed"]))
        assert each.session is not None
        new = START + begin * HALF
        until = new + (each.end - each.start)
        is_free = self.is_free(new, until, each)
        moved = asked(self.desk.move, each.session, new)
        if new == each.start:
            assert moved.repeated
        elif isinstance(moved, str):
            expected = (
                "too_late"
                if each.start <= self.now
                else "slot_in_past"
                if new < self.now
                else "slot_taken"
            )
            assert moved == expected
            assert expected != "slot_taken" or not is_free
        else:
            assert is_free
            each.status = "cancelled"
            self.lapse(new, until)
            held = str(self.desk.session_row(each.session).reservation_id)
            self.known.append(Known(held, new, until, self.now, "confirmed", each.session))

    @rule()
    def sweeps(self) -> None:
        overdue = [k for k in self.known if k.status == "reserved" and not self.holds(k)]
        assert self.desk.sweep() == len(overdue)
        for each in overdue:
            each.status = "expired"

    # -------------------------------------------------------------------------------- what is true

    @invariant()
    def lists_agree(self) -> None:
        with self.desk.transaction() as db:
            stored = {str(row.id): row.status for row in db.execute(slot_reservations.select())}
        assert stored == {each.id: each.status for each in self.known}

    def teardown(self) -> None:
        assert self.desk.faults() == []


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_P3_D2_R_06_X26_to_X30_slots_by_chance_agree_with_the_lists(slot_desk: SlotDesk, figure):
    class Machine(SlotMachine):
        pass

    Machine.desk = slot_desk
    examples = max(1, settings().max_examples // 4)
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            deadline=None,
            stateful_step_count=STEPS,
            suppress_health_check=list(HealthCheck),
        ),
    )

    figure("P3 slots", f"slots: {examples:,} examples of up to {STEPS} steps")
