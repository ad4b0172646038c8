"""Calendars, CRMs, payment and code hosts over HTTP: what each of them hears, and what is kept."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.acceptance.counter import BROKER, FILES, SAMPLES, Counter, open_counter, sample

# The endpoints, each with its dialect and its preset. Vendors whose signature is none of the body
# alone stand behind a bearer here: how they prove themselves is proved by the vectors.
ENDPOINTS = {
    "calendly": ("calendly", "calendly"),
    "google-calendar": ("google.calendar", "google"),
    "microsoft-graph": ("microsoft.graph", "broker"),
    "acuity": ("acuity", "acuity"),
    "gohighlevel": ("gohighlevel", "broker"),
    "hubspot": ("hubspot", "broker"),
    "square": ("square", "broker"),
    "github": ("github", "github"),
}
PRESETS = """
  calendly:
    type: stripe_signature
    header: Calendly-Webhook-Signature
    secret: CALCOM_WEBHOOK_SECRET
  google: {type: shared_header, header: X-Goog-Channel-Token, secret: GOOGLE_TOKEN}
  acuity: {type: hmac_sha256, header: X-Acuity-Signature, encoding: base64, secret: ACUITY_KEY}
  github: {type: hmac_sha256, header: X-Hub-Signature-256, prefix: "sha256=", secret: GITHUB_SECRET}
secrets:
  - GOOGLE_TOKEN
  - ACUITY_KEY
  - GITHUB_SECRET
  - STRIPE_WEBHOOK_SECRET
  - CALCOM_WEBHOOK_SECRET
  - BROKER_API_TOKEN
  - VAPI_WEBHOOK_SECRET
"""
ENVIRONMENT = {
    "GOOGLE_TOKEN": "lead-hub-token-1",
    "ACUITY_KEY": "example-api-key",
    "GITHUB_SECRET": "It's a Secret to Everybody",
}
WORKFLOW = """
hub: 1
title: Hears of {name}
endpoint:
  auth: {auth}
  dialect: {dialect}
steps:
  - log: heard
