"""How long a number stays with its lead: the rows H-01 … H-31 and D3, D4 of the trade.

Hours are counted from the assignment; the clock starts on Monday, 20 October 2025, 12:00 UTC.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.errors import Permanent

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def test_D3_H_01_a_lead_who_writes_gets_a_number_for_18_hours(desk):
    desk.numbers(1)
    lead = desk.lead()

    given = desk.assign(lead)

    assert (given.phone_number, given.created) == ("+14155550000", True)
    assert given.release_at == desk.now() + 18 * HOUR
    assert desk.phone("+14155550000").lead_id == lead
    assert desk.history(lead) == [("phone", "assigned")]


def test_h02_h22_after_18_hours_without_appointment_the_sweep_frees_the_number(desk):
    desk.numbers(1)
    lead = desk.lead()
    desk.assign(lead)
    desk.clock.advance(18 * HOUR)

    released = desk.sweep()

    phone = desk.phone("+14155550000")
    assert released == 1
    assert (phone.lead_id, phone.release_at, phone.assigned_at) == (None, None, None)
    assert desk.history(lead) == [("phone", "assigned"), ("phone", "released")]


def test_D5_H_02_a_second_before_18_hours_the_number_stays(desk):
    lead = desk.holder()
    desk.clock.advance(18 * HOUR - SECOND)

    assert desk.sweep() == 0
    assert desk.hold(lead).hours_until_release == 0.0


def test_D3_H_07_a_booking_holds_the_number_until_24_hours_after_the_appointment(desk):
    lead = desk.holder()
    appointment = desk.now() + 48 * HOUR

    booked = desk.book(lead, appointment)

    assert booked.created
    assert booked.release_at == appointment + 24 * HOUR
    assert desk.history(lead) == [("phone", "assigned"), ("phone", "extended")]


def test_a_booking_may_ask_for_a_longer_hold(desk):
    lead = desk.holder()
    appointment = desk.now() + 48 * HOUR

    booked = desk.book(lead, appointment, hold_until=appointment + 60 * HOUR)

    assert booked.release_at == appointment + 60 * HOUR


@pytest.mark.parametrize(
    ("outcome", "hours_until_release"),
    [("showed", 24), ("no_show", 24), ("cancelled", 0), ("rescheduled", 2)],
)
def test_h11_h12_h13_an_outcome_sets_when_the_number_is_free(desk, outcome, hours_until_release):
    lead = desk.holder()
    desk.book(lead, desk.now() + 48 * HOUR)
    desk.clock.advance(49 * HOUR)

    recorded = desk.outcome(lead, outcome)

    assert not recorded.repeated
    assert recorded.release_at == desk.now() + hours_until_release * HOUR


@pytest.mark.parametrize(
    ("outcome", "hours_until_release"),
    [("showed", 24), ("no_show", 24), ("cancelled", 0), ("rescheduled", 2)],
)
def test_x09_an_outcome_told_early_or_late_counts_from_the_moment_it_is_told(
    desk, outcome, hours_until_release
):
    early, late = desk.holder("Early"), desk.holder("Late")
    desk.book(early, desk.now() + 10 * HOUR)
    desk.book(late, desk.now() + 10 * HOUR)

    told_early = desk.outcome(early, outcome)
    assert told_early.release_at == desk.now() + hours_until_release * HOUR

    desk.clock.advance(33 * HOUR)
    told_late = desk.outcome(late, outcome)
    assert told_late.release_at == desk.now() + hours_until_release * HOUR


@pytest.mark.parametrize(
    ("hours_since_appointment", "is_released"),
    [
        pytest.param(-48 * HOUR, False, id="H-19 in the future"),
        pytest.param(-SECOND, False, id="H-19 in a second"),
        pytest.param(timedelta(0), False, id="H-20 now"),
        pytest.param(23 * HOUR, False, id="H-20 23 hours ago"),
        pytest.param(24 * HOUR - SECOND, False, id="H-20 a second before 24 hours"),
        pytest.param(24 * HOUR, True, id="H-21 exactly 24 hours ago"),
        pytest.param(30 * HOUR, True, id="H-21 long ago"),
    ],
)
def test_h19_h20_h21_the_sweep_asks_how_long_ago_the_appointment_was(
    desk, hours_since_appointment, is_released
):
    lead = desk.holder()
    appointment = desk.now() + 72 * HOUR
    desk.book(lead, appointment)
    desk.clock.set(appointment + hours_since_appointment)

    assert desk.sweep() == int(is_released)


def test_h18_a_second_sweep_changes_nothing(desk):
    lead = desk.holder()
    desk.clock.advance(18 * HOUR)
    desk.sweep()
    before = desk.history(lead)

    assert desk.sweep() == 0
    assert desk.history(lead) == before


def test_h23_a_lead_who_writes_again_keeps_number_and_release(desk):
    lead = desk.holder()
    booked = desk.book(lead, desk.now() + 48 * HOUR)
    desk.numbers(3)
    desk.clock.advance(HOUR)

    again = desk.assign(lead)

    assert not again.created
    assert (again.phone_number, again.release_at) == (booked.phone_number, booked.release_at)


def test_h23_a_lead_who_writes_again_without_booking_gets_no_longer_hold(desk):
    lead = desk.holder()
    release_at = desk.hold(lead).release_at
    desk.clock.advance(5 * HOUR)

    assert desk.assign(lead).release_at == release_at


@pytest.mark.parametrize("hours", [-24, -10, 0, 1])
def test_D3_H_23_a_near_appointment_never_shortens_the_hold(desk, hours):
    lead = desk.holder()
    later = desk.book(lead, desk.now() + 90 * HOUR)

    booked = desk.book(lead, desk.now() + hours * HOUR)

    assert booked.release_at == later.release_at


def test_h23_the_first_18_hours_hold_even_when_the_appointment_is_long_over(desk):
    lead = desk.holder()

    booked = desk.book(lead, desk.now() - 20 * HOUR)

    assert booked.release_at == desk.now() + 18 * HOUR


def test_D3_H_24_X07_of_several_appointments_the_latest_counts(desk):
    lead = desk.holder()
    first = desk.now() + 48 * HOUR
    later = desk.now() + 100 * HOUR
    desk.book(lead, later)
    desk.book(lead, first)

    after_first = desk.outcome(lead, "cancelled", starts_at=first)
    assert after_first.release_at == later + 24 * HOUR

    after_both = desk.outcome(lead, "cancelled", starts_at=later)
    assert after_both.release_at == desk.now()


def test_D3_cancelling_the_latest_of_two_leaves_the_hold_of_the_other(desk):
    lead = desk.holder()
    first = desk.now() + 48 * HOUR
    desk.book(lead, first)
    desk.book(lead, desk.now() + 100 * HOUR)

    recorded = desk.outcome(lead, "cancelled")

    assert recorded.release_at == first + 24 * HOUR


@pytest.mark.parametrize("outcome", ["showed", "no_show", "cancelled", "rescheduled"])
def test_D4_an_outcome_of_an_older_appointment_never_shortens_a_newer_one(desk, outcome):
    lead = desk.holder()
    older = desk.now() + 5 * HOUR
    desk.book(lead, older)
    newer = desk.book(lead, desk.now() + 200 * HOUR)
    desk.clock.advance(6 * HOUR)

    recorded = desk.outcome(lead, outcome, starts_at=older)

    assert recorded.release_at == newer.release_at


def test_D4_an_outcome_from_an_earlier_hold_never_shortens_the_hold_of_today(desk):
    lead = desk.holder()
    forgotten = desk.now() + HOUR
    desk.book(lead, forgotten)
    desk.clock.advance(100 * HOUR)
    desk.sweep()
    today = desk.assign(lead)

    recorded = desk.outcome(lead, "cancelled", starts_at=forgotten)

    assert recorded.release_at == today.release_at == desk.now() + 18 * HOUR


def test_x03_a_forgotten_appointment_does_not_keep_a_cancelled_number(desk):
    lead = desk.holder()
    desk.book(lead, desk.now() + HOUR)
    desk.clock.advance(100 * HOUR)
    desk.sweep()
    desk.assign(lead)
    appointment = desk.now() + 48 * HOUR
    desk.book(lead, appointment)

    recorded = desk.outcome(lead, "cancelled", starts_at=appointment)

    assert recorded.release_at == desk.now()


def test_x07_a_running_follow_up_window_outlasts_a_cancellation(desk):
    lead = desk.holder()
    desk.book(lead, desk.now() + HOUR)
    desk.clock.advance(2 * HOUR)
    window = desk.outcome(lead, "showed")
    desk.book(lead, desk.now() + 48 * HOUR)
    desk.clock.advance(HOUR)

    recorded = desk.outcome(lead, "cancelled")

    assert recorded.release_at == window.release_at


def test_x03_a_cancelled_number_is_there_for_the_next_lead_before_any_sweep(desk):
    desk.numbers(1)
    ada, bob = desk.lead("Ada"), desk.lead("Bob")
    number = desk.assign(ada).phone_number
    desk.book(ada, desk.now() + 48 * HOUR)
    with pytest.raises(Permanent) as refused:
        desk.assign(bob)
    assert refused.value.code == "none_available"

    desk.outcome(ada, "cancelled")
    given = desk.assign(bob)

    assert given.phone_number == number
    assert given.release_at == desk.now() + 18 * HOUR
    assert desk.history(ada)[-1] == ("phone", "released")
    assert [line.lead_id for line in desk.holds()] == [bob]


def test_a_lead_who_books_again_before_anybody_took_the_number_keeps_it(desk):
    lead = desk.holder()
    desk.book(lead, desk.now() + 48 * HOUR)
    desk.outcome(lead, "cancelled")
    number = desk.hold(lead).number

    booked = desk.book(lead, desk.now() + 72 * HOUR)

    assert (booked.phone_number, booked.created) == (number, True)
    assert booked.release_at == desk.now() + 96 * HOUR
    assert desk.sweep() == 0


@pytest.mark.parametrize("hours", [18, 20])
def test_a_lead_who_writes_after_the_hold_was_over_starts_a_new_one_on_the_same_number(desk, hours):
    lead = desk.holder()
    number = desk.hold(lead).number
    desk.numbers(1)
    desk.clock.advance(hours * HOUR)

    again = desk.assign(lead)

    assert (again.phone_number, again.created) == (number, True)
    assert again.release_at == desk.now() + 18 * HOUR


def test_h29_from_booking_to_outcome_to_pool(desk):
    kept, called_off = desk.holder("Ada"), desk.holder("Bob")
    in_two_days = desk.now() + 48 * HOUR
    desk.book(kept, in_two_days)
    desk.book(called_off, in_two_days)
    assert desk.hold(kept).hours_until_release == 72.0

    desk.outcome(kept, "showed")
    assert desk.hold(kept).hours_until_release == 24.0

    desk.outcome(called_off, "cancelled")
    assert desk.hold(called_off).hours_until_release == 0.0
    number = desk.hold(called_off).number

    assert desk.sweep() == 1
    assert desk.phone(number).lead_id is None
    assert [line.lead_id for line in desk.holds()] == [kept]


@given(
    bookings=st.lists(
        st.tuples(st.integers(-24, 400), st.none() | st.integers(0, 500)), min_size=1, max_size=4
    ),
    data=st.data(),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_D3_every_order_and_repetition_of_bookings_ends_the_same(desk, bookings, data):
    start = desk.now()
    told = data.draw(st.permutations(bookings + data.draw(st.lists(st.sampled_from(bookings)))))

    def after(order):
        lead = desk.holder()
        for hours, hold in order:
            until = None if hold is None else start + hold * HOUR
            desk.book(lead, start + hours * HOUR, hold_until=until)
        return desk.hold(lead).release_at, desk.appointments(lead)

    assert after(told) == after(bookings)
