"""Callers that sign the public URL, over HTTP: path and query count as they were sent."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.counter import SAMPLES, Counter, open_counter

PUBLIC = "https://hub.example.com/in"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
FLOW = """
hub: 1
title: {title}
endpoint:
  path: {path}
  auth: {auth}
  dialect: {dialect}
steps:
  - log: heard
"""
FILES = {
    "hub.yaml": """
hub: 1
auth:
  twilio: {type: twilio, secret: TWILIO_TOKEN}
  hubspot: {type: hubspot, secret: HUBSPOT_SECRET}
  broker: {type: bearer, secret: OTHER}
  vapi: {type: vapi_secret, secret: OTHER}
  calcom: {type: calcom, secret: OTHER}
secrets: [TWILIO_TOKEN, HUBSPOT_SECRET, OTHER]
""",
    "workflows/hears-sms.yaml": FLOW.format(
        title="Hears SMS", path="/hooks/sms/{line}", auth="twilio", dialect="form"
    ),
    "workflows/hears-hubspot.yaml": FLOW.format(
        title="Hears HubSpot", path="/hooks/hubspot", auth="hubspot", dialect="json"
    ),
}


@pytest.fixture
def counter(tmp_path: Path, database: str, redis_url: str) -> Iterator[Counter]:
    environment = {
        "HUB_PUBLIC_URL": PUBLIC,
        "TWILIO_TOKEN": "new",
        "TWILIO_TOKEN_PREVIOUS": "12345",
    }
    environment |= {"HUBSPOT_SECRET": "client-secret", "OTHER": "other"}
    with open_counter(
        tmp_path,
        database_url=database,
        redis_url=redis_url,
        environment=environment,
        files=FILES,
    ) as opened:
        yield opened


def by_twilio(target: str, tail: bytes) -> dict[str, str]:
    """The signature of a form; `tail` is what stands of it behind the URL."""
    digest = hmac.new(b"12345", f"{PUBLIC}{target}".encode() + tail, "sha1").digest()
    return {"X-Twilio-Signature": base64.b64encode(digest).decode()}


@pytest.mark.parametrize(
    "target",
    [
        "/hooks/sms/a",
        "/hooks/sms/a%2Bb%20%C3%A9?lead=%7e1&lead=a+b&empty=&x",
        "/hooks/sms/a,b:c?x",
    ],
)
def test_S2_S21_a_signature_over_the_public_url_is_right_as_it_was_sent(
    counter: Counter, target: str
):
    body, tail = b"To=%2B1&Body=a+b&Empty=", b"Bodya bEmptyTo+1"

    taken = counter.post(target, body, headers=by_twilio(target, tail), media_type=FORM)
    inner = {"X-Twilio-Signature": by_twilio("", tail)["X-Twilio-Signature"]}
    others = [
        counter.post(target, body, headers=inner, media_type=FORM),
        counter.post(target, body + b"&More=1", headers=by_twilio(target, tail), media_type=FORM),
        counter.post(f"{target}&x=1", body, headers=by_twilio(target, tail), media_type=FORM),
        counter.post(target, body, media_type=FORM),
    ]

    assert taken.status_code == 202, taken.data
    assert [each.status_code for each in others] == [401] * 4
    assert len(counter.runs) == len(counter.deliveries) == 1
    assert "x-twilio-signature" not in counter.deliveries[0]["headers"]


def test_S2_a_captured_request_with_a_signed_time_makes_one_run(counter: Counter):
    moment = str(int(counter.hub.clock.now().timestamp() * 1000))
    body = json.dumps({"n": 1}).encode()
    message = f"POST{PUBLIC}/hooks/hubspot".encode() + body + moment.encode()
    digest = hmac.new(b"client-secret", message, hashlib.sha256).digest()
    headers = {
        "X-HubSpot-Signature-v3": base64.b64encode(digest).decode(),
        "X-HubSpot-Request-Timestamp": moment,
    }

    first = counter.post("/hooks/hubspot", body, headers=headers)
    again = counter.post("/hooks/hubspot", body, headers=headers)

    assert (first.status_code, again.status_code) == (202, 202)
    assert len(counter.runs) == 1


def test_S21_the_samples_of_twilio_come_in_where_the_hub_says_it_is(
    tmp_path: Path, database: str, redis_url: str
):
    """Their signatures are over `https://hub.example.com/hooks/…`."""
    hub = FILES["hub.yaml"]
    with open_counter(
        tmp_path,
        database_url=database,
        redis_url=redis_url,
        environment={
            "HUB_PUBLIC_URL": "https://hub.example.com/",
            "TWILIO_TOKEN": "12345",
            "HUBSPOT_SECRET": "s",
            "OTHER": "other",
        },
        files={
            "hub.yaml": hub,
            "workflows/hears-all.yaml": FLOW.format(
                title="Hears all", path="/hooks/{what}", auth="twilio", dialect="form"
            ),
        },
    ) as counter:
        for path in sorted(SAMPLES.glob("twilio/*sms*.request.json")):
            sent = json.loads(path.read_bytes())
            target = sent["target"].removeprefix("https://hub.example.com")
            headers = {"X-Twilio-Signature": sent["headers"]["X-Twilio-Signature"]}
            answer = counter.post(target, sent["body"].encode(), headers=headers, media_type=FORM)
            assert answer.status_code == 202, path

        assert len(counter.runs) == 2
