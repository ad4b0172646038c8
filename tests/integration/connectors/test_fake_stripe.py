"""The fake of Stripe does what Stripe does, as far as payments are taken and given back."""

from __future__ import annotations

import http.client
import json
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from tests.fakes.stripe import signed

FORM = "application/x-www-form-urlencoded"
WANTED = {"amount": "4900", "currency": "cad", "metadata[a]": "b"}


def call(stripe, path, form=None, *, method="POST", kind=FORM, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", stripe.port, timeout=5)
    said = {"Authorization": f"Bearer {stripe.api_key}", **headers}
    if form is not None:
        said["Content-Type"] = kind
    try:
        connection.request(method, path, urlencode(form or {}), said)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read()), answer.headers
    finally:
        connection.close()


def made(stripe, **headers):
    return call(stripe, "/v1/payment_intents", WANTED, **headers)[1]["id"]


def code_of(told):
    status, body, _ = told
    return status, body["error"]["type"], body["error"].get("code")


def test_nobody_does_anything_without_the_key(stripe):
    told = call(stripe, "/v1/payment_intents", WANTED, Authorization="Bearer wrong")

    assert code_of(told) == (401, "invalid_request_error", None)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": "x"}, "parameter_invalid_integer"),
        ({"amount": "49"}, "amount_too_small"),
        ({"amount": "100000000"}, "amount_too_large"),
        ({"currency": "CAD$"}, None),
        ({"amuont": "1"}, "parameter_unknown"),
    ],
)
def test_wrong_parameters_are_refused_and_the_key_stays_free(stripe, change, code):
    key = {"Idempotency-Key": "k"}

    told = call(stripe, "/v1/payment_intents", {**WANTED, **change}, **key)

    assert code_of(told) == (400, "invalid_request_error", code)
    assert call(stripe, "/v1/payment_intents", WANTED, **key)[0] == 200


def test_json_is_no_form(stripe):
    assert call(stripe, "/v1/payment_intents", WANTED, kind="application/json")[0] == 400


def test_a_key_gives_its_first_answer_again_and_is_for_one_request(stripe):
    key = {"Idempotency-Key": "k"}
    first = call(stripe, "/v1/payment_intents", WANTED, **key)

    again = call(stripe, "/v1/payment_intents", WANTED, **key)
    other = call(stripe, "/v1/payment_intents", {**WANTED, "amount": "5000"}, **key)

    assert again[1] == first[1]
    assert (first[2]["Idempotent-Replayed"], again[2]["Idempotent-Replayed"]) == (None, "true")
    assert code_of(other) == (400, "idempotency_error", None)


def test_a_refusal_that_depended_on_the_state_is_kept_under_its_key_too(stripe):
    intent, key = made(stripe), {"Idempotency-Key": "k"}
    stripe.holds(intent)
    refused = call(stripe, f"/v1/payment_intents/{intent}/cancel", {}, **key)
    stripe.intents[intent]["status"] = "requires_action"

    again = call(stripe, f"/v1/payment_intents/{intent}/cancel", {}, **key)

    assert code_of(refused) == code_of(again)
    assert call(stripe, f"/v1/payment_intents/{intent}/cancel", {})[0] == 200


def test_a_card_is_taken_or_declined_and_an_event_tells_it(stripe):
    intent = made(stripe)

    assert not stripe.pays(intent, "4000000000000002")
    assert stripe.pays(intent)
    assert not stripe.pays(intent), "it is paid"

    kinds = [event["type"] for event in stripe.events]
    assert kinds == ["payment_intent.payment_failed", "payment_intent.succeeded"]
    assert stripe.events[1]["data"]["object"]["metadata"] == {"a": "b"}
    assert stripe.kept(intent) == 4900


def test_what_is_paid_cannot_be_cancelled_nor_what_is_cancelled_paid(stripe):
    paid, open_ = made(stripe), made(stripe)
    stripe.pays(paid)

    told = call(stripe, f"/v1/payment_intents/{paid}/cancel", {})
    assert code_of(told)[2] == "payment_intent_unexpected_state"
    assert call(stripe, f"/v1/payment_intents/{open_}/cancel", {})[1]["status"] == "canceled"
    assert not stripe.pays(open_)
    assert stripe.events[-1]["type"] == "payment_intent.canceled"


def test_a_charge_is_given_back_once(stripe):
    intent = made(stripe)
    wanted = {"payment_intent": intent}
    assert code_of(call(stripe, "/v1/refunds", wanted))[0] == 400, "nothing was paid"
    stripe.pays(intent)

    assert call(stripe, "/v1/refunds", wanted)[1]["status"] == "succeeded"

    assert code_of(call(stripe, "/v1/refunds", wanted))[2] == "charge_already_refunded"
    assert stripe.kept(intent) == 0


def test_an_intent_shows_its_charge_by_id_unless_all_of_it_is_asked_for(stripe):
    intent = made(stripe)
    stripe.pays(intent)

    short = call(stripe, f"/v1/payment_intents/{intent}", method="GET")[1]
    whole = call(stripe, f"/v1/payment_intents/{intent}?expand[]=latest_charge", method="GET")[1]

    assert short["latest_charge"] == whole["latest_charge"]["id"]


def test_what_is_not_there_is_missing(stripe):
    assert code_of(call(stripe, "/v1/payment_intents/pi_x", method="GET"))[2] == "resource_missing"
    assert call(stripe, "/v1/payment_intents/pi_x/cancel", {})[0] == 404
    assert call(stripe, "/v1/refunds", {"payment_intent": "pi_x"})[0] == 404
    assert call(stripe, "/v1/customers", {})[0] == 404
    assert call(stripe, "/v1/customers", method="GET")[0] == 404


def test_an_event_is_signed_as_Stripe_does():
    at = datetime(2025, 11, 20, tzinfo=UTC)

    header = signed(b"{}", secret="whsec_x", at=at)["Stripe-Signature"]

    assert header.startswith("t=1763596800,v1=")
