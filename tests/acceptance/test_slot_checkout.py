"""Checkout: reserved, paid, booked; whatever goes wrong, nobody pays for nothing (R-15 to R-17).

X27: a payment that was taken is for a confirmed session, or it goes back. Proven with events that
come late, twice, never or in another order; deaths at every moment: `test_slot_checkout_deaths`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from uuid import uuid4

import pytest

from hub.domain import slots
from hub.storage import tables
from tests.acceptance.garage import ADA, DECLINED, LENGTH, PRICE, QUARTER, Garage
from tests.acceptance.story import HOUR
from tests.fakes.services import CUT, Answer
from tests.integration.domain.desk import attempt

BOOKED = "Booked: Your video session"
SECOND = timedelta(seconds=1)


def calendar_of(mail: EmailMessage) -> tuple[str, str]:
    """The method that its part says, and the invitation."""
    part = next(each for each in mail.walk() if each.get_content_type() == "text/calendar")
    return str(part.get_param("method")), str(part.get_content())


# ---------------------------------------------------------------------------------- as it shall be


def test_R_15_reserved_then_paid_then_booked(garage: Garage):
    start = garage.hub.now() + 30 * HOUR
    answer = garage.checkout(start)

    assert answer.status == 201
    assert answer.json["client_secret"] == garage.stripe.intents[garage.intent()]["client_secret"]
    assert garage.reservations() == ["reserved"]
    assert garage.sessions() == []
    assert (
        garage.stripe.intents[garage.intent()]["metadata"].items()
        >= {
            "reservation_id": answer.json["reservation_id"],
            "mechanic_id": str(garage.mechanic),
            "scheduled_for": "2025-11-21T18:00:00Z",
        }.items()
    )

    garage.pays()

    (session,) = garage.sessions()
    assert (session.status, session.scheduled_for) == ("scheduled", start)
    assert session.payment_intent_id == garage.intent()
    assert (session.amount, session.currency) == (PRICE, "cad")
    assert session.metadata["reservation_id"] == answer.json["reservation_id"]
    assert garage.reservations() == ["confirmed"]
    assert garage.is_settled()


def test_R_17_the_confirmation_carries_an_entry_for_the_calendar(garage: Garage):
    session = garage.book()

    (mail,) = [each for each in garage.mails() if each.message["Subject"] == BOOKED]
    method, entry = calendar_of(mail.message)
    assert method == "REQUEST"
    for line in (f"UID:{session}", "SEQUENCE:1", "METHOD:REQUEST", "DTSTART:20251121T180000Z"):
        assert line in entry


def test_R_04_an_overlap_is_409_and_asks_nobody_for_money(garage: Garage):
    garage.book()
    garage.customer = uuid4()

    answer = garage.checkout(garage.hub.now() + 30 * HOUR + LENGTH / 2)

    assert (answer.status, answer.json) == (409, {"error": "slot_taken"})
    assert len(garage.stripe.intents) == 1


def test_R_16_a_refused_card_gives_the_slot_back_at_once(garage: Garage):
    garage.checkout()

    assert not garage.pays(DECLINED)

    assert garage.reservations() == ["cancelled"]
    assert garage.subjects() == ["Your booking was not completed: Your video session"]
    assert garage.is_settled()
    assert garage.checkout().status == 201


def test_R_16_who_never_pays_has_no_slot_after_15_minutes(garage: Garage):
    garage.checkout()
    garage.hub.later(QUARTER - SECOND)
    assert garage.reservations() == ["reserved"]

    garage.hub.later(SECOND)

    assert garage.reservations() == ["cancelled"]
    assert garage.is_settled()


def test_R_16_an_abandoned_slot_is_free_though_no_worker_lives(garage: Garage):
    """X26: whoever needs it expires it."""
    start = garage.hub.now() + 30 * HOUR
    garage.checkout(start)
    garage.hub.clock.advance(QUARTER)
    first, garage.customer = garage.customer, uuid4()

    answer = garage.app(
        "/api/availability/check-slots",
        {
            "mechanic_id": str(garage.mechanic),
            "start": start.isoformat(),
            "end": (start + LENGTH).isoformat(),
        },
    )

    assert answer.json["available"]
    assert garage.checkout(start).status == 201
    garage.customer = first
    assert garage.reservations() in (["expired"], ["cancelled"])


# -------------------------------------------------------------------------------- events go astray


def test_X27_an_event_that_comes_twice_books_once(garage: Garage):
    garage.checkout()
    garage.pays()
    for _ in range(3):
        assert garage.event(garage.stripe.events[0]).status == 200

    assert len(garage.sessions()) == 1
    assert garage.subjects().count(BOOKED) == 1
    assert garage.is_settled()


def test_X27_a_payment_that_nobody_tells_of_goes_back_when_the_time_is_up(garage: Garage):
    """Asking Stripe finds it before that, as a test of the workflow shows."""
    garage.checkout()
    garage.pays(is_told=False)

    garage.hub.later(QUARTER)

    assert garage.stripe.kept(garage.intent()) == 0
    garage.stripe_tells()
    assert garage.sessions() == []
    assert garage.is_settled()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "reversed"])
def test_X27_a_failure_and_a_success_in_any_order_end_settled(garage: Garage, order):
    """A second card after a refused one, and Stripe's events overtake each other."""
    garage.checkout()
    garage.pays(DECLINED, is_told=False)
    garage.pays(is_told=False)
    events = list(garage.stripe.events)

    for number in order:
        garage.event(events[number])

    assert garage.is_settled()
    assert garage.reservations() == (["confirmed"] if order == (1, 0) else ["cancelled"])


