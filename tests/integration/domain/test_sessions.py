"""Sessions on real rows: created, moved, cancelled, held (R-01, R-02, R-13, R-20 to R-28, X30)."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any
from uuid import uuid4

import pytest

from hub.domain import sessions
from tests.integration.domain.desk import attempt, code_of
from tests.integration.domain.slot_desk import (
    HOUR,
    LENGTH,
    QUARTER,
    SlotDesk,
    becomes,
    now_session,
    sign,
)

# ---------------------------------------------------------------------------------------- created


def test_R_01_a_session_with_a_time_is_scheduled_for_it_in_UTC(slot_desk: SlotDesk):
    there = timezone(timedelta(hours=-5))
    start = (slot_desk.now() + 24 * HOUR).astimezone(there)
    made = now_session(slot_desk, scheduled_for=start)

    row = slot_desk.session_row(made.id)
    assert (made.status, row.status) == ("scheduled", "scheduled")
    assert row.scheduled_for == start
    assert row.scheduled_for.utcoffset() == timedelta(0)


def test_R_01_R_20_a_session_without_a_time_is_pending_as_ever(slot_desk: SlotDesk):
    made = now_session(slot_desk)

    row = slot_desk.session_row(made.id)
    assert (made.status, row.status) == ("pending", "pending")
    assert (row.scheduled_for, row.reservation_id) == (None, None)
    assert row.metadata == {"is_scheduled": False}


def test_R_02_the_metadata_keeps_the_time_as_it_was_written(slot_desk: SlotDesk):
    there = timezone(timedelta(hours=-5))
    start = (slot_desk.now() + 24 * HOUR).astimezone(there)
    made = now_session(slot_desk, scheduled_for=start, reservation_id="res-1")

    assert slot_desk.session_row(made.id).metadata == {
        "is_scheduled": True,
        "scheduled_for_original": "2025-10-21T07:00:00-05:00",
        "reservation_id": "res-1",
    }


def test_a_session_cannot_be_scheduled_without_a_time_nor_pend_with_one(slot_desk: SlotDesk):
    start = slot_desk.now() + HOUR

    assert code_of(now_session, slot_desk, status="scheduled") == "time_missing"
    pending = {"status": "pending", "scheduled_for": start}
    assert code_of(now_session, slot_desk, **pending) == "time_missing"


@pytest.mark.parametrize(
    ("days", "code"), [(-2, "in_the_past"), (-1.01, "in_the_past"), (1900, "too_far")]
)
def test_D8_a_session_of_another_age_is_refused(slot_desk: SlotDesk, days, code):
    start = slot_desk.now() + timedelta(days=days)

    assert code_of(now_session, slot_desk, scheduled_for=start) == code


def test_what_cannot_be_a_session_is_refused(slot_desk: SlotDesk):
    start = slot_desk.now() + HOUR

    wrong_end = {"scheduled_for": start, "ends_at": start}
    assert code_of(now_session, slot_desk, **wrong_end) == "invalid_slot"
    assert code_of(now_session, slot_desk, timezone="Mars/Olympus") == "invalid_input"


def test_a_step_that_is_tried_again_makes_one_session(slot_desk: SlotDesk):
    once = attempt(key="run/session")

    made = {now_session(slot_desk, attempt=once, payment_intent_id="pi_1").id for _ in range(3)}

    assert len(made) == 1


def test_a_payment_is_for_one_session(slot_desk: SlotDesk):
    now_session(slot_desk, payment_intent_id="pi_1")

    assert code_of(now_session, slot_desk, payment_intent_id="pi_1") == "payment_used"


# ------------------------------------------------------------------------------------------ moved


def test_R_13_X30_a_move_changes_time_history_and_version_and_both_slots_at_once(
    slot_desk: SlotDesk,
):
    old = slot_desk.slot()
    reservation, session = slot_desk.book(old)
    new = slot_desk.now() + 48 * HOUR
    slot_desk.clock.advance(HOUR)

    moved = slot_desk.move(session, new, by="Ada")

    row = slot_desk.session_row(session)
    taken = slot_desk.reservation(str(row.reservation_id))
    assert not moved.repeated
    assert (row.scheduled_for, row.ends_at, row.version) == (new, new + LENGTH, 2)
    assert row.reschedule_history == [
        {
            "from": "2025-10-21T12:00:00Z",
            "to": "2025-10-22T12:00:00Z",
            "at": "2025-10-20T13:00:00Z",
            "by": "Ada",
        }
    ]
    assert (taken.status, taken.starts_at, str(taken.session_id)) == ("confirmed", new, session)
    given_up = slot_desk.reservation(reservation)
    assert (given_up.status, given_up.replaced_by) == ("cancelled", taken.id)
    assert row.metadata["reservation_id"] == str(taken.id)
    assert row.metadata["scheduled_for_original"] == "2025-10-21T12:00:00Z"
    slot_desk.reserve(old)


def test_R_13_every_move_is_one_more_entry(slot_desk: SlotDesk):
    _, session = slot_desk.book(slot_desk.slot())
    for hours in (48, 72, 24):
        slot_desk.move(session, slot_desk.now() + hours * HOUR)

    row = slot_desk.session_row(session)
    ends = [(entry["from"], entry["to"]) for entry in row.reschedule_history]
    assert [end for end, _ in ends[1:]] == [begin for _, begin in ends[:-1]]
    assert (len(ends), row.version) == (3, 4)


def test_X30_the_old_time_stays_when_the_new_one_is_taken(slot_desk: SlotDesk):
    reservation, session = slot_desk.book(slot_desk.slot())
    slot_desk.reserve(slot_desk.slot(48), customer_id=uuid4())

    assert code_of(slot_desk.move, session, slot_desk.now() + 48 * HOUR) == "slot_taken"

    row = slot_desk.session_row(session)
    assert (row.version, row.reschedule_history) == (1, [])
    assert slot_desk.reservation(reservation).status == "confirmed"


def test_X30_a_session_may_move_into_a_part_of_its_own_time(slot_desk: SlotDesk):
    slot = slot_desk.slot()
    _, session = slot_desk.book(slot)

    slot_desk.move(session, slot.start + QUARTER)

    assert slot_desk.session_row(session).ends_at == slot.end + QUARTER


def test_X30_an_overdue_reservation_is_not_in_the_way_of_a_move(slot_desk: SlotDesk):
    _, session = slot_desk.book(slot_desk.slot())
    new = slot_desk.slot(48)
    slot_desk.reserve(new, customer_id=uuid4())
    slot_desk.clock.advance(QUARTER)

    slot_desk.move(session, new.start)

    assert slot_desk.session_row(session).scheduled_for == new.start


def test_a_move_to_the_time_it_has_changes_nothing(slot_desk: SlotDesk):
    slot = slot_desk.slot()
    _, session = slot_desk.book(slot)

    again = slot_desk.move(session, slot.start)

    assert again.repeated
    assert again.session.version == slot_desk.session_row(session).version == 1


def test_a_move_may_change_the_length_too(slot_desk: SlotDesk):
    slot = slot_desk.slot()
    _, session = slot_desk.book(slot)

    slot_desk.move(session, slot.start, ends_at=slot.start + HOUR)

    assert slot_desk.session_row(session).ends_at == slot.start + HOUR


def test_what_cannot_be_moved_is_not(slot_desk: SlotDesk):
    slot = slot_desk.slot(2)
    _, session = slot_desk.book(slot)
    new = slot_desk.now() + 48 * HOUR
    unconfirmed, immediate = slot_desk.session(slot_desk.slot(30)), now_session(slot_desk).id

    assert code_of(slot_desk.move, session, slot_desk.now() - HOUR) == "slot_in_past"
    assert code_of(slot_desk.move, session, slot_desk.now() + 60_000 * HOUR) == "slot_too_far"
    assert code_of(slot_desk.move, session, new, ends_at=new) == "invalid_slot"
    for other in (unconfirmed, immediate):
        assert code_of(slot_desk.move, other, new) == "conflict"
    assert code_of(slot_desk.move, "ses_1", new) == "not_found"
    slot_desk.clock.advance(2 * HOUR)
    assert code_of(slot_desk.move, session, new) == "too_late"
    slot_desk.cancel(session)
    assert code_of(slot_desk.move, session, new) == "conflict"


# -------------------------------------------------------------------------------------- cancelled


def test_X27_a_cancelled_session_gives_its_slot_back_in_the_same_transaction(slot_desk: SlotDesk):
    slot = slot_desk.slot()
    reservation, session = slot_desk.book(slot, payment_intent_id="pi_1")

    done = slot_desk.cancel(session, customer_id=slot_desk.customer)

    assert (done.status, done.repeated, done.session.version) == ("cancelled", False, 2)
    assert done.session.payment_intent_id == "pi_1"
    assert slot_desk.reservation(reservation).status == "cancelled"
    assert slot_desk.check(slot).available


def test_a_second_cancellation_changes_nothing(slot_desk: SlotDesk):
    _, session = slot_desk.book(slot_desk.slot())
    slot_desk.cancel(session)

    again = slot_desk.cancel(session)

    assert (again.repeated, again.session.version) == (True, 2)


def test_what_began_is_only_cancelled_by_the_house(slot_desk: SlotDesk):
    _, session = slot_desk.book(slot_desk.slot(1))
    slot_desk.clock.advance(HOUR)
    mine = {"customer_id": slot_desk.customer}

    assert code_of(slot_desk.cancel, session, **mine) == "too_late"
    assert slot_desk.cancel(session).status == "cancelled"


def test_what_is_over_cannot_be_cancelled(slot_desk: SlotDesk):
    made = now_session(slot_desk).id
    becomes(slot_desk, made, "in-progress")

    assert code_of(slot_desk.cancel, made) == "conflict"


# ------------------------------------------------------------------------------------ whose it is


def test_R_21_sessions_are_read_by_their_mechanic_and_their_customer_alone(slot_desk: SlotDesk):
    _, session = slot_desk.book(slot_desk.slot())
    views: list[tuple[Any, Any, bool]] = [
        ("customer", slot_desk.customer, True),
        ("mechanic", slot_desk.mechanic, True),
        ("customer", slot_desk.mechanic, False),
        ("mechanic", slot_desk.customer, False),
        ("customer", uuid4(), False),
        ("mechanic", uuid4(), False),
    ]

    with slot_desk.transaction() as db:
        for viewer, who, may_see in views:
            seen = sessions.list_own(db, viewer=viewer, viewer_id=who).sessions
            assert [each.session_id for each in seen] == ([session] if may_see else [])
            asked: Any = {"session_id": session, "viewer": viewer, "viewer_id": who}
            if may_see:
                assert sessions.get(db, **asked).session_id == session
            else:
                assert code_of(sessions.get, db, **asked) == "not_found"


def test_R_21_nobody_moves_cancels_or_signs_what_belongs_to_another(slot_desk: SlotDesk):
    _, session = slot_desk.book(slot_desk.slot(1))
    other = {"customer_id": uuid4()}

    assert code_of(slot_desk.move, session, slot_desk.now() + 48 * HOUR, **other) == "not_found"
    assert code_of(slot_desk.cancel, session, **other) == "not_found"
    assert code_of(sign, slot_desk, session, **other) == "not_found"
    stranger = {"mechanic_id": uuid4()}
    assert code_of(becomes, slot_desk, session, "no_show", **stranger) == "not_found"
    assert becomes(slot_desk, session, "no_show", mechanic_id=slot_desk.mechanic) == "no_show"


# ------------------------------------------------------------------------------- a mechanic offline


def test_R_25_sessions_that_an_absence_leaves_alone_are_named_once(slot_desk: SlotDesk):
    in_it = slot_desk.book(slot_desk.slot(24), customer_email="ada@example.com")
    after = slot_desk.book(slot_desk.slot(72))
    until = slot_desk.now() + 48 * HOUR

    told = slot_desk.presence(is_online=False, until=until)
    again = slot_desk.presence(is_online=False, until=until)

    assert [each.session_id for each in told.affected] == [in_it[1]]
    assert told.affected[0].customer_email == "ada@example.com"
    assert again.affected == []
    assert slot_desk.reservation(in_it[0]).status == "confirmed", "it stays booked"
    assert slot_desk.reservation(in_it[0]).offline_at == slot_desk.now()
    assert slot_desk.reservation(after[0]).offline_at is None
    assert slot_desk.monitor().mechanic_offline == 1


def test_R_25_a_longer_absence_names_only_those_that_are_new(slot_desk: SlotDesk):
    slot_desk.book(slot_desk.slot(24))
    later = slot_desk.book(slot_desk.slot(72))[1]
    slot_desk.presence(is_online=False, until=slot_desk.now() + 48 * HOUR)

    told = slot_desk.presence(is_online=False)

    assert [each.session_id for each in told.affected] == [later]


def test_R_25_who_is_back_has_their_sessions_and_may_go_again(slot_desk: SlotDesk):
    reservation, session = slot_desk.book(slot_desk.slot(24))
    slot_desk.presence(is_online=False)

    back = slot_desk.presence(is_online=True)

    assert (back.is_online, back.affected) == (True, [])
    assert slot_desk.reservation(reservation).offline_at is None
    gone = slot_desk.presence(is_online=False)
    assert [each.session_id for each in gone.affected] == [session]


def test_R_25_nothing_is_reserved_confirmed_or_moved_into_an_absence(slot_desk: SlotDesk):
    slot = slot_desk.slot(24)
    reservation = slot_desk.reserve(slot).reservation_id
    session = slot_desk.session(slot)
    _, booked = slot_desk.book(slot_desk.slot(72))
    slot_desk.presence(is_online=False, until=slot_desk.now() + 48 * HOUR)

    assert code_of(slot_desk.reserve, slot_desk.slot(30)) == "mechanic_offline"
    assert slot_desk.check(slot_desk.slot(30)).reason == "mechanic_offline"
    assert code_of(slot_desk.confirm, reservation, session) == "mechanic_offline"
    assert code_of(slot_desk.move, booked, slot_desk.now() + 30 * HOUR) == "mechanic_offline"
    slot_desk.reserve(slot_desk.slot(48))


def test_an_absence_ends_after_it_begins(slot_desk: SlotDesk):
    wrong = {"is_online": False, "until": slot_desk.now()}

    assert code_of(slot_desk.presence, **wrong) == "invalid_slot"
