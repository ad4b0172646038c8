"""Repeats of a signed message at an endpoint without a key; one key with two bodies (I8, I10)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.acceptance.counter import BROKER, GOOD, Counter, open_counter

SECRET = "signing-secret"
FLOW = """
hub: 1
title: Takes signed messages
endpoint:
  auth: {preset}
  payload: schemas/booked.json
steps:
  - return: done
"""
SETTINGS = """
hub: 1
auth:
  slack: {type: slack, secret: SLACK_SIGNING}
  dated: {type: stripe_signature, header: X-Signed, secret: SLACK_SIGNING}
  lasting:
    {type: stripe_signature, header: X-Signed, tolerance_past: 1800, secret: SLACK_SIGNING}
  retell: {type: retell, secret: SLACK_SIGNING}
  numbered:
    type: vapi_hmac
    secret: SLACK_SIGNING
    message_id_header: X-Id
    payload_format: "{svix-id}.{timestamp}.{body}"
  broker: {type: bearer, secret: BROKER_API_TOKEN}
  vapi: {type: shared_header, header: X-Vapi-Secret, secret: VAPI_WEBHOOK_SECRET}
  calcom: {type: hmac_sha256, header: X-Cal-Signature-256, secret: CALCOM_WEBHOOK_SECRET}
secrets: [SLACK_SIGNING, BROKER_API_TOKEN, VAPI_WEBHOOK_SECRET, CALCOM_WEBHOOK_SECRET]
"""
ORDERS = """
hub: 1
title: Takes what happens to an order
endpoint:
  auth: dated
  path: /orders/{id}/paid
steps:
  - return: ${{ params.id }}
"""
QUESTIONS = """
hub: 1
title: Tells the orders of somebody
endpoint:
  method: GET
  auth: dated
  path: /orders
  query:
    of: {type: string}
steps:
  - return: ${{ query.of }}
"""
CALLS = """
hub: 1
title: Takes calls that share an id
endpoint:
  auth: dated
  dialect: vapi.tool
  tool: book
  payload: schemas/booked.json
  dedupe: {key: "${{ payload.lead_id }}"}
  respond: {at_once: Saved.}
steps:
  - reply: Done.
