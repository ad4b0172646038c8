"""How a reservation ends: paid late, given back, swept; and what can no more happen to it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from hub.domain import slots
from hub.storage.tables import slot_sweeps
from tests.integration.domain.desk import code_of
from tests.integration.domain.slot_desk import HOUR, NOBODY, QUARTER, SlotDesk


def test_X28_who_pays_late_gets_the_slot_if_it_is_still_free(slot_desk: SlotDesk):
    slot = slot_desk.slot()
    swept = slot_desk.reserve(slot).reservation_id
    slot_desk.clock.advance(QUARTER)
    slot_desk.sweep()
    session = slot_desk.session(slot)

    confirmed = slot_desk.confirm(swept, session)

    assert confirmed == slots.Confirmed("confirmed", retaken=True)
    assert code_of(slot_desk.reserve, slot) == "slot_taken"


def test_X28_who_pays_late_gets_another_seat_if_the_own_one_is_gone(slot_desk: SlotDesk):
    slot_desk.seats(2)
    slot = slot_desk.slot()
    late = slot_desk.reserve(slot, client_key="k").reservation_id
    slot_desk.clock.advance(QUARTER)
    slot_desk.reserve(slot, client_key="k")

    assert slot_desk.confirm(late, slot_desk.session(slot)).retaken

    assert slot_desk.reservation(late).seat == 2


def test_X28_who_pays_late_and_finds_the_slot_taken_hears_expired(slot_desk: SlotDesk):
    slot = slot_desk.slot()
    late = slot_desk.reserve(slot).reservation_id
    session = slot_desk.session(slot)
    slot_desk.clock.advance(QUARTER)
    slot_desk.reserve(slot)

    assert code_of(slot_desk.confirm, late, session) == "expired"
    assert slot_desk.reservation(late).status == "expired"


def test_X28_what_lapsed_is_not_taken_again_once_its_time_has_begun(slot_desk: SlotDesk):
    slot = slot_desk.slot(0.1)
    late = slot_desk.reserve(slot, hold=timedelta(minutes=5)).reservation_id
    session = slot_desk.session(slot)
    slot_desk.clock.advance(timedelta(minutes=7))

    assert code_of(slot_desk.confirm, late, session) == "expired"


def test_R_06_every_illegal_move_of_a_reservation_is_refused(slot_desk: SlotDesk):
    slot = slot_desk.slot()
    released = slot_desk.reserve(slot).reservation_id
    assert slot_desk.release(released)
    session = slot_desk.session(slot)

    assert code_of(slot_desk.confirm, released, session) == "released"
    assert not slot_desk.release(released), "it was given back before"
    confirmed, _ = slot_desk.book(slot)
    assert code_of(slot_desk.release, confirmed) == "confirmed"
    slot_desk.clock.advance(QUARTER)
    assert slot_desk.sweep() == 0
    assert slot_desk.reservation(confirmed).status == "confirmed"


def test_R_06_X27_no_error_behind_the_confirmation_frees_the_slot(slot_desk: SlotDesk):
    slot = slot_desk.slot()
    reservation, _ = slot_desk.book(slot)

    assert code_of(slot_desk.release, reservation) == "confirmed"
    assert code_of(slot_desk.release, NOBODY) == "not_found"
    assert not slot_desk.check(slot).available


def test_R_08_a_slot_that_is_given_back_is_free_at_once(slot_desk: SlotDesk):
    slot = slot_desk.slot()
    made = slot_desk.reserve(slot).reservation_id

    assert slot_desk.release(made)

    assert slot_desk.reservation(made).status == "cancelled"
    slot_desk.reserve(slot)


def test_R_08_X28_what_lapsed_and_was_given_up_is_not_taken_again_by_who_pays_late(
    slot_desk: SlotDesk,
):
    slot = slot_desk.slot()
    made = slot_desk.reserve(slot).reservation_id
    slot_desk.clock.advance(QUARTER)
    slot_desk.sweep()

    assert not slot_desk.release(made), "nobody held it"

    assert code_of(slot_desk.confirm, made, slot_desk.session(slot)) == "released"


def test_R_09_a_sweep_counts_what_it_expires_and_the_next_one_nothing(slot_desk: SlotDesk):
    for hours in range(1, 4):
        slot_desk.reserve(slot_desk.slot(hours))
    slot_desk.book(slot_desk.slot(10))
    slot_desk.clock.advance(QUARTER)
    slot_desk.reserve(slot_desk.slot(20))

    assert slot_desk.sweep() == 3
    assert slot_desk.sweep() == 0
    with slot_desk.transaction() as db:
        assert list(db.scalars(select(slot_sweeps.c.expired).order_by("expired"))) == [0, 3]


def test_R_09_a_sweep_of_an_earlier_time_leaves_what_lapsed_later(slot_desk: SlotDesk):
    slot_desk.reserve(slot_desk.slot())
    slot_desk.clock.advance(HOUR)

    assert slot_desk.sweep(before=slot_desk.now() - HOUR) == 0
    assert slot_desk.sweep(before=slot_desk.now() + 48 * HOUR) == 1, "but none that is held"


def test_R_09_old_sweeps_are_forgotten(slot_desk: SlotDesk):
    slot_desk.sweep()
    slot_desk.clock.advance(timedelta(days=31))
    slot_desk.sweep()

    with slot_desk.transaction() as db:
        assert len(db.execute(select(slot_sweeps)).all()) == 1
