"""Which of the things that a page offers is meant, and what may be a card's number: pure."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.booking_sessions.choices import Offer, choose, choose_time, holds_card_number

AT = datetime(2026, 2, 6, 14, 30)  # noqa: DTZ001 - a time of day in the clinic's zone


@pytest.mark.parametrize(
    ("wish", "place"),
    [(None, 1), ("cleaning", 2), ("CLEANING!", 2), ("deep", 1), ("massage", None), ("full", None)],
)
def test_B_02_the_wish_is_taken_or_the_first_that_is_free(wish: str | None, place: int | None):
    offers = [Offer("Full", is_free=False), Offer("Deep cleaning"), Offer("Cleaning")]
    assert choose(offers, wish) == place


def test_B_02_where_nothing_is_free_nothing_is_taken():
    assert choose([], None) is None
    assert choose([Offer("Cleaning", is_free=False)], None) is None


@pytest.mark.parametrize(
    ("offer", "is_it"),
    [
        (Offer("2:30 PM"), True),
        (Offer("2:30pm - 3:00pm"), True),
        (Offer("14.30"), True),
        (Offer("Select", ("2026-02-06T14:30:00",)), True),
        (Offer("2:30 PM", ("2026-02-07",)), False),
        (Offer("2:30 AM"), False),
        (Offer("12:30 PM"), False),
        (Offer("2:30 PM", is_free=False), False),
        (Offer("2:00pm - 2:30pm"), False),
        (Offer("room 1430"), False),
    ],
)
def test_B_05_a_time_is_found_however_the_page_writes_it(offer: Offer, *, is_it: bool):
    assert choose_time([offer], AT) == (0 if is_it else None)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("4111 1111 1111 1111", True),
        ("card 4111-1111-1111-1111.", True),
        ("378282246310005", True),
        ("4111 1111 1111 1112", False),
        ("+1 415 555 0111", False),
        ("booking M-42 of 2026-02-06", False),
        ("", False),
    ],
)
def test_B_06_what_may_be_a_card_is_known_by_its_sum(text: str, *, is_one: bool):
    assert holds_card_number(text) is is_one


@given(st.text(), st.text())
def test_B_06_a_card_number_is_found_whatever_words_stand_around_it(before: str, after: str):
    assert holds_card_number(f"{before} x 4000000000000002 x {after}")
