"""Slots on real rows: reserved, confirmed, expired, cancelled (R-03 to R-11, R-21, R-22, D2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError

from hub.domain import slots
from hub.domain.seats import Slot
from hub.storage.tables import mechanics, slot_reservations
from tests.integration.domain.desk import attempt, code_of
from tests.integration.domain.slot_desk import HOUR, LENGTH, NOBODY, QUARTER, SlotDesk


def test_R_03_a_reservation_holds_for_a_quarter_of_an_hour(slot_desk: SlotDesk):
    made = slot_desk.reserve(slot_desk.slot(), type="video")

    row = slot_desk.reservation(made.reservation_id)
    assert made.expires_at == row.expires_at == slot_desk.now() + QUARTER
    assert (row.status, row.seat, row.kind) == ("reserved", 1, "video")
    assert row.customer_id == slot_desk.customer


def test_R_03_how_long_it_holds_can_be_said_up_to_a_day(slot_desk: SlotDesk):
    made = slot_desk.reserve(slot_desk.slot(), hold=timedelta(minutes=5))

    assert made.expires_at == slot_desk.now() + timedelta(minutes=5)
    for hold in (timedelta(0), timedelta(days=1, seconds=1), timedelta(seconds=-1)):
        assert code_of(slot_desk.reserve, slot_desk.slot(30), hold=hold) == "invalid_hold"


@pytest.mark.parametrize("minutes", [-44, -1, 0, 1, 44])
def test_R_04_what_overlaps_is_refused_for_one_mechanic(slot_desk: SlotDesk, minutes):
    slot_desk.reserve(slot_desk.slot())
    other = slot_desk.slot(24 + minutes / 60)

    assert code_of(slot_desk.reserve, other) == "slot_taken"
    assert slot_desk.check(other) == slots.Availability(available=False, reason="slot_taken")


def test_R_04_another_mechanic_and_back_to_back_are_accepted(slot_desk: SlotDesk):
    slot = slot_desk.slot()
    slot_desk.reserve(slot)

    slot_desk.reserve(Slot(uuid4(), slot.start, slot.end))
    slot_desk.reserve(Slot(slot.mechanic_id, slot.end, slot.end + LENGTH))
    slot_desk.reserve(Slot(slot.mechanic_id, slot.start - LENGTH, slot.start))


def test_R_04_D2_the_database_itself_refuses_two_in_one_seat(slot_desk: SlotDesk):
    made = slot_desk.reserve(slot_desk.slot())
    row = slot_desk.reservation(made.reservation_id)
    twin = {**row._mapping, "id": uuid4(), "key": "another"}  # noqa: SLF001 - its public name

    with (
        pytest.raises(IntegrityError, match="ex_slot_reservations_seat"),
        slot_desk.transaction() as db,
    ):
        db.execute(insert(slot_reservations).values(twin))


def test_K_08_as_many_seats_as_a_mechanic_has_are_taken_and_no_more(slot_desk: SlotDesk):
    slot_desk.seats(3)
    slot = slot_desk.slot()

    made = [slot_desk.reserve(slot).reservation_id for _ in range(3)]

    assert code_of(slot_desk.reserve, slot) == "slot_taken"
    assert sorted(slot_desk.reservation(each).seat for each in made) == [1, 2, 3]
    slot_desk.release(made[1])
    again = slot_desk.reserve(slot).reservation_id
    assert slot_desk.reservation(again).seat == 2


def test_what_is_booked_stays_when_there_are_fewer_seats(slot_desk: SlotDesk):
    slot_desk.seats(2)
    slot = slot_desk.slot()
    slot_desk.reserve(slot)
    slot_desk.reserve(slot)

    slot_desk.seats(1)

    assert not slot_desk.check(slot).available
    for wrong in (0, 1001):
        assert code_of(slot_desk.seats, wrong) == "invalid_input"


def test_R_11_times_that_nobody_may_take_are_refused_by_both_alike(slot_desk: SlotDesk):
    now, mechanic = slot_desk.now(), slot_desk.mechanic
    refused = {
        "invalid_slot": Slot(mechanic, now + HOUR, now + HOUR),
        "slot_in_past": Slot(mechanic, now - HOUR, now + HOUR),
        "slot_too_far": Slot(mechanic, now + timedelta(days=2000), now + timedelta(days=2001)),
    }

    for code, slot in refused.items():
        assert code_of(slot_desk.reserve, slot) == code
        assert slot_desk.check(slot) == slots.Availability(available=False, reason=code)


def test_R_11_X26_an_overdue_reservation_blocks_nobody_though_no_sweep_came_by(
    slot_desk: SlotDesk,
):
    slot = slot_desk.slot()
    first = slot_desk.reserve(slot)
    slot_desk.clock.advance(QUARTER - timedelta(seconds=1))
    assert not slot_desk.check(slot).available

    slot_desk.clock.advance(timedelta(seconds=1))

    assert slot_desk.check(slot).available
    second = slot_desk.reserve(slot)
    assert slot_desk.reservation(first.reservation_id).status == "expired"
    assert slot_desk.reservation(second.reservation_id).status == "reserved"


def test_X29_the_same_key_is_the_same_reservation_while_it_lives(slot_desk: SlotDesk):
    slot = slot_desk.slot()
    first = slot_desk.reserve(slot, client_key="k1")

    again = slot_desk.reserve(slot, client_key="k1")

    assert again.reservation_id == first.reservation_id
    assert (first.created, again.created) == (True, False)
    assert code_of(slot_desk.reserve, slot_desk.slot(30), client_key="k1") == "key_reused"
    other_mechanic = slot_desk.slot(24, uuid4())
    assert code_of(slot_desk.reserve, other_mechanic, client_key="k1") == "key_reused"


def test_X29_a_step_that_is_tried_again_holds_one_slot(slot_desk: SlotDesk):
    slot, once = slot_desk.slot(), attempt(key="run/slot")

    made = [slot_desk.reserve(slot, attempt=once) for _ in range(2)]

    assert made[0].reservation_id == made[1].reservation_id


def test_X29_the_key_of_one_customer_is_not_that_of_another(slot_desk: SlotDesk):
    slot_desk.reserve(slot_desk.slot(), client_key="k1")

    made = slot_desk.reserve(slot_desk.slot(30), client_key="k1", customer_id=uuid4())

    assert made.created
    taken = slot_desk.slot()
    assert code_of(slot_desk.reserve, taken, client_key="k1", customer_id=uuid4()) == "slot_taken"


def test_R_24_X29_who_gave_a_slot_back_may_book_it_again_with_the_same_key(slot_desk: SlotDesk):
    slot = slot_desk.slot()
    first = slot_desk.reserve(slot, client_key="k1")
    slot_desk.release(first.reservation_id)

    again = slot_desk.reserve(slot, client_key="k1")

    assert again.created
    assert again.reservation_id != first.reservation_id
    slot_desk.clock.advance(QUARTER)
    assert slot_desk.reserve(slot_desk.slot(30), client_key="k1").created, "the old one lapsed"


def test_R_24_book_cancel_and_book_the_same_slot_again(slot_desk: SlotDesk):
    slot = slot_desk.slot()
    for _ in range(3):
        reservation, session = slot_desk.book(slot)
        slot_desk.cancel(session)
        assert slot_desk.reservation(reservation).status == "cancelled"

    assert slot_desk.check(slot).available


def test_R_07_a_confirmed_reservation_and_its_session_name_each_other(slot_desk: SlotDesk):
    reservation, session = slot_desk.book(slot_desk.slot())

    row, its = slot_desk.reservation(reservation), slot_desk.session_row(session)
    assert (row.status, str(row.session_id)) == ("confirmed", session)
    assert str(its.reservation_id) == its.metadata["reservation_id"] == reservation
    assert row.confirmed_at == slot_desk.now()


def test_R_07_confirming_again_changes_nothing_and_a_second_session_gets_nothing(
    slot_desk: SlotDesk,
):
    slot = slot_desk.slot()
    reservation, session = slot_desk.book(slot)
    second = slot_desk.session(slot)

    assert slot_desk.confirm(reservation, session).status == "confirmed"
    assert code_of(slot_desk.confirm, reservation, second) == "conflict"


def test_R_07_a_session_of_another_time_mechanic_or_customer_is_none_for_this_slot(
    slot_desk: SlotDesk,
):
    slot = slot_desk.slot()
    reservation = slot_desk.reserve(slot).reservation_id
    strangers = [
        slot_desk.session(slot_desk.slot(25)),
        slot_desk.session(Slot(uuid4(), slot.start, slot.end)),
        slot_desk.session(slot, customer_id=uuid4()),
    ]

    for session in strangers:
        assert code_of(slot_desk.confirm, reservation, session) == "conflict"
    assert code_of(slot_desk.confirm, reservation, NOBODY) == "not_found"
    assert code_of(slot_desk.confirm, reservation, "ses_1") == "not_found"
    assert code_of(slot_desk.confirm, "res_1", strangers[0]) == "not_found"


def test_R_10_R_21_customers_and_mechanics_read_their_own_reservations_only(slot_desk: SlotDesk):
    made = slot_desk.reserve(slot_desk.slot()).reservation_id
    slot_desk.reserve(slot_desk.slot(48, uuid4()), customer_id=uuid4())
    owners: list[tuple[str, UUID]] = [
        ("customer", slot_desk.customer),
        ("mechanic", slot_desk.mechanic),
    ]

    with slot_desk.transaction() as db:
        for viewer, who in owners:
            asked: Any = {"viewer": viewer, "viewer_id": who}
            seen = slots.get(db, slot_desk.clock, reservation_id=made, **asked)
            assert seen.reservation_id == made
            listed = slots.list_own(db, slot_desk.clock, **asked).reservations
            assert [each.reservation_id for each in listed] == [made]
        swapped = [("customer", slot_desk.mechanic), ("mechanic", slot_desk.customer)]
        for viewer, who in [*swapped, ("customer", uuid4()), ("mechanic", uuid4())]:
            asked = {"viewer": viewer, "viewer_id": who}
            assert code_of(slots.get, db, slot_desk.clock, reservation_id=made, **asked) == (
                "not_found"
            )
            assert slots.list_own(db, slot_desk.clock, **asked).reservations == []


def test_R_10_what_lapsed_is_shown_as_expired_before_any_sweep(slot_desk: SlotDesk):
    made = slot_desk.reserve(slot_desk.slot()).reservation_id
    slot_desk.clock.advance(QUARTER)

    with slot_desk.transaction() as db:
        seen = slots.get(
            db,
            slot_desk.clock,
            reservation_id=made,
            viewer="customer",
            viewer_id=slot_desk.customer,
        )
    assert seen.status == "expired"


def test_R_10_a_list_holds_what_lies_in_its_time_even_in_part(slot_desk: SlotDesk):
    made = [slot_desk.reserve(slot_desk.slot(hours)).reservation_id for hours in (24, 25, 30)]
    begin = slot_desk.now() + 24 * HOUR

    with slot_desk.transaction() as db:
        seen = slots.list_own(
            db,
            slot_desk.clock,
            viewer="mechanic",
            viewer_id=slot_desk.mechanic,
            from_=begin + LENGTH / 2,
            until=begin + 6 * HOUR,
        )
    assert [each.reservation_id for each in seen.reservations] == made[:2]


def test_R_22_the_database_keeps_when_a_row_changed(slot_desk: SlotDesk):
    """Whoever changes a row, and whatever they say of it."""
    slot = slot_desk.slot()
    reservation, session = slot_desk.book(slot)
    long_ago = text("'2001-01-01T00:00:00Z'::timestamptz")
    with slot_desk.transaction() as db:
        began = db.scalar(text("SELECT now()"))
        for table in (slot_reservations, mechanics):
            db.execute(update(table).values(updated_at=long_ago))
        db.execute(text("UPDATE sessions SET kind = kind, updated_at = '2001-01-01'"))

    changed = slot_desk.reservation(reservation).updated_at
    assert changed >= began
    assert slot_desk.session_row(session).updated_at >= began
    with slot_desk.transaction() as db:
        assert db.scalar(select(mechanics.c.updated_at)) >= began
