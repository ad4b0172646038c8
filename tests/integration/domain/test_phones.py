"""The pool: who gets which number, and how it comes back (D1, D5, D6, D9, H-21, H-31)."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from hub.domain import phones
from hub.storage.tables import interactions, phone_assignments, phone_numbers
from tests.integration.domain.desk import DAY, attempt, code_of

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def test_the_number_that_is_free_for_longest_is_given_first(desk):
    first, second, third = desk.numbers(3)
    ada, bob, cleo = (desk.lead(name) for name in ("Ada", "Bob", "Cleo"))
    assert desk.assign(ada).phone_number == first
    desk.clock.advance(18 * HOUR)
    desk.sweep()

    given = [desk.assign(lead).phone_number for lead in (bob, cleo, ada)]

    assert given == [second, third, first]


def test_x03_who_is_next_does_not_depend_on_the_sweep(desk):
    ada, bob, cleo, dora = (desk.lead(name) for name in ("Ada", "Bob", "Cleo", "Dora"))
    first, second = desk.numbers(2)
    desk.assign(ada)
    desk.clock.advance(HOUR)
    desk.assign(bob)
    desk.clock.advance(30 * HOUR)
    desk.release(str(desk.phone(first).id))

    given = [desk.assign(lead).phone_number for lead in (cleo, dora)]

    assert given == [first, second]


def test_a_lead_nobody_knows_gets_no_number(desk):
    desk.numbers(1)

    assert code_of(desk.assign, uuid4()) == "unknown_lead"


def test_D6_the_history_of_a_number_names_everybody_who_held_it(desk):
    (number,) = desk.numbers(1)
    ada, bob = desk.lead("Ada"), desk.lead("Bob")
    start = desk.now()
    desk.assign(ada)
    desk.clock.advance(20 * HOUR)
    desk.assign(ada)
    desk.clock.advance(18 * HOUR)
    desk.sweep()
    desk.clock.advance(HOUR)
    desk.assign(bob)

    with desk.transaction() as db:
        rows = db.execute(select(phone_assignments).order_by("assigned_at")).all()
        found = [(row.lead_id, row.assigned_at - start, row.ended_at) for row in rows]

    assert found == [
        (ada, 0 * HOUR, start + 20 * HOUR),
        (ada, 20 * HOUR, start + 38 * HOUR),
        (bob, 39 * HOUR, None),
    ]
    assert desk.phone(number).lead_id == bob


def test_every_change_says_who_what_why_and_in_which_run(desk):
    lead = desk.lead()
    (number,) = desk.numbers(1)
    mine = attempt("lead-phone")

    with desk.transaction() as db:
        phones.assign(db, desk.clock, mine, lead_id=lead)
        row = db.execute(select(interactions)).one()

    assert (row.kind, row.reference, row.outcome, row.who) == (
        "phone",
        number,
        "assigned",
        "lead-phone",
    )
    assert (row.run_id, row.mode, row.at) == (mine.run_id, "live", desk.now())
    assert row.text == "given to the lead; release at 2025-10-21T06:00:00Z"


# ---------------------------------------------------------------------------------------- release


def test_D5_a_number_inside_its_hold_is_not_released(desk):
    lead = desk.holder()
    phone = str(desk.hold(lead).phone_id)
    desk.clock.advance(18 * HOUR - SECOND)

    assert code_of(desk.release, phone) == "hold_changed"
    desk.clock.advance(SECOND)
    assert desk.release(phone)


def test_D5_a_hold_that_was_extended_meanwhile_is_left_alone(desk):
    lead = desk.holder()
    seen = desk.hold(lead)
    desk.clock.advance(18 * HOUR)
    desk.book(lead, desk.now() + 48 * HOUR)

    refusal = code_of(desk.release, str(seen.phone_id), expect_release_at=seen.release_at)

    assert refusal == "hold_changed"
    assert desk.hold(lead).number == seen.number


def test_D5_a_hold_that_was_renewed_meanwhile_is_left_alone(desk):
    lead = desk.holder()
    seen = desk.hold(lead)
    desk.clock.advance(40 * HOUR)
    desk.assign(lead)
    desk.clock.advance(18 * HOUR)

    refusal = code_of(desk.release, str(seen.phone_id), expect_release_at=seen.release_at)

    assert refusal == "hold_changed"


def test_D5_the_rule_is_asked_and_not_the_stored_time(desk):
    lead = desk.holder()
    desk.book(lead, desk.now() + 48 * HOUR)
    hold = desk.hold(lead)
    with desk.transaction() as db:
        db.execute(update(phone_numbers).values(release_at=desk.now()))

    assert code_of(desk.release, str(hold.phone_id)) == "hold_changed"
    assert desk.sweep() == 0
    desk.numbers(1)
    assert desk.assign(desk.lead("Bob")).phone_number != hold.number
    desk.outcome(lead, "no_show")  # whatever changes the hold puts the time right again
    assert desk.hold(lead).release_at == desk.now() + DAY


def test_a_released_number_is_released_already(desk):
    lead = desk.holder()
    phone = str(desk.hold(lead).phone_id)
    desk.clock.advance(18 * HOUR)
    desk.release(phone)

    assert not desk.release(phone)


@pytest.mark.parametrize("phone_id", ["p1", "5b428f0c-babb-4590-92d2-9e9bd02ed6a1"])
def test_a_number_that_does_not_exist_is_not_released(desk, phone_id):
    assert code_of(desk.release, phone_id) == "not_found"


def test_the_list_of_expired_numbers_is_bounded_and_starts_with_the_longest(desk):
    first, second, _ = desk.numbers(3)
    for name in ("Ada", "Bob", "Cleo"):
        desk.assign(desk.lead(name))
        desk.clock.advance(HOUR)
    desk.clock.advance(20 * HOUR)

    with desk.transaction() as db:
        found = phones.list_expired(db, at=desk.now(), appointment_grace=DAY, limit=2)

    assert [each.number for each in found.phones] == [first, second]


def test_h20_the_grace_that_is_asked_for_counts_even_after_the_release_time(desk):
    lead = desk.holder()
    desk.book(lead, desk.now() + HOUR)
    desk.clock.advance(26 * HOUR)

    with desk.transaction() as db:
        at, two_days = desk.now(), timedelta(hours=48)
        with_grace = phones.list_expired(db, at=at, appointment_grace=two_days).phones
        without = phones.list_expired(db, at=at, appointment_grace=DAY).phones

    assert (len(with_grace), len(without)) == (0, 1)


# ------------------------------------------------------------------------------- whose number it is


def test_h31_a_held_number_leads_to_its_lead_through_the_whole_hold(desk):
    lead = desk.holder("Ada")
    appointment = desk.now() + 48 * HOUR
    number = desk.book(lead, appointment).phone_number

    for hours in (0, 47, 49, 71):
        desk.clock.set(appointment + (hours - 48) * HOUR)
        with desk.transaction() as db:
            found = phones.find_lead(db, number=number)
        assert (found.lead_id, found.first_name) == (lead, "Ada")

    desk.clock.set(appointment + 24 * HOUR)
    desk.sweep()
    with desk.transaction() as db:
        assert phones.find_lead(db, number=number) == phones.NumberOwner(found=False)


@pytest.mark.parametrize("written", ["+1 415 555 0000", "tel:+1-415-555-0000", "+1(415)5550000"])
def test_D9_ways_of_writing_one_number_are_one_number(desk, written):
    (number,) = desk.numbers(1)
    lead = desk.lead()
    desk.assign(lead)

    with desk.transaction() as db:
        assert phones.find_lead(db, number=written).lead_id == lead
        assert phones.add_numbers(db, desk.clock, numbers=[written]) == 0
    assert desk.phone(number).lead_id == lead


def test_numbers_are_put_into_the_pool_once(desk):
    with desk.transaction() as db:
        assert phones.add(db, desk.clock, numbers=["+1 415 555 0100", "+14155550101"]).added == 2
        assert phones.add(db, desk.clock, numbers=["+14155550100"]).added == 0
    assert desk.assign(desk.lead()).created


def test_D9_what_is_no_number_is_refused(desk):
    with desk.transaction() as db:
        assert code_of(phones.find_lead, db, number="call me") == "invalid_number"
        assert code_of(phones.add_numbers, db, desk.clock, numbers=["12"]) == "invalid_number"


# ------------------------------------------------------------- what the database itself guarantees


def test_D1_the_database_refuses_a_second_number_for_a_lead(desk):
    lead = desk.holder()
    desk.numbers(1)
    second = (
        update(phone_numbers)
        .where(phone_numbers.c.lead_id.is_(None))
        .values(lead_id=lead, assigned_at=desk.now(), release_at=desk.now())
    )

    with pytest.raises(IntegrityError, match="uq_phone_numbers_lead_id"), desk.transaction() as db:
        db.execute(second)


@pytest.mark.parametrize("constraint", ["uq_phone_assignments_phone", "uq_phone_assignments_lead"])
def test_D1_the_database_refuses_two_holds_in_the_history(desk, constraint):
    lead, other = desk.holder(), desk.lead("Bob")
    desk.numbers(1)
    held = desk.hold(lead).phone_id
    free = desk.phone("+14155550000").id
    is_phone = constraint == "uq_phone_assignments_phone"
    row = {
        "id": uuid4(),
        "phone_id": held if is_phone else free,
        "lead_id": other if is_phone else lead,
        "assigned_at": desk.now(),
        "mode": "live",
    }

    with pytest.raises(IntegrityError, match=constraint), desk.transaction() as db:
        db.execute(phone_assignments.insert().values(row))
