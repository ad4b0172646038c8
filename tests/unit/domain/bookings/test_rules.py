"""The pure rules of a booking: what may be asked for, and which seats are free."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from hub.domain.bookings.hours import Hours, Span, parse_windows
from hub.domain.bookings.rules import (
    Place,
    Policy,
    Taken,
    choose_seats,
    extra_seat,
    free_seat,
    free_starts,
    refusal,
)
from hub.values import zone

HOUR = timedelta(hours=1)
NOON = datetime(2025, 10, 20, 12, tzinfo=UTC)
HOURLY = Policy(duration=HOUR, step=HOUR)
SHOP = Hours(zone("UTC"), weekly=dict.fromkeys(range(1, 8), parse_windows(["09:00-17:00"])))
PLACES = [UUID(int=number) for number in range(1, 5)]


def span(start: int, length: int = 1) -> Span:
    return Span(NOON + start * HOUR, NOON + (start + length) * HOUR)


def test_the_first_rule_that_forbids_a_time_is_told():
    strict = Policy(HOUR, HOUR, allows_same_day=False, notice=24 * HOUR, advance_days=2)

    def code(start: datetime) -> str | None:
        found = refusal(start, now=NOON, hours=SHOP, policy=strict)
        return None if found is None else found.code

    assert code(NOON - HOUR) == "in_the_past"
    assert code(NOON + HOUR) == "same_day"
    assert code(NOON + 21 * HOUR) == "outside_window"
    assert code(NOON + 24 * HOUR) is None
    assert code(NOON + 72 * HOUR) == "outside_window"
    assert code(NOON + 30 * HOUR) == "outside_hours"


def test_what_begins_now_has_not_passed():
    assert refusal(NOON, now=NOON, hours=SHOP, policy=HOURLY) is None


def test_seats_are_given_from_the_lowest_on():
    place = Place(PLACES[0], 3)
    taken = [Taken(place.id, seat, span(0)) for seat in (1, 3)]

    assert free_seat(place, taken) == 2
    assert free_seat(place, [*taken, Taken(place.id, 2, span(0))]) is None


def test_X33_who_sits_beyond_the_last_seat_keeps_the_next_free_one_from_others():
    place = Place(PLACES[0], 1)

    assert free_seat(place, [Taken(place.id, 2, span(0))]) is None
    assert extra_seat(place, [Taken(place.id, 1, span(0))]) == 2
    assert extra_seat(place, [Taken(place.id, n, span(0)) for n in (1, 2)]) == 3
    assert extra_seat(place, []) == 1


def test_a_need_that_only_one_place_meets_is_not_starved_by_another():
    both, one = [Place(PLACES[0]), Place(PLACES[1])], [Place(PLACES[0])]

    assert choose_seats([both, one], [], span(0)) == {PLACES[0]: 1, PLACES[1]: 1}
    assert choose_seats([one, one], [], span(0)) is None
    assert choose_seats([one, []], [], span(0)) is None


# ------------------------------------------------------------------------------------- properties

TAKEN = st.lists(
    st.builds(
        lambda place, seat, start, length: Taken(PLACES[place], seat, span(start, length)),
        st.integers(0, 3),
        st.integers(1, 4),
        st.integers(-3, 30),
        st.integers(1, 5),
    ),
    max_size=12,
)
NEEDS = st.lists(
    st.lists(
        st.builds(lambda place: Place(PLACES[place], 1 + place), st.integers(0, 3)),
        max_size=3,
        unique=True,
    ),
    min_size=1,
    max_size=3,
)


@given(needs=NEEDS, taken=TAKEN, start=st.integers(0, 24))
def test_chosen_seats_are_free_proper_and_meet_every_need_once(needs, taken, start):
    during = span(start, 2)
    chosen = choose_seats(needs, taken, during)

    if chosen is None:
        assert not _can_meet(needs, taken, during)
        return
    seats = {place.id: place.seats for need in needs for place in need}
    assert len(chosen) == len(needs)
    for place, seat in chosen.items():
        assert 1 <= seat <= seats[place]
        assert not any(
            each.place_id == place and each.seat == seat and each.during.overlaps(during)
            for each in taken
        )


def _can_meet(needs, taken, during, used=frozenset()) -> bool:
    """By trying everything."""
    if not needs:
        return True
    overlapping = [each for each in taken if each.during.overlaps(during)]
    return any(
        free_seat(place, overlapping) is not None
        and _can_meet(needs[1:], taken, during, used | {place.id})
        for place in needs[0]
        if place.id not in used
    )


@given(
    taken=TAKEN,
    seats=st.integers(1, 4),
    notice=st.integers(0, 30),
    days=st.integers(0, 3),
    same_day=st.booleans(),
)
def test_K01_availability_is_exactly_what_a_booking_gets(taken, seats, notice, days, same_day):
    policy = Policy(HOUR, HOUR / 2, same_day, notice * HOUR, days)
    needs = [[Place(PLACES[0], seats)]]
    first = date(2025, 10, 20)

    free = free_starts(
        first,
        first + timedelta(days=1),
        now=NOON,
        hours=SHOP,
        policy=policy,
        needs=needs,
        taken=taken,
    )

    for half_hour in range(-24, 80):
        start = NOON + half_hour * HOUR / 2
        can = refusal(start, now=NOON, hours=SHOP, policy=policy) is None and (
            choose_seats(needs, taken, Span(start, start + HOUR)) is not None
        )
        if start.date() <= first + timedelta(days=1):
            assert (start in free) == can


@given(taken=TAKEN, start=st.integers(0, 20))
def test_less_taken_never_means_less_free(taken, start):
    needs = [[Place(PLACES[0], 2)], [Place(PLACES[1]), Place(PLACES[2])]]

    if taken and choose_seats(needs, taken, span(start)) is not None:
        assert choose_seats(needs, taken[1:], span(start)) is not None
