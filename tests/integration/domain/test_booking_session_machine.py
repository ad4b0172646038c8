"""Booking sessions by chance, against a model that only knows the table of states (P3, B-03)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from hub.domain.booking_sessions.browsers import Claim
from hub.domain.booking_sessions.states import END_OF, is_over, may_become
from hub.errors import Permanent
from hub.storage import db as database_access
from hub.storage.tables import booking_sessions
from tests.fakes.clock import START, FakeClock
from tests.integration.domain.session_desk import SessionDesk, lead_number

WISHES, SEATS, STEPS = 3, 2, 14
WISH = st.integers(0, WISHES - 1)


class SessionMachine(RuleBasedStateMachine):
    """Apps, leads, platforms and browsers do what they like, in any order."""

    desk: SessionDesk

    def __init__(self) -> None:
        super().__init__()
        self.desk.forget_everything()
        self.desk.clock.set(START)
        self.known: dict[str, str] = {}  # session → state as last seen
        self.latest: dict[int, str] = {}  # wish → session
        self.claims: list[Claim] = []

    def tried(self, call: Callable[..., Any], *what: Any, **given: Any) -> bool:
        try:
            call(*what, **given)
        except Permanent:
            return False
        return True

    @rule(wish=WISH)
    def starts(self, wish: int) -> None:
        started = self.desk.begin(lead_number(wish), source="browser" if wish else "platform")
        if not started.created:
            assert started.session_id == self.latest[wish]
        self.latest[wish] = started.session_id

    @rule()
    def claims_next(self) -> None:
        claim = self.desk.claim(seats=SEATS)
        if claim is not None:
            self.claims.append(claim)

    @rule(seconds=st.sampled_from([1, 10, 31, 301, 901]))
    def time_passes(self, seconds: int) -> None:
        self.desk.clock.advance(timedelta(seconds=seconds))

    @rule(data=st.data(), what=st.sampled_from(["ready", "renew", "declined"]))
    def a_browser_tells(self, data: st.DataObject, what: str) -> None:
        if self.claims:
            self.tried(getattr(self.desk, what), data.draw(st.sampled_from(self.claims)))

    @rule(data=st.data(), outcome=st.sampled_from(sorted(END_OF)))
    def a_browser_sees_the_end(self, data: st.DataObject, outcome: str) -> None:
        if self.claims:
            self.tried(self.desk.finish, data.draw(st.sampled_from(self.claims)), outcome)

    @rule(wish=WISH, outcome=st.sampled_from(["success", "payment_failed", "slot_unavailable"]))
    def the_platform_tells(self, wish: int, outcome: str) -> None:
        if wish in self.latest:
            self.tried(self.desk.report, self.latest[wish], outcome)

    @rule(wish=WISH, what=st.sampled_from(["hand_over", "cancel", "close"]))
    def somebody_does(self, wish: int, what: str) -> None:
        if wish in self.latest:
            self.tried(getattr(self.desk, what), self.latest[wish])

    @rule()
    def the_sweep_comes_by(self) -> None:
        self.desk.settle()
        now = self.desk.now()
        for row in self.rows():
            assert row["outcome"] is not None or row["expires_at"] > now

    def rows(self) -> list[Any]:
        with self.desk.transaction() as db:
            return list(db.execute(select(booking_sessions)).mappings())

    @invariant()
    def every_change_is_legal_and_every_end_is_told(self) -> None:
        seats = []
        for row in self.rows():
            session, state = str(row["id"]), row["state"]
            former = self.known.get(session, "created")
            assert state == former or reachable(former, state), (former, state)
            if is_over(state):
                assert END_OF[row["outcome"]] == state
                assert row["seat"] is None
            if row["outcome"] == "success":
                assert row["evidence"]
            seats += [row["seat"]] if row["seat"] else []
            self.known[session] = state
        assert len(seats) == len(set(seats))
        assert set(seats) <= set(range(1, SEATS + 1))


def reachable(state: Any, following: Any) -> bool:
    """In one step, or by way of a hand-over that a payment made up for."""
    return may_become(state, following) or (state, following) == ("ready_for_handoff", "completed")


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_B_03_B_18_whatever_happens_in_any_order_only_legal_changes_do(
    database: str, clock: FakeClock
):
    engine = database_access.open_engine(database, pool_size=2, application="hub test")

    class Machine(SessionMachine):
        desk = SessionDesk(engine, clock)

    try:
        run_state_machine_as_test(
            Machine,
            settings=settings(
                max_examples=max(10, settings().max_examples // 4),
                stateful_step_count=STEPS,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        engine.dispose()
