"""Events that are told apart by their own id: Stripe, Standard Webhooks, CloudEvents."""

import hashlib
import hmac
import json

import pytest

from hub.errors import Rejected
from hub.ingest.body import Body
from hub.ingest.dialects import DIALECTS, Beside
from tests.unit.ingest.door import Door, answered, said, workflow
from tests.unit.ingest.sample_bodies import body, raw

STRIPE, STANDARD, CLOUD = (
    DIALECTS[name] for name in ("stripe", "standard_webhooks", "cloudevents")
)
LEAD = "5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21"
SESSION = "stripe/checkout.session.completed"
CLOUD_EVENT = {
    "specversion": "1.0",
    "id": "A234-1234",
    "source": "/bookings",
    "type": "com.example.booked",
    "time": "2025-11-20T18:54:00Z",
    "datacontenttype": "application/json",
    "data": {"lead_id": LEAD},
}


# ----------------------------------------------------------------------------------------- stripe


def test_an_event_of_stripe_is_its_id_its_type_and_its_object():
    (call,) = STRIPE.unpack(body(SESSION)).calls

    assert call.key == "evt_0001"
    assert call.payload == {
        "id": "evt_0001",
        "type": "checkout.session.completed",
        "object": {
            "id": "cs_test_0001",
            "object": "checkout.session",
            "client_reference_id": LEAD,
            "payment_status": "paid",
        },
    }


def test_what_can_finish_a_payment_is_not_in_the_payload():
    intent = {"id": "pi_1", "client_secret": "pi_1_secret_x", "nested": {"client_secret": "y"}}
    event = {"id": "evt_1", "type": "payment_intent.created", "data": {"object": intent}}

    (call,) = STRIPE.unpack(Body(event)).calls

    assert call.payload["object"] == {"id": "pi_1", "nested": {}}


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "text",
        {},
        {"id": "evt_0001", "object": "event"},
        {"id": "evt_1", "type": "v1.billing.meter.error", "related_object": {"id": "mtr"}},
        {"id": "evt_1", "type": "x", "data": {"object": "text"}},
        {"id": 1, "type": "x", "data": {"object": {}}},
    ],
)
def test_what_is_no_event_of_stripe_makes_no_run(value):
    found = STRIPE.unpack(Body(value))

    assert found.calls == ()
    assert found.ignored == "no event of Stripe with an object"