"""
SETTINGS, _, _ = FILES["hub.yaml"].partition("secrets:")
PROJECT = {
    "hub.yaml": SETTINGS.rstrip() + PRESETS,
    **{
        f"workflows/{name}.yaml": WORKFLOW.format(name=name, auth=auth, dialect=dialect)
        for name, (dialect, auth) in ENDPOINTS.items()
    },
}
JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"


@pytest.fixture
def counter(tmp_path: Path, database: str, redis_url: str):
    with open_counter(
        tmp_path,
        database_url=database,
        redis_url=redis_url,
        environment=ENVIRONMENT,
        files=PROJECT,
    ) as opened:
        yield opened


def by_time(counter: Counter, body: bytes) -> dict[str, str]:
    at = int(counter.hub.clock.now().timestamp())
    digest = hmac.new(b"cal-secret", f"{at}.".encode() + body, sha256).hexdigest()
    return {"Calendly-Webhook-Signature": f"t={at},v1={digest}"}


def by_body(_: Counter, body: bytes) -> dict[str, str]:
    digest = hmac.new(ENVIRONMENT["GITHUB_SECRET"].encode(), body, sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}", "X-GitHub-Delivery": "d-1"}


def by_bearer(_: Counter, __: bytes) -> dict[str, str]:
    return dict(BROKER)


def envelope(name: str) -> dict[str, Any]:
    """A sample with its own headers and the whole address."""
    found: dict[str, Any] = json.loads((SAMPLES / f"{name}.request.json").read_bytes())
    return found


def send_envelope(counter: Counter, name: str, headers: Mapping[str, str] | None = None) -> Any:
    request = envelope(name)
    said = {key: text for key, text in request["headers"].items() if key != "Content-Length"}
    media_type = said.pop("Content-Type", None)
    query = urlsplit(request["target"]).query
    path = f"/webhook/{name.partition('/')[0]}"
    return counter.post(
        f"{path}?{query}" if query else path,
        request["body"].encode(),
        headers={**said, **(headers or {})},
        media_type=media_type,
    )


Prove = Callable[[Counter, bytes], dict[str, str]]


@pytest.mark.parametrize(
    ("name", "prove", "status", "runs"),
    [
        ("calendly/invitee.created", by_time, 200, 1),
        ("gohighlevel/AppointmentUpdate-showed", by_bearer, 200, 1),
        ("hubspot/property-change", by_bearer, 200, 2),
        ("square/webhooks.test_notification", by_bearer, 200, 0),
        ("github/ping", by_body, 200, 0),
        ("microsoft-graph/notification-batch", by_bearer, 202, 0),  # a bearer vouches for no item
    ],
)
def test_a_caller_hears_what_it_wants_and_a_repeat_makes_no_second_run(
    counter: Counter, name: str, prove: Prove, status: int, runs: int
):
    body, path = sample(name), f"/webhook/{name.partition('/')[0]}"
    event = {"X-GitHub-Event": "ping"}

    for _ in range(2):
        answer = counter.post(path, body, headers={**event, **prove(counter, body)})
        assert (answer.status_code, answer.data) == (status, b"{}")
        assert answer.headers["Content-Type"] == JSON_TYPE
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    unproved = counter.post(path, body, headers=event)

    assert unproved.status_code == 401
    assert len(counter.runs) == runs
    assert all(runs or each["notes"] for each in counter.deliveries)  # or the reason is kept


def test_a_push_of_google_is_headers_alone_and_its_token_is_the_proof(counter: Counter):
    for name, runs in (("sync", 0), ("exists", 1), ("exists", 1), ("not-exists", 2)):
        answer = send_envelope(counter, f"google-calendar/push-{name}")
        assert (answer.status_code, answer.data) == (204, b"")
        assert "html" not in answer.headers["Content-Type"]
        assert len(counter.runs) == runs

    assert send_envelope(counter, "google-calendar/push-no-token").status_code == 401
    wrong = {"X-Goog-Channel-Token": "wrong"}
    assert send_envelope(counter, "google-calendar/push-exists", wrong).status_code == 401
    notes = {each["notes"]["ignored"] for each in counter.deliveries if each["notes"]}
    assert notes == {"sync: the channel is open"}
    assert "lead-hub-token-1" not in repr(counter.deliveries) + repr(counter.runs)


def test_S10_the_handshake_of_graph_is_said_back_as_text_and_never_as_a_page(counter: Counter):
    answer = send_envelope(counter, "microsoft-graph/validation")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.text.endswith("00000000-0000-4000-8000-000000000001 <b>")
    assert counter.deliveries == counter.runs == []


@pytest.mark.parametrize("query", ["", "?validationToken=", "?validationToken=a&validationToken=b"])
def test_what_is_no_handshake_has_to_prove_itself(counter: Counter, query: str):
    assert counter.post(f"/webhook/microsoft-graph{query}", b"{}").status_code == 401


def test_S6_what_graph_proves_itself_by_is_stored_sealed(counter: Counter):
    counter.post("/webhook/microsoft-graph", sample("microsoft-graph/notification"), headers=BROKER)

    (delivery,) = counter.deliveries
    assert delivery["is_sealed"]
    assert b"SecretClientState" not in bytes(delivery["body"])
    assert delivery["notes"]["refused"][0]["title"] == "The clientState of this item is not ours."


@pytest.mark.parametrize("name", ["scheduled", "changed"])
def test_a_form_of_acuity_is_signed_as_it_stands(counter: Counter, name: str):
    """The signatures of the samples are right for their bytes."""
    assert send_envelope(counter, f"acuity/{name}").status_code == 200
    wrong = base64.b64encode(bytes(32)).decode()
    refused = send_envelope(counter, f"acuity/{name}", {"X-Acuity-Signature": wrong})

    assert refused.status_code == 401
    (run,) = counter.runs
    assert run["trigger"]["payload"] == {
        "trigger": name,
        "appointment_id": "1234567",
        "calendar_id": "1",
        "appointment_type_id": "2",
    }


def test_github_may_send_forms_and_a_form_that_cannot_be_read_is_400(counter: Counter):
    for body, status in ((b"payload=%7B%22ref%22%3A%22main%22%7D", 200), (b"payload=%7B", 400)):
        headers = {"X-GitHub-Event": "push", **by_body(counter, body)}
        answer = counter.post("/webhook/github", body, headers=headers, media_type=FORM_TYPE)
        assert answer.status_code == status

    (run,) = counter.runs
    assert run["trigger"]["payload"] == {
        "type": "push",
        "id": "d-1",
        "ref": "main",
        "data": {"ref": "main"},
    }
    assert run["dedupe_key"] == "d-1"
