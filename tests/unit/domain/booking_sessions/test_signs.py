"""Which pages tell an outcome, and which only look as if they did (B-09 to B-12, B-14, X22)."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.booking_sessions.signs import (
    KINDS,
    NEEDED,
    USUAL,
    WEAK,
    Sighting,
    Sign,
    Signs,
    found_on,
    judge,
    what_to_do,
)

OUTCOMES = ("success", "payment_failed", "slot_unavailable")
PAY = "https://clinic.example.com/book/pay"
SIGNS = st.builds(
    Sign,
    outcome=st.sampled_from(OUTCOMES),
    kind=st.sampled_from(KINDS),
    pattern=st.sampled_from(["a", "b", "c"]),
    score=st.integers(1, 3),
)
FOUND = st.lists(SIGNS, max_size=8)


@dataclass
class Page:
    url: str = PAY
    text: str = "Pay for your appointment"
    elements: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def shows(self, selector: str) -> bool:
        self.asked.append(selector)
        return selector in self.elements


def outcome_of(page: Page, known: Signs = USUAL) -> str | None:
    sighting = judge(found_on(page, known), needed=known.needed)
    return None if sighting is None else sighting.outcome


@pytest.mark.parametrize(
    ("page", "outcome"),
    [
        (Page(f"{PAY}/confirmation"), "success"),
        (Page("https://clinic.example.com/Success/?id=7#top"), "success"),
        (Page("https://clinic.example.com/thank-you"), "success"),
        (Page(text="  BOOKING\n confirmed! See you on Friday."), "success"),
        (Page(text="Appointment Scheduled"), "success"),
        (Page(elements={".confirmation-number"}), "success"),
        (Page(elements={"[data-testid=success]"}), "success"),
    ],
)
def test_B_10_the_signs_of_success(page, outcome):
    assert outcome_of(page) == outcome


@pytest.mark.parametrize(
    "page",
    [
        Page("https://clinic.example.com/error"),
        Page("https://clinic.example.com/pay/failed?code=1"),
        Page(text="Payment failed."),
        Page(text="Your card: Card Declined"),
        Page(elements={"[data-testid=error]"}),
        Page(text="Something went wrong. Try again", elements={".error-message"}),
    ],
)
def test_B_11_the_signs_of_a_payment_that_failed(page):
    assert outcome_of(page) == "payment_failed"


@pytest.mark.parametrize(
    "page",
    [
        Page(text="This time is no longer available."),
        Page(text="Sorry, it has just been taken"),
        Page(elements={"[data-testid=slot-taken]"}),
        Page(text="Payment failed: the slot is no longer available"),
    ],
)
def test_B_14_X22_the_signs_of_a_slot_that_is_taken(page):
    assert outcome_of(page) == "slot_unavailable"


@pytest.mark.parametrize(
    "page",
    [
        Page(),
        Page(text="Wrong code? Try again"),
        Page(elements={".error-message"}),
        Page("https://clinic.example.com/success-stories"),
        Page("https://clinic.example.com/book?next=/success"),
        Page("https://clinic.example.com/book#/confirmation"),
        Page("https://success.example.com/book"),
        Page(text="Rebooking confirmedness"),
        Page("http://[broken"),
        Page(text=""),
    ],
)
def test_X22_harmless_pages_say_nothing(page):
    assert outcome_of(page) is None


def test_X20_where_success_and_failure_are_both_to_be_seen_nothing_is_claimed():
    page = Page("https://clinic.example.com/success", text="Card Declined")

    assert outcome_of(page) is None


def test_X22_what_was_there_before_the_lead_paid_means_nothing():
    page = Page(text="Booking Confirmed? Only after the payment.")
    before = frozenset(found_on(page, USUAL))

    assert judge(found_on(page, USUAL), before=before) is None


def test_B_09_it_looks_at_the_url_then_the_text_then_the_elements():
    page = Page(f"{PAY}/success", "Booking Confirmed", {".confirmation-number"})

    found = found_on(page, USUAL)
    sighting = judge(found)

    assert [sign.kind for sign in found] == ["url", "text", "element"]
    assert sighting is not None
    assert sighting.evidence == {
        "teller": "browser",
        "outcome": "success",
        "signs": ["url: /success", "text: Booking Confirmed", "element: .confirmation-number"],
    }


def test_B_12_signs_are_data_of_a_platform():
    moxie = Signs((Sign("success", "text", "See you soon", WEAK),), needed=1)

    assert outcome_of(Page(text="See you soon!"), moxie) == "success"
    assert outcome_of(Page(text="Booking Confirmed"), moxie) is None


def test_X22_a_declined_card_is_noted_once_and_the_next_card_ends_it():
    declined = Sighting("payment_failed", ())
    paid, taken = Sighting("success", ()), Sighting("slot_unavailable", ())

    assert what_to_do(None, None) is None
    assert what_to_do(declined, None) == "note"
    assert what_to_do(declined, declined) is None
    assert what_to_do(declined, paid) == "note"
    assert what_to_do(paid, declined) == "end"
    assert what_to_do(taken, declined) == "end"


@given(FOUND)
def test_X22_what_is_believed_has_score_enough_and_no_rival_of_success_has(found):
    sighting = judge(found)
    new = set(found)

    def score(outcome: str) -> int:
        return sum(sign.score for sign in new if sign.outcome == outcome)

    enough = {outcome for outcome in OUTCOMES if score(outcome) >= NEEDED}
    if sighting is None:
        assert len(enough) != 1
    else:
        assert sighting.outcome in enough
        assert sighting.signs
    if sighting is not None and sighting.outcome == "success":
        assert enough == {"success"}


@given(FOUND, st.randoms())
def test_B_12_neither_order_nor_repetition_of_signs_changes_the_outcome(found, random):
    shuffled = [*found, *found]
    random.shuffle(shuffled)
    first, second = judge(found), judge(shuffled)

    assert (first and first.outcome) == (second and second.outcome)


@given(FOUND, st.frozensets(SIGNS, max_size=4))
def test_X22_signs_from_before_are_as_if_they_were_not_there(found, before):
    assert judge(found, before=before) == judge([sign for sign in found if sign not in before])


@given(st.text(max_size=60), st.text(max_size=200))
def test_B_09_no_url_and_no_text_breaks_the_look(url, text):
    outcome_of(Page(url, text))