STRIPE_DOOR = workflow(
    "path: /webhook/stripe\nauth: signed\ndialect: stripe\npayload: schemas/stripe-event.json"
    "\nrespond: accepted"
)
STRIPE_SCHEMA = {
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


def stripe_door():
    return Door({"stripe-webhook": STRIPE_DOOR}, {"stripe-event": STRIPE_SCHEMA})


def signed(open_door, sent, *, seconds_ago=0, secret=b"stripe-secret"):
    at = int(open_door.clock.now().timestamp()) - seconds_ago
    digest = hmac.new(secret, f"{at}.".encode() + sent, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={at},v1={digest},v0=00"}


def test_S2_a_signed_event_makes_one_run_however_often_it_is_delivered():
    open_door, sent = stripe_door(), raw(SESSION)

    first = open_door.send("/webhook/stripe", sent, headers=signed(open_door, sent))
    later = signed(open_door, sent, seconds_ago=60)
    again = open_door.send("/webhook/stripe", sent, headers=later)

    for receipt in (first, again):
        assert (answered(receipt).status, said(receipt)) == (200, {})
    (run,) = open_door.memory.runs
    assert run.dedupe_key == "evt_0001"
    assert run.trigger["payload"] == {
        "id": "evt_0001",
        "type": "checkout.session.completed",
        "object": {"id": "cs_test_0001"},
    }


@pytest.mark.parametrize("options", [{"seconds_ago": 301}, {"seconds_ago": -301}, {"secret": b"x"}])
def test_S2_an_event_that_is_old_or_not_signed_by_stripe_is_refused(options):
    open_door, sent = stripe_door(), raw(SESSION)

    with pytest.raises(Rejected) as refused:
        open_door.send("/webhook/stripe", sent, headers=signed(open_door, sent, **options))

    assert refused.value.status == 401


def test_an_event_against_the_schema_is_answered_with_200_and_the_reason_is_recorded():
    open_door = stripe_door()
    sent = json.dumps({"id": "evt_1", "type": "x", "data": {"object": {"amount": 1}}}).encode()

    receipt = open_door.send("/webhook/stripe", sent, headers=signed(open_door, sent))

    assert (answered(receipt).status, said(receipt)) == (200, {})
    assert open_door.memory.runs == []
    (refused,) = open_door.memory.deliveries[0].notes["refused"]
    assert refused["problems"] == [{"pointer": "/object/id", "message": "is missing"}]


def test_S6_an_event_with_a_secret_of_a_payment_is_stored_sealed():
    open_door = stripe_door()
    intent = {"id": "pi_1", "client_secret": "pi_1_secret_x"}
    event = {"id": "evt_1", "type": "payment_intent.created", "data": {"object": intent}}
    sent = json.dumps(event).encode()

    open_door.send("/webhook/stripe", sent, headers=signed(open_door, sent))

    assert open_door.memory.deliveries[0].is_sealed


# ------------------------------------------------------------------------------ standard webhooks


@pytest.mark.parametrize("header", ["webhook-id", "svix-id"])
def test_a_standard_webhook_has_its_id_in_the_header(header):
    sent = body("standard-webhooks/event")

    (call,) = STANDARD.unpack(sent, Beside(headers={header: "msg_01"})).calls

    assert call.key == "msg_01"
    assert call.payload == {
        "id": "msg_01",
        "type": "appointment.outcome",
        "timestamp": "2025-11-20T18:54:00.344522Z",
        "data": {"lead_id": LEAD, "outcome": "showed"},
    }


def test_an_id_in_the_body_counts_where_the_header_has_none():
    event = {"id": "evt_9", "object": "event", "type": "response.completed", "data": {"id": "r"}}

    (call,) = STANDARD.unpack(Body(event)).calls

    assert (call.key, call.payload["id"]) == ("evt_9", "evt_9")


def test_a_message_without_any_id_has_no_key_of_its_own():
    (call,) = STANDARD.unpack(Body({"type": "x"})).calls

    assert (call.key, call.payload) == (None, {"type": "x"})


@pytest.mark.parametrize("value", [None, [], {"test": 2432232314}, {"type": 1}])
def test_a_message_without_a_type_makes_no_run(value):
    assert STANDARD.unpack(Body(value)).ignored == "no type in the message"


# ------------------------------------------------------------------------------------ cloudevents


def test_a_cloud_event_is_its_attributes_and_its_data():
    (call,) = CLOUD.unpack(Body(CLOUD_EVENT)).calls

    assert call.key == "/bookings/A234-1234"
    assert call.payload == {
        "id": "A234-1234",
        "source": "/bookings",
        "type": "com.example.booked",
        "time": "2025-11-20T18:54:00Z",
        "data": {"lead_id": LEAD},
    }


@pytest.mark.parametrize("name", ["id", "source", "type"])
def test_an_event_without_what_every_cloud_event_has_makes_no_run(name):
    found = CLOUD.unpack(Body({**CLOUD_EVENT, name: None}))

    assert (found.calls, found.when_refused) == ((), "record")


@pytest.mark.parametrize(
    ("media_type", "is_taken"),
    [("application/cloudevents+json; charset=UTF-8", True), ("application/json", False)],
)
def test_S18_a_cloud_event_comes_as_what_it_is(media_type, is_taken):
    open_door = Door({"events": workflow("auth: broker\ndialect: cloudevents")})
    headers = {"Authorization": "Bearer new-token", "Content-Type": media_type}

    if is_taken:
        receipt = open_door.send("/webhook/events", CLOUD_EVENT, headers=headers)
        assert (answered(receipt).status, said(receipt)) == (200, {})
        assert open_door.memory.runs
    else:
        with pytest.raises(Rejected) as refused:
            open_door.send("/webhook/events", CLOUD_EVENT, headers=headers)
        assert refused.value.status == 415
