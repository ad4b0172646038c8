"""stripe.* against a fake Stripe: a payment is made once, and undone whatever became of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.connectors.connections import ConnectionSettings
from hub.connectors.stripe import StripeClient, cancel_or_refund, create, read
from hub.errors import Permanent, StepFailed, Transient
from tests.fakes.services import CUT, Answer


def client_for(http, stripe, **options) -> StripeClient:
    settings = ConnectionSettings(
        "payments",
        "stripe",
        base_url=stripe.url,
        credentials={"api_key": stripe.api_key},
        options=options,
    )
    return StripeClient(settings, http)


@pytest.fixture
def client(http, stripe) -> StripeClient:
    return client_for(http, stripe)


def intent(client, attempt, **given):
    given = {"amount": 4900, "currency": "cad", "metadata": {"reservation_id": "r1"}, **given}
    return create(client, attempt, **given)


def failure_of(call, *what, **given):
    with pytest.raises(StepFailed) as failure:
        call(*what, **given)
    found = failure.value
    return type(found), found.code, found.maybe_done


def broken(status, kind, code=None):
    return Answer.of({"error": {"type": kind, "code": code, "message": "no"}}, status)


# -------------------------------------------------------------------------------------- the intent


def test_R_15_an_intent_carries_what_it_is_for_and_the_step_that_made_it(client, attempt, stripe):
    made = intent(client, attempt)

    kept = stripe.intents[made.id]
    assert made.client_secret == kept["client_secret"]
    assert (kept["amount"], kept["currency"]) == (4900, "cad")
    assert kept["metadata"] == {
        "reservation_id": "r1",
        "hub_step": attempt.key,
        "hub_run": str(attempt.run_id),
    }
    (request,) = stripe.requests
    assert request.headers["idempotency-key"] == attempt.key
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.form["automatic_payment_methods[enabled]"] == "true"


def test_E7_a_step_that_is_tried_again_makes_one_intent(client, attempt, stripe):
    made = [intent(client, attempt).id for _ in range(3)]

    assert set(made) == set(stripe.intents)


def test_E7_the_answer_that_was_lost_is_the_answer_of_the_next_attempt(client, attempt, stripe):
    first = intent(client, attempt)
    stripe.then(CUT)
    assert failure_of(intent, client, attempt) == (Transient, "unavailable", True)

    assert intent(client, replace(attempt, number=2, may_be_done=True)) == first


def test_E7_an_intent_is_found_by_its_step_when_Stripe_forgot_the_key(client, attempt, stripe):
    first = intent(client, attempt)
    stripe.forgets_keys()

    again = intent(client, replace(attempt, may_be_done=True))

    assert again == first
    assert len(stripe.intents) == 1


def test_where_nothing_can_be_searched_the_key_still_holds(client, attempt, stripe):
    first = intent(client, attempt)
    stripe.has_search = False

    assert intent(client, replace(attempt, may_be_done=True)) == first


def test_what_an_earlier_attempt_did_not_do_is_done(client, attempt, stripe):
    made = intent(client, replace(attempt, may_be_done=True))

    assert made.id in stripe.intents


def test_a_key_longer_than_Stripe_takes_is_sent_as_its_digest(client, attempt, stripe):
    long = replace(attempt, key="run-1/" + "each/" * 60 + "payment")

    assert intent(client, long) == intent(client, long)
    assert len(stripe.requests[0].headers["idempotency-key"]) == 64


def test_the_version_of_the_api_is_sent_where_one_is_set(http, attempt, stripe):
    intent(client_for(http, stripe, api_version="2025-10-29.clover"), attempt)

    assert stripe.requests[0].headers["stripe-version"] == "2025-10-29.clover"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"amount": 49}, "amount_too_small"),
        ({"amount": 100_000_000}, "amount_too_large"),
        ({"currency": "xxx"}, "invalid_input"),
    ],
)
def test_what_Stripe_does_not_take_fails_for_good(client, attempt, given, code):
    assert failure_of(intent, client, attempt, **given) == (Permanent, code, False)


def test_a_key_that_was_for_another_amount_is_refused(client, attempt):
    intent(client, attempt)

    assert failure_of(intent, client, attempt, amount=5000) == (Permanent, "key_reused", False)


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (broken(402, "card_error", "card_declined"), (Permanent, "card_declined", False)),
        (broken(409, "idempotency_error"), (Transient, "busy", False)),
        (broken(429, "invalid_request_error", "lock_timeout"), (Transient, "busy", False)),
        (broken(429, "invalid_request_error", "rate_limit"), (Transient, "rate_limited", False)),
        (broken(403, "invalid_request_error"), (Permanent, "unauthorized", False)),
        (broken(500, "api_error"), (Transient, "unavailable", True)),
        (Answer.of(["no", "object"], 400), (Permanent, "invalid_input", False)),
        (Answer(400, b"<html>"), (Permanent, "invalid_input", False)),
        (Answer(200, b"<html>hotel</html>"), (Transient, "unavailable", True)),
        (Answer.of({"object": "payment_intent"}), (Transient, "unavailable", True)),
        (Answer.of({"id": "pi_1", "client_secret": "s"}), (Transient, "unavailable", True)),
        (CUT, (Transient, "unavailable", True)),
    ],
    ids=lambda each: getattr(each, "status", None) and str(each.status),
)
def test_what_goes_wrong_is_told_apart(client, attempt, stripe, behaviour, expected):
    stripe.then(behaviour)

    assert failure_of(intent, client, attempt) == expected


def test_S6_a_wrong_key_is_refused_and_never_told(http, attempt, stripe):
    stripe.api_key = "sk_test_another"
    wrong = ConnectionSettings(
        "payments", "stripe", base_url=stripe.url, credentials={"api_key": "sk_test_mistaken"}
    )

    with pytest.raises(Permanent) as refused:
        intent(StripeClient(wrong, http), attempt)

    assert refused.value.code == "unauthorized"
    assert "mistaken" not in str(refused.value)


def test_without_a_connection_it_is_said_what_to_set(http, attempt):
    with pytest.raises(Permanent, match=r"type stripe: add one .* credentials.api_key"):
        intent(StripeClient(None, http), attempt)


def test_the_connection_tells_whether_payments_are_real(client, stripe):
    assert client.check() == "Stripe takes the key, which is for test payments"
    stripe.then(Answer.of({"object": "balance", "livemode": True}))
    assert client.check() == "Stripe takes the key, which is for real payments"


# -------------------------------------------------------------------------------------- its state


def test_a_payment_is_read_as_far_as_it_is(client, attempt, stripe):
    made = intent(client, attempt).id

    before = read(client, attempt, payment_intent_id=made)
    stripe.pays(made, "4000000000000002")
    declined = read(client, attempt, payment_intent_id=made)
    stripe.pays(made)
    paid = read(client, attempt, payment_intent_id=made)

    assert (before.status, before.amount_received) == ("requires_payment_method", 0)
    assert (declined.status, declined.decline_code) == (
        "requires_payment_method",
        "generic_decline",
    )
    assert (paid.status, paid.amount_received, paid.is_refunded) == ("succeeded", 4900, False)


def test_a_payment_that_is_none_is_not_found(client, attempt):
    asked = {"payment_intent_id": "pi_../1?"}

    assert failure_of(read, client, attempt, **asked) == (Permanent, "not_found", False)


def test_an_answer_that_is_no_payment_is_asked_for_again(client, attempt, stripe):
    stripe.then(Answer.of({"object": "charge"}))

    failed = failure_of(read, client, attempt, payment_intent_id="pi_0001")
    assert failed == (Transient, "unavailable", False)


# ------------------------------------------------------------------------------------------ undone


def undo(client, attempt, made):
    return cancel_or_refund(client, attempt, payment_intent_id=made).state


def test_X27_an_open_payment_is_cancelled_and_can_never_be_paid(client, attempt, stripe):
    made = intent(client, attempt).id

    assert undo(client, attempt, made) == "cancelled"

    assert not stripe.pays(made)
    assert undo(client, attempt, made) == "cancelled"


def test_X27_a_paid_one_is_refunded_whole_and_once(client, attempt, stripe):
    made = intent(client, attempt).id
    stripe.pays(made)

    assert [undo(client, attempt, made) for _ in range(3)] == ["refunded"] * 3

    assert len(stripe.refunds) == 1
    assert stripe.kept(made) == 0


def test_X27_nothing_goes_back_twice_when_Stripe_forgot_the_key(client, attempt, stripe):
    made = intent(client, attempt).id
    stripe.pays(made)
    undo(client, attempt, made)
    stripe.forgets_keys()

    assert undo(client, replace(attempt, key="another step"), made) == "refunded"

    assert len(stripe.refunds) == 1


def test_X27_who_pays_while_it_is_cancelled_gets_the_money_back(client, attempt, stripe):
    """Between the look and the deed: Stripe says no, so it is looked at again."""
    made = intent(client, attempt).id
    seen_open = Answer.of(stripe.intents[made])
    stripe.pays(made)
    stripe.then(seen_open)

    assert undo(client, attempt, made) == "refunded"


def test_X27_two_who_undo_at_once_undo_once(client, attempt, stripe):
    made = intent(client, attempt).id
    stripe.pays(made)
    seen_paid = Answer.of(stripe.intents[made])
    undo(client, attempt, made)
    stripe.then(seen_paid)

    assert undo(client, replace(attempt, key="another step"), made) == "refunded"
    assert len(stripe.refunds) == 1


def test_X27_a_payment_that_a_bank_thinks_about_is_undone_later(client, attempt, stripe):
    made = intent(client, attempt).id
    stripe.holds(made)
    asked = {"payment_intent_id": made}

    failed = failure_of(cancel_or_refund, client, attempt, **asked)
    assert failed == (Transient, "payment_processing", False)

    stripe.intents[made]["status"] = "requires_action"
    stripe.pays(made)
    assert undo(client, attempt, made) == "refunded"


def test_X27_a_refund_that_fails_is_told_for_good(client, attempt, stripe):
    made = intent(client, attempt).id
    stripe.pays(made)
    asked = {"payment_intent_id": made}

    stripe.balance = 0
    failed = failure_of(cancel_or_refund, client, attempt, **asked)
    assert failed == (Permanent, "balance_insufficient", False)

    stripe.balance, stripe.refund_status = 10_000, "failed"
    other = replace(attempt, key="another step")
    failed = failure_of(cancel_or_refund, client, other, **asked)
    assert failed == (Permanent, "refund_failed", False)


@pytest.mark.parametrize("seen", [0, 1])
def test_X27_whichever_question_is_cut_off_the_next_attempt_undoes_once(
    client, attempt, stripe, seen
):
    made = intent(client, attempt).id
    stripe.pays(made)
    stripe.then(*[Answer.of(stripe.intents[made])] * seen, CUT)

    failed = failure_of(cancel_or_refund, client, attempt, payment_intent_id=made)
    assert failed[:2] == (Transient, "unavailable")

    assert undo(client, replace(attempt, number=2, may_be_done=bool(seen)), made) == "refunded"
    assert len(stripe.refunds) == 1


def test_a_payment_of_nobody_cannot_be_undone(client, attempt):
    asked = {"payment_intent_id": "pi_none"}

    failed = failure_of(cancel_or_refund, client, attempt, **asked)
    assert failed == (Permanent, "not_found", False)


@pytest.mark.parametrize("answer", [Answer.of({"object": "refund"}), Answer(200, b"x")])
def test_a_refund_that_nobody_understands_is_asked_for_again(client, attempt, stripe, answer):
    made = intent(client, attempt).id
    stripe.pays(made)
    stripe.then(Answer.of(stripe.intents[made]), answer)

    failed = failure_of(cancel_or_refund, client, attempt, payment_intent_id=made)
    assert failed == (Transient, "unavailable", True)