"""
BODY = json.dumps(GOOD).encode()
OTHER = json.dumps({**GOOD, "note": "again"}).encode()


@pytest.fixture
def counter(tmp_path: Path, database: str, redis_url: str) -> Iterator[Counter]:
    """Endpoints without a key of their own, for senders who sign with a time."""
    presets = (*SIGNERS, "numbered")
    files = {f"workflows/{name}.yaml": FLOW.replace("{preset}", name) for name in presets}
    files |= {"workflows/orders.yaml": ORDERS, "workflows/calls.yaml": CALLS}
    files["workflows/questions.yaml"] = QUESTIONS
    with open_counter(
        tmp_path,
        database_url=database,
        redis_url=redis_url,
        files={**files, "hub.yaml": SETTINGS},
        environment={"SLACK_SIGNING": SECRET},
    ) as opened:
        yield opened


def _digest(text: bytes) -> str:
    return hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()


def slack(body: bytes, moment: str) -> dict[str, str]:
    signature = f"v0={_digest(b'v0:' + moment.encode() + b':' + body)}"
    return {"X-Slack-Request-Timestamp": moment, "X-Slack-Signature": signature}


def dated(body: bytes, moment: str) -> dict[str, str]:
    return {"X-Signed": f"t={moment},v1={_digest(moment.encode() + b'.' + body)}"}


def retell(body: bytes, moment: str) -> dict[str, str]:
    return {"X-Retell-Signature": f"v={moment},d={_digest(body + moment.encode())}"}


SIGNERS = {"slack": slack, "dated": dated, "lasting": dated, "retell": retell}
ACCEPTED_FOR = {"lasting": 1_800}  # seconds behind the signed time; else 300


@pytest.mark.parametrize("scheme", SIGNERS)
def test_I10_an_exact_repeat_of_a_signed_message_makes_no_second_run(counter: Counter, scheme: str):
    now = counter.hub.clock.now()
    sign = SIGNERS[scheme]

    def send(body: bytes, at: str) -> tuple[int, bytes, str | None]:
        got = counter.post(f"/webhook/{scheme}", body, headers=sign(body, at))
        return got.status_code, got.data, got.headers.get("Idempotent-Replayed")

    first = str(int(now.timestamp()))
    status, data, replayed = send(BODY, first)
    assert (status, replayed) == (202, None)
    assert send(BODY, first) == (202, data, "true")
    assert len(counter.runs) == 1

    send(OTHER, first)
    assert len(counter.runs) == 2  # another body is another message
    send(BODY, str(int(now.timestamp()) - 1))
    assert len(counter.runs) == 3  # so is the same one, signed at another time


@pytest.mark.parametrize("scheme", SIGNERS)
def test_I10_the_repeat_is_known_for_as_long_as_its_signature_is_accepted(
    counter: Counter, scheme: str
):
    now = counter.hub.clock.now()
    sign = SIGNERS[scheme]
    soon = str(int((now + timedelta(seconds=299)).timestamp()))  # its sender's clock is fast
    for _ in range(2):
        got = counter.post(f"/webhook/{scheme}", BODY, headers=sign(BODY, soon))
        assert got.status_code == 202
    with counter.hub.database.connect() as connection:
        (left,) = connection.exec_driver_sql("SELECT expires_at - now() FROM dedupe_keys").one()
    accepted = 299 + ACCEPTED_FOR.get(scheme, 300)
    assert left >= timedelta(seconds=accepted)  # longer than any clock lets this signature pass
    assert len(counter.runs) == 1


def test_S2_a_captured_message_makes_no_second_run_whatever_key_is_named(counter: Counter):
    moment = str(int(counter.hub.clock.now().timestamp()))

    def send(body: bytes, at: str, key: str | None) -> tuple[int, bytes]:
        named = {} if key is None else {"Idempotency-Key": key}
        got = counter.post("/webhook/dated", body, headers={**dated(body, at), **named})
        return got.status_code, got.data

    first = send(BODY, moment, "one")
    earlier = str(int(moment) - 1)
    assert send(BODY, earlier, "one") == first  # its sender's own next try
    for captured in (moment, earlier):
        assert [send(BODY, captured, key) for key in ("two", None, "one")] == [first] * 3
    assert send(OTHER, moment, "one")[0] == 422  # refused, and therefore not known (I8)
    assert len(counter.runs) == 1
    assert send(OTHER, moment, "three")[0] == 202
    assert len(counter.runs) == 2


def test_S2_a_message_with_an_id_makes_no_second_run_whatever_key_is_named(counter: Counter):
    moment = str(int(counter.hub.clock.now().timestamp()))

    def send(id_: str, key: str | None) -> str:
        signature = _digest(b".".join((id_.encode(), moment.encode(), BODY)))
        headers = {"X-Id": id_, "X-Timestamp": moment, "X-Signature": signature}
        named = {} if key is None else {"Idempotency-Key": key}
        got = counter.post("/webhook/numbered", BODY, headers={**headers, **named})
        return str(json.loads(got.data)["run_id"])

    without = send("m1", None)
    assert [send("m1", key) for key in ("a", "b", None)] == [without] * 3
    keyed = send("m2", "c")  # another message, though it says the same at the same time
    assert keyed != without
    assert [send("m2", key) for key in (None, "d", "c")] == [keyed] * 3
    assert len(counter.runs) == 2
    alike = send("m3", "m3")  # named by its id, in a header that is not signed
    assert [send("m3", key) for key in (None, "e", "m3")] == [alike] * 3
    assert len(counter.runs) == 3


def test_S2_I7_equal_bodies_for_two_parts_of_the_path_are_two_messages(counter: Counter):
    moment = str(int(counter.hub.clock.now().timestamp()))

    def send(order: str, key: str | None) -> tuple[int, bytes]:
        named = {} if key is None else {"Idempotency-Key": key}
        headers = {**dated(b"{}", moment), **named}
        got = counter.post(f"/orders/{order}/paid", b"{}", headers=headers)
        return got.status_code, got.data

    first, second = send("1", "a"), send("2", "b")
    assert (first[0], second[0], first == second) == (202, 202, False)
    assert [send("1", key) for key in ("c", None, "a")] == [first] * 3
    third = send("3", "d")
    assert [send("2", "e"), send("3", None), send("3", "f")] == [second, third, third]
    assert len(counter.runs) == 3


def test_I7_without_any_key_equal_bodies_of_one_second_for_two_parts_of_the_path_are_two_messages(
    counter: Counter,
):
    signed = dated(b"{}", str(int(counter.hub.clock.now().timestamp())))

    answers = [counter.post(f"/orders/{each}/paid", b"{}", headers=signed) for each in (1, 2, 1)]

    first, second, again = (each.data for each in answers)
    assert first == again != second
    assert len(counter.runs) == 2


def test_I7_questions_of_one_second_that_only_the_query_tells_apart_have_their_own_answers(
    counter: Counter,
):
    signed = dated(b"", str(int(counter.hub.clock.now().timestamp())))

    def ask(lead: str) -> bytes:
        return bytes(counter.client.get(f"/orders?of={lead}", headers=signed).data)

    assert ask("ada") == ask("ada") != ask("bob")
    assert len(counter.runs) == 2


def test_S2_a_message_without_a_key_at_a_path_is_known_under_any_key(counter: Counter):
    moment = str(int(counter.hub.clock.now().timestamp()))
    signed = dated(b"{}", moment)
    first = counter.post("/orders/1/paid", b"{}", headers=signed)
    again = counter.post("/orders/1/paid", b"{}", headers={**signed, "Idempotency-Key": "a"})
    assert (first.status_code, again.data) == (202, first.data)
    assert len(counter.runs) == 1


def test_S2_I7_calls_of_a_message_that_share_an_id_and_not_a_key_are_two_runs(counter: Counter):
    moment = str(int(counter.hub.clock.now().timestamp()))
    leads = (GOOD["lead_id"], GOOD["lead_id"].replace("5b", "6b"))
    asked = [{**GOOD, "lead_id": lead} for lead in (*leads, leads[0])]
    calls = [{"id": "c", "function": {"name": "book", "arguments": each}} for each in asked]
    body = json.dumps({"message": {"type": "tool-calls", "toolCallList": calls}}).encode()
    for _ in range(2):
        got = counter.post("/webhook/calls", body, headers=dated(body, moment))
        assert got.status_code == 200
    keys = sorted(row["dedupe_key"] for row in counter.runs)
    assert keys == sorted(leads)


def test_I8_a_header_key_with_another_body_is_refused_and_a_vendors_id_with_another_is_replayed(
    counter: Counter,
):
    keyed = {**BROKER, "Idempotency-Key": "one"}
    first = counter.post("/webhook/plain", BODY, headers=keyed)
    assert counter.post("/webhook/plain", OTHER, headers=keyed).status_code == 422
    assert (len(counter.runs), len(counter.deliveries)) == (1, 1)
    assert counter.deliveries[0]["repeats"] == 0
    assert counter.post("/webhook/plain", BODY, headers=keyed).data == first.data

    secret = b"cal-secret"
    booking = {"triggerEvent": "BOOKING_CREATED", "payload": {"uid": "b1", "iCalSequence": 0}}
    answers = []
    for attempt in (1, 2):
        raw = json.dumps({**booking, "attempt": attempt}).encode()
        signature = hmac.new(secret, raw, hashlib.sha256).hexdigest()
        headers = {"X-Cal-Signature-256": signature}
        answers.append(counter.post("/webhook/events", raw, headers=headers))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].data == answers[1].data
    events = [row for row in counter.deliveries if row["endpoint"] == "events"]
    assert [row["repeats"] for row in events] == [1]
    assert events[0]["notes"] == {"repeated_with_other_body": True}
    assert len(counter.runs) == 2