def test_X27_who_pays_at_the_last_moment_gets_the_slot_or_the_money(garage: Garage):
    """The time is up, and before the worker comes to it the payment is taken."""
    garage.checkout()
    garage.hub.clock.advance(QUARTER)
    garage.stripe.pays(garage.intent())
    garage.hub.clock.advance(-QUARTER)

    garage.hub.later(QUARTER)

    garage.stripe_tells()
    assert garage.is_settled()
    assert garage.stripe.kept(garage.intent()) == 0


def test_X28_whose_slot_was_taken_while_the_payment_was_on_its_way_gets_the_money_back(
    garage: Garage,
):
    """No worker lived meanwhile: the event waits, the slot lapses, somebody else takes it."""
    start = garage.hub.now() + 30 * HOUR
    garage.checkout(start)
    garage.stripe.pays(garage.intent())
    paid = garage.intent()
    garage.stripe_tells(is_worked=False)
    garage.hub.clock.advance(QUARTER)
    with garage.hub.transaction() as db:
        slots.reserve(
            db,
            garage.hub.clock,
            attempt(),
            mechanic_id=garage.mechanic,
            start=start,
            end=start + LENGTH,
        )

    garage.hub.work_all()

    assert garage.stripe.kept(paid) == 0
    assert garage.reservations() == ["cancelled"]
    assert garage.is_settled()


def test_X27_an_answer_of_Stripe_that_is_lost_makes_no_second_payment(garage: Garage):
    garage.stripe.then(CUT, Answer(500), CUT)
    answer = garage.checkout(is_worked=False)
    garage.hub.work_all()
    for _ in range(6):
        garage.hub.later(timedelta(minutes=1))

    assert answer.status == 202
    assert len(garage.stripe.intents) == 1
    garage.pays()
    assert garage.reservations() == ["confirmed"]
    assert garage.is_settled()


def test_X27_a_payment_that_no_checkout_took_goes_back_after_half_an_hour(garage: Garage):
    """Its run was lost for good: here an operator deletes its wait by cancelling it, twice dead."""
    answer = garage.checkout()
    intent = garage.intent()
    garage.stripe.then(*[Answer(400)] * 50)
    garage.hub.later(QUARTER)
    for _ in range(12):
        garage.hub.later(HOUR)
    assert garage.hub.runs("slot-checkout")[0].status == "undo_failed"
    garage.stripe._planned.clear()  # noqa: SLF001
    garage.stripe.pays(intent)
    garage.stripe_tells()
    assert garage.stripe.kept(intent) == PRICE

    garage.hub.later(timedelta(minutes=30))

    assert answer.status == 201
    assert garage.stripe.kept(intent) == 0
    assert garage.is_settled()


def test_X27_a_payment_of_a_session_that_was_moved_meanwhile_stays(garage: Garage):
    session = garage.book()
    moved = {
        "session_id": session,
        "customer_id": str(garage.customer),
        "scheduled_for": (garage.hub.now() + 48 * HOUR).isoformat(),
    }
    assert garage.app("/api/sessions/reschedule", moved).status == 200

    garage.hub.later(timedelta(minutes=31))

    assert [line.status for line in garage.hub.runs("settle-late-payments")] == ["succeeded"]
    assert garage.is_settled()
    assert garage.stripe.kept(garage.intent()) == PRICE


# ------------------------------------------------------------------------------------- other modes


def test_D10_in_mode_simulate_nobody_is_charged_and_nobody_is_written_to(
    open_garage: Callable[..., Garage],
):
    garage = open_garage(mode="simulate")

    answer = garage.checkout()
    garage.hub.later(HOUR)

    assert answer.status == 201
    assert garage.stripe.nothing_was_sent
    assert garage.mail.nothing_was_sent
    assert {row.mode for row in garage.hub.rows(tables.slot_reservations)} == {"simulate"}


def test_D10_in_mode_test_no_card_is_charged(open_garage: Callable[..., Garage]):
    """A payment has no destination that could be another one: it is simulated."""
    garage = open_garage(mode="test")

    assert garage.checkout().status == 201

    assert garage.stripe.nothing_was_sent


def test_the_address_of_the_customer_is_the_one_that_is_written_to(garage: Garage):
    garage.book()

    assert {each.recipients for each in garage.mail.messages} == {(ADA,)}
