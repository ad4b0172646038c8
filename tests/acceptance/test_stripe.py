"""Stripe over HTTP, with its own signature: one run for each event, and 200 whatever becomes."""

import hmac
import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from tests.acceptance.counter import SAMPLES, SECRETS, open_counter, sample

WORKFLOW = """
hub: 1
title: Stripe reports a payment

endpoint:
  path: /webhook/stripe
  auth: stripe
  dialect: stripe
  payload: schemas/stripe-event.json
  respond: accepted

steps:
  - switch: payload.type
    cases:
      payment_intent.succeeded:
        - return: paid
      payment_intent.payment_failed | payment_intent.canceled:
        - return: not paid
      else:
        - log: Stripe event ${{ payload.type }} ignored
"""
SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "type": {"type": "string"},
        "object": {
            "type": "object",
            "properties": {"id": {"type": "string"}},
            "required": ["id"],
        },
    },
    "required": ["id", "type", "object"],
}
FILES = {
    "workflows/stripe-webhook.yaml": WORKFLOW,
    "schemas/stripe-event.json": json.dumps(SCHEMA),
}
VECTORS = [
    each
    for each in json.loads((SAMPLES / "signatures.json").read_bytes())["vectors"]
    if each["system"] == "stripe"
]


@pytest.fixture
def counter(tmp_path: Path, database: str, redis_url: str):
    with open_counter(tmp_path, database_url=database, redis_url=redis_url, files=FILES) as opened:
        yield opened


def signed(counter, body, *, later=0):
    at = int(counter.hub.clock.now().timestamp()) + later
    key = SECRETS["STRIPE_WEBHOOK_SECRET"].encode()
    digest = hmac.new(key, f"{at}.".encode() + body, sha256).hexdigest()
    return {"Stripe-Signature": f"t={at},v1={digest}"}


def test_an_event_that_is_delivered_again_is_one_run(counter):
    body = sample("stripe/checkout.session.completed")

    for later in (0, 120):
        answer = counter.post("/webhook/stripe", body, headers=signed(counter, body, later=later))
        assert (answer.status_code, answer.json) == (200, {})

    (run,), (delivery,) = counter.runs, counter.deliveries
    assert run["dedupe_key"] == "evt_0001"
    assert run["trigger"]["payload"]["object"] == {"id": "cs_test_0001"}
    assert delivery["repeats"] == 1


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: each["id"])
def test_the_vectors_of_its_signature_hold_at_the_endpoint(counter, vector):
    """Their body is no whole event: who is proved hears 200, and why there is no run is kept."""
    counter.hub.clock.set(datetime.fromtimestamp(vector["now"], UTC))

    answer = counter.post("/webhook/stripe", vector["body"].encode(), headers=vector["headers"])

    assert answer.status_code == (200 if vector["valid"] else 401)
    assert [each["notes"] for each in counter.deliveries] == (
        [{"ignored": "no event of Stripe with an object"}] if vector["valid"] else []
    )
    assert counter.runs == []
