"""What may follow what, how a session ends by itself, and that it always ends truthfully."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.booking_sessions.states import (
    END_OF,
    NEXT,
    Outcome,
    Source,
    Standing,
    State,
    at_deadline,
    is_over,
    may_become,
    verdict,
)

NOW = datetime(2026, 2, 5, 15, tzinfo=UTC)
STATES, OUTCOMES = get_args(State), get_args(Outcome)
OPEN = [state for state in STATES if not is_over(state)]
MOMENTS = st.integers(-1200, 1200).map(lambda seconds: NOW + timedelta(seconds=seconds))
STANDINGS = st.builds(
    Standing,
    state=st.sampled_from(OPEN),
    source=st.sampled_from(get_args(Source)),
    declines=st.integers(0, 3),
    start_by=MOMENTS,
    expires_at=MOMENTS,
    lease_until=st.none() | MOMENTS,
)


def standing(**given) -> Standing:
    usual = {
        "state": "monitoring",
        "source": "browser",
        "declines": 0,
        "start_by": NOW + timedelta(minutes=1),
        "expires_at": NOW + timedelta(minutes=10),
        "lease_until": NOW + timedelta(seconds=30),
    }
    return Standing(**{**usual, **given})


def test_B_03_every_state_has_its_row_and_an_end_has_no_next():
    assert set(NEXT) == set(STATES)
    assert {state for state in STATES if is_over(state)} == set(END_OF.values())


def test_B_03_the_way_of_a_booking_that_succeeds():
    way: list[State] = ["created", "navigating", "ready_for_handoff", "monitoring", "completed"]

    assert all(may_become(state, following) for state, following in pairwise(way))


@pytest.mark.parametrize("state", OPEN)
def test_B_16_whatever_goes_on_can_be_cancelled(state):
    assert may_become(state, "cancelled")


@pytest.mark.parametrize("state", OPEN)
def test_B_03_nothing_goes_back_or_stays(state):
    order = list(STATES)
    earlier = order[: order.index(state) + 1]

    assert not any(may_become(state, each) for each in earlier)


def test_B_04_each_outcome_has_its_one_end():
    assert END_OF == {
        "success": "completed",
        "payment_failed": "failed",
        "slot_unavailable": "failed",
        "error": "failed",
        "timeout": "abandoned",
        "cancelled": "cancelled",
    }
    assert set(END_OF) == set(OUTCOMES)


def test_X22_a_declined_card_is_told_at_the_deadline_and_no_sooner():
    declined = standing(declines=1)

    assert verdict(declined, NOW) is None
    over = verdict(declined, declined.expires_at)
    assert over is not None
    assert over.outcome == "payment_failed"
    assert at_deadline(0).outcome == "timeout"


def test_X24_who_waits_too_long_for_a_browser_is_told_so():
    waiting = standing(state="created", lease_until=None)

    assert verdict(waiting, NOW) is None
    over = verdict(waiting, waiting.start_by)
    assert over is not None
    assert (over.outcome, over.why) == ("timeout", "no browser was free in time")


@pytest.mark.parametrize("state", ["navigating", "ready_for_handoff", "monitoring"])
def test_X18_B_20_a_browser_that_is_gone_is_an_error(state):
    over = verdict(standing(state=state, lease_until=NOW), NOW)

    assert over is not None
    assert over.outcome == "error"
    assert state in over.why


def test_X20_a_lead_on_the_platforms_own_page_needs_no_browser_of_ours():
    assert verdict(standing(source="platform", lease_until=NOW), NOW) is None


@given(STANDINGS, MOMENTS)
def test_X20_nothing_ends_well_by_itself_and_everything_ends_at_its_deadline(session, now):
    over = verdict(session, now)

    if session.expires_at <= now:
        assert over is not None
    if over is not None:
        assert over.outcome not in {"success", "cancelled"}
        assert may_become(session.state, END_OF[over.outcome])
        assert over.why


@given(STANDINGS, MOMENTS, st.integers(0, 3600))
def test_X19_what_is_over_stays_over(session, now, seconds):
    if verdict(session, now) is not None:
        assert verdict(session, now + timedelta(seconds=seconds)) is not None
