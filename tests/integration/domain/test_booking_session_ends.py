"""How booking sessions end: cancelled, told by the platform, by themselves; once and truthfully."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from hub.domain.booking_sessions import sessions
from tests.integration.domain.desk import code_of
from tests.integration.domain.session_desk import (
    CLINIC,
    ENDS,
    MINUTE,
    OPEN,
    SessionDesk,
    lead_number,
    of_run,
)


@pytest.fixture
def desk(session_desk: SessionDesk) -> SessionDesk:
    return session_desk


# ------------------------------------------------------------------------------------------- ends


@pytest.mark.parametrize("state", OPEN)
def test_B_16_cancelled_in_every_state_that_goes_on_and_a_repetition_is_harmless(desk, state):
    session = desk.in_state(state)

    first = desk.cancel(session)
    desk.clock.advance(MINUTE)
    again = desk.cancel(session)

    assert first == again
    assert (first.state, first.outcome) == ("cancelled", "cancelled")
    assert desk.row(session).seat is None


@pytest.mark.parametrize("state", ["completed", "failed", "abandoned"])
def test_B_16_what_is_over_cannot_be_cancelled(desk, state):
    session = desk.in_state(state)

    assert code_of(desk.cancel, session) == "session_is_over"
    assert desk.look(session).state == state


def test_B_15_X20_what_the_platform_tells_is_what_callers_read(desk):
    session = desk.in_state("monitoring")
    later = desk.now() + timedelta(days=3)

    told = desk.report(
        session, "success", confirmation_number="M-42", appointment_time=later, provider="Dr. Who"
    )

    assert (told.state, told.closed, told.contradicts) == ("completed", True, False)
    facts = desk.look(session)
    assert facts.confirmation == sessions.Confirmation(later, "M-42", "Dr. Who", None)
    assert desk.row(session).evidence == {
        "teller": "platform",
        "said": "evt_1",
        "outcome": "success",
    }


def test_X20_a_lead_may_pay_before_we_hand_over_and_both_are_in_the_history(desk):
    session = desk.in_state("ready_for_handoff")

    assert desk.report(session, "success").closed
    assert [state for state, _ in desk.history(session)][-2:] == ["monitoring", "completed"]


@pytest.mark.parametrize("state", ["created", "navigating"])
def test_X20_nobody_can_have_paid_before_there_was_a_page(desk, state):
    session = desk.in_state(state)

    assert code_of(desk.report, session, "success") == "not_ready"
    assert code_of(desk.report, session, "payment_failed") == "not_ready"
    assert desk.row(session).declines == 0


def test_X22_a_declined_card_ends_nothing_and_the_next_one_may_be_taken(desk):
    session = desk.in_state("monitoring")

    assert not desk.report(session, "payment_failed").closed
    assert desk.look(session).state == "monitoring"
    assert desk.report(session, "success", evidence="evt_2").state == "completed"


def test_X22_B_13_after_a_declined_card_the_deadline_says_so(desk):
    declined, silent = desk.in_state("monitoring"), desk.in_state("monitoring", lead_number(1))
    desk.report(declined, "payment_failed")
    for _ in range(15):
        desk.clock.advance(MINUTE)

    ended = {each.session_id: (each.state, each.outcome) for each in desk.settle()}

    assert ended == {declined: ("failed", "payment_failed"), silent: ("abandoned", "timeout")}


def test_X20_news_after_the_end_are_kept_and_change_nothing(desk):
    session = desk.in_state("abandoned")

    told = desk.report(session, "success")

    assert (told.closed, told.contradicts, told.state) == (False, True, "abandoned")
    assert desk.history(session)[-1] == ("abandoned", "told after the end: success")


def test_B_04_the_same_end_again_is_nothing_new(desk):
    session = desk.in_state("completed")

    told = desk.report(session, "success")

    assert (told.closed, told.contradicts) == (False, False)
    assert len(desk.history(session)) == 5


@pytest.mark.parametrize("state", ENDS)
def test_B_04_closing_what_is_over_only_reads_how_it_ended(desk, state):
    session = desk.in_state(state)

    assert desk.close(session) == desk.look(session)
    assert desk.look(session).state == state


# ------------------------------------------------------------------------------- by themselves


def test_X24_who_waited_too_long_for_a_browser_is_abandoned(desk):
    session = desk.begin().session_id
    desk.clock.advance(5 * MINUTE - timedelta(microseconds=1))
    assert desk.settle() == []
    desk.clock.advance(timedelta(microseconds=1))

    assert [each.session_id for each in desk.settle()] == [session]
    assert desk.look(session).error == "no browser was free in time"
    assert desk.settle() == []


@pytest.mark.parametrize("state", ["navigating", "ready_for_handoff", "monitoring"])
def test_X18_B_20_a_dead_browser_worker_leaves_an_error_and_a_free_seat(desk, state):
    session = desk.in_state(state, source="browser")
    desk.clock.advance(timedelta(seconds=30))

    (ended,) = desk.settle()

    assert (ended.session_id, ended.outcome) == (session, "error")
    assert desk.row(session).seat is None
    desk.begin(lead_number(1))
    assert desk.claim(seats=1) is not None


def test_X20_a_lead_who_pays_on_the_platforms_own_page_outlives_our_browser(desk):
    session = desk.in_state("monitoring")
    desk.clock.advance(MINUTE)

    assert desk.settle() == []
    row = desk.row(session)
    assert (row.state, row.seat) == ("monitoring", None)
    assert desk.report(session, "success").closed


def test_X19_an_end_stays_readable_for_24_hours_at_least(desk):
    session = desk.in_state("cancelled")

    def remove(hours: int) -> int:
        with desk.transaction() as db:
            kept = timedelta(hours=hours)
            return sessions.remove_old(db, desk.clock, older_than=kept).count

    assert code_of(remove, 23) == "invalid_input"
    desk.clock.advance(timedelta(hours=24))
    assert remove(24) == 0
    assert desk.look(session).state == "cancelled"
    desk.clock.advance(MINUTE)
    assert remove(24) == 1
    assert code_of(desk.look, session) == "not_found"


def test_B_06_no_column_has_a_place_for_a_card(desk):
    """What a session keeps is this list: there is no field that a card's number could go to."""
    with desk.transaction() as db:
        columns = db.scalars(
            text(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_name LIKE 'booking_session%'"
            )
        )
        assert not [each for each in columns if "card" in each or "cvc" in each or "pan" in each]


def test_X25_one_run_has_one_session_however_often_it_asks(desk):
    run = of_run()
    first = desk.begin(by=run)
    desk.cancel(first.session_id)

    again = desk.begin(by=run)

    assert (again.session_id, again.created, again.state) == (first.session_id, False, "cancelled")
    assert CLINIC in desk.row(first.session_id).booking_url
