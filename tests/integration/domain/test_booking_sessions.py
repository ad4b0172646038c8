"""Booking sessions as rows: begun once, handed over once, ended truthfully, guarded twice."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from hub.domain.booking_sessions.start import BookingLead
from hub.domain.booking_sessions.states import may_become
from tests.integration.domain.desk import code_of
from tests.integration.domain.session_desk import (
    ADA,
    ENDS,
    MINUTE,
    NOBODY,
    OPEN,
    STATES,
    SessionDesk,
    of_run,
)


@pytest.fixture
def desk(session_desk: SessionDesk) -> SessionDesk:
    return session_desk


# ------------------------------------------------------------------------------------ beginning


def test_B_01_a_session_begins_in_the_queue_with_one_deadline(desk):
    run = of_run()

    started = desk.begin(by=run)

    assert (started.session_id, started.state, started.created) == (
        str(run.run_id),
        "created",
        True,
    )
    assert started.expires_at == desk.now() + 15 * MINUTE
    assert started.time_left == 15 * MINUTE
    assert started.queue_position == 1
    assert desk.history(started.session_id) == [("created", "waits for a browser")]


def test_B_26_when_it_was_made_changed_and_over_and_why_is_kept(desk):
    began = desk.now()
    session = desk.begin().session_id
    desk.clock.advance(MINUTE)
    desk.close(session, outcome="error", why="the page never loaded")

    facts = desk.look(session)

    assert (facts.created_at, facts.updated_at) == (began, began + MINUTE)
    assert (facts.completed_at, facts.error) == (began + MINUTE, "the page never loaded")
    assert not hasattr(facts, "page_url")
    assert not hasattr(facts, "contact")


def test_X25_the_same_wish_again_is_the_same_session(desk):
    first, again = desk.begin(), desk.begin(time="14:30")

    assert (again.session_id, again.created) == (first.session_id, False)
    assert desk.begin(time="3:30pm").created


@pytest.mark.parametrize("state", ["failed", "abandoned", "cancelled"])
def test_X25_a_wish_that_came_to_nothing_may_be_told_again(desk, state):
    former = desk.in_state(state)

    again = desk.begin()

    assert again.created
    assert again.session_id != former


def test_X25_one_that_succeeded_is_not_booked_again(desk):
    booked = desk.in_state("completed")

    again = desk.begin()

    assert (again.session_id, again.state, again.created) == (booked, "completed", False)


def test_X25_one_whose_time_is_over_blocks_nobody_though_no_sweep_came(desk):
    former = desk.begin().session_id
    desk.clock.advance(15 * MINUTE)

    again = desk.begin()

    assert again.created
    assert desk.look(former).outcome == "timeout"


def test_X25_two_people_with_one_number_are_two_leads(desk):
    ada = desk.begin()
    son = desk.begin(BookingLead("Ralph", "Byron", ADA.phone, "ralph@example.com"))

    assert son.created
    assert son.lead_id != ada.lead_id


def test_B_22_the_same_person_is_the_same_lead_and_knows_the_latest_session(desk):
    first = desk.begin()
    later = desk.begin(time="4pm")
    desk.cancel(first.session_id)

    lead = desk.lead(first.lead_id)

    assert later.lead_id == first.lead_id
    assert (lead.booking_session_id, lead.booking_outcome) == (UUID(later.session_id), None)

    desk.cancel(later.session_id)
    assert desk.lead(first.lead_id).booking_outcome == "cancelled"


def test_B_22_a_simulated_session_is_not_what_a_lead_knows(desk):
    started = desk.begin(by=of_run("simulate"))
    desk.cancel(started.session_id)

    lead = desk.lead(started.lead_id)

    assert (lead.booking_session_id, lead.booking_outcome) == (None, None)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"booking_url": "https://evil.example.com/book"}, "not_allowed"),
        ({"booking_url": "https://clinic.example.com.evil.example/"}, "not_allowed"),
        ({"booking_url": "http://clinic.example.com/book"}, "not_allowed"),
        ({"allowed_origins": []}, "not_allowed"),
        ({"time": "soon"}, "invalid_time"),
        ({"timezone": "Mars/Base"}, "invalid_time"),
        ({"date": "2020-01-01"}, "slot_in_past"),
        ({"date": "2120-01-01"}, "appointment_too_far"),
        ({"lead_id": UUID(NOBODY)}, "unknown_lead"),
        ({"lead": BookingLead("Ada", "Byron", "+1999", "ada@example.com")}, "invalid_phone"),
    ],
)
def test_B_01_X23_X25_what_cannot_be_booked_is_refused_and_leaves_nothing(desk, given, code):
    lead = given.pop("lead", ADA)

    assert code_of(desk.begin, lead, **given) == code

    with desk.transaction() as db:
        assert db.scalar(text("SELECT count(*) FROM booking_sessions")) == 0
        assert db.scalar(text("SELECT count(*) FROM leads")) == 0


# ---------------------------------------------------------------------------- states, twice guarded


@pytest.mark.parametrize("state", STATES)
def test_B_03_the_database_refuses_what_the_rule_refuses(desk, state):
    session = desk.in_state(state)
    to_itself = {state} if state in OPEN else set()

    allowed = {following for following in STATES if desk_moves(desk, session, following)}

    assert allowed == {each for each in STATES if may_become(state, each)} | to_itself


def desk_moves(desk: SessionDesk, session: str, state: str) -> bool:
    """Whether the database itself lets the state be that; it is taken back."""
    outcomes = {
        "completed": "success",
        "failed": "error",
        "abandoned": "timeout",
        "cancelled": "cancelled",
    }
    values = {"id": session, "state": state, "outcome": outcomes.get(state)}
    change = text("""
        UPDATE booking_sessions SET state = :state, outcome = :outcome,
               completed_at = CASE WHEN CAST(:outcome AS text) IS NULL THEN NULL ELSE now() END,
               evidence = '{}', handoff_url = 'https://clinic.example.com', handed_over_at = now(),
               seat = CASE WHEN :state = 'navigating' THEN 9 END,
               owner = CASE WHEN :state = 'navigating' THEN 'me' END,
               lease_until = CASE WHEN :state = 'navigating' THEN now() END
         WHERE id = :id""")
    try:
        with desk.transaction() as db, db.begin_nested() as nested:
            db.execute(change, values)
            nested.rollback()
    except IntegrityError:
        return False
    return True


@pytest.mark.parametrize(
    "change",
    [
        "outcome = 'success'",
        "state = 'failed', outcome = 'success', completed_at = now()",
        (
            "state = 'completed', outcome = 'success', completed_at = now(), evidence = NULL,"
            " seat = NULL, owner = NULL, lease_until = NULL"
        ),
        "state = 'cancelled', outcome = 'cancelled', completed_at = now()",  # with its seat
        "seat = 0",
        "owner = NULL",
        "handed_over_at = NULL",
    ],
)
def test_B_04_X20_the_database_refuses_half_an_end_and_a_success_without_evidence(desk, change):
    session = desk.in_state("monitoring")

    broken = text(f"UPDATE booking_sessions SET {change} WHERE id = :id")  # noqa: S608 - our words

    with pytest.raises(IntegrityError), desk.transaction() as db:
        db.execute(broken, {"id": session})


@pytest.mark.parametrize("state", ENDS)
def test_B_03_a_session_never_begins_anywhere_but_in_the_queue(desk, state):
    session = desk.in_state("created")
    copied = text(f"""
        INSERT INTO booking_sessions (id, state, mode, source, booking_url, starts_at, timezone,
               lead_id, contact, start_by, expires_at, created_at, updated_at)
        SELECT gen_random_uuid(), '{state}', 'test', source, booking_url, starts_at, timezone,
               lead_id, contact, start_by, expires_at, created_at, updated_at
          FROM booking_sessions WHERE id = :id""")  # noqa: S608 - our own words

    with pytest.raises(IntegrityError), desk.transaction() as db:
        db.execute(copied, {"id": session})


# ------------------------------------------------------------------------------------- handing over


def test_B_07_X21_looking_changes_nothing(desk):
    session = desk.in_state("ready_for_handoff")
    before = desk.row(session)

    assert [desk.look(session).state for _ in range(3)] == ["ready_for_handoff"] * 3
    assert desk.row(session) == before


def test_B_07_X21_the_page_is_handed_over_once(desk):
    session, run = desk.in_state("ready_for_handoff"), of_run()

    first, again = desk.hand_over(session, run), desk.hand_over(session, run)

    assert first == again
    assert (first.state, first.expires_at) == ("monitoring", desk.look(session).expires_at)
    assert code_of(desk.hand_over, session) == "already_handed_over"


@pytest.mark.parametrize(
    ("state", "code"),
    [("created", "not_ready"), ("navigating", "not_ready"), ("monitoring", "already_handed_over")]
    + [(state, "session_is_over") for state in ENDS],
)
def test_B_07_only_a_page_that_waits_for_the_payment_is_handed_over(desk, state, code):
    assert code_of(desk.hand_over, desk.in_state(state)) == code


def test_B_07_X19_an_expired_page_is_not_handed_over(desk):
    session = desk.in_state("ready_for_handoff")
    desk.clock.advance(15 * MINUTE)

    assert code_of(desk.hand_over, session) == "session_is_over"


@pytest.mark.parametrize("session_id", ["", "run-1", NOBODY, "' OR 1=1", "é" * 9])
def test_B_07_B_15_nobody_knows_such_a_session(desk, session_id):
    for asked in (desk.look, desk.hand_over, desk.cancel, desk.close):
        assert code_of(asked, session_id) == "not_found"
    assert code_of(desk.report, session_id, "success") == "not_found"
