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
    "graph": ("microsoft.graph", "graph"),
    "acuity": ("acuity", "acuity"),
    "gohighlevel": ("gohighlevel", "broker"),
    "hubspot": ("hubspot", "broker"),
    "square": ("square", "broker"),
    "github": ("github", "github"),
}
PRESETS = """
  calendly: {type: calendly, secret: CALCOM_WEBHOOK_SECRET}
  google: {type: google_calendar, secret: GOOGLE_TOKEN}
  acuity: {type: acuity, secret: ACUITY_KEY}
  github: {type: github, secret: GITHUB_SECRET}
  graph: {type: microsoft_graph, secret: GRAPH_STATE}
secrets:
  - GOOGLE_TOKEN
  - ACUITY_KEY
  - GITHUB_SECRET
  - GRAPH_STATE
  - STRIPE_WEBHOOK_SECRET
  - CALCOM_WEBHOOK_SECRET
  - BROKER_API_TOKEN
  - VAPI_WEBHOOK_SECRET
"""
ENVIRONMENT = {
    "GOOGLE_TOKEN": "lead-hub-token-1",
    "ACUITY_KEY": "example-api-key",
    "GITHUB_SECRET": "It's a Secret to Everybody",
    "GRAPH_STATE": "NextClientState",
    "GRAPH_STATE_PREVIOUS": "SecretClientState",
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


def send_envelope(
    counter: Counter,
    name: str,
    headers: Mapping[str, str] | None = None,
    endpoint: str | None = None,
) -> Any:
    request = envelope(name)
    said = {key: text for key, text in request["headers"].items() if key != "Content-Length"}
    media_type = said.pop("Content-Type", None)
    query = urlsplit(request["target"]).query
    path = f"/webhook/{endpoint or name.partition('/')[0]}"
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


@pytest.mark.parametrize("endpoint", ["microsoft-graph", "graph"])
def test_S10_the_handshake_of_graph_is_said_back_as_text_and_never_as_a_page(
    counter: Counter, endpoint: str
):
    answer = send_envelope(counter, "microsoft-graph/validation", endpoint=endpoint)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.text.endswith("00000000-0000-4000-8000-000000000001 <b>")
    assert counter.deliveries == counter.runs == []


@pytest.mark.parametrize("endpoint", ["microsoft-graph", "graph"])
@pytest.mark.parametrize("query", ["", "?validationToken=", "?validationToken=a&validationToken=b"])
def test_what_is_no_handshake_has_to_prove_itself(counter: Counter, query: str, endpoint: str):
    assert counter.post(f"/webhook/{endpoint}{query}", b"{}").status_code == 401


def test_S1_graph_proves_each_item_by_its_client_state_and_the_false_ones_are_dropped(
    counter: Counter,
):
    """No header proves it. The state of the samples is the former one of two that are live."""
    body = sample("microsoft-graph/notification-batch")

    for _ in range(2):  # Graph sends again what was answered too late
        answer = counter.post("/webhook/graph", body)
        assert (answer.status_code, answer.data) == (202, b"{}")
    lifecycle = counter.post("/webhook/graph", sample("microsoft-graph/lifecycle"))
    renewed = counter.post("/webhook/graph", body.replace(b"SecretClientState", b"NextClientState"))

    assert (lifecycle.status_code, renewed.status_code) == (202, 202)
    told = [run["trigger"]["payload"]["trigger"] for run in counter.runs]
    assert sorted(told) == ["deleted", "reauthorizationRequired", "updated"]
    (refused,) = counter.deliveries[0]["notes"]["refused"]
    assert refused["title"] == "The clientState of this item is not ours."


@pytest.mark.parametrize("state", [b"SecretClientStatE", b"", "SecretClientSt\u00e4te".encode()])
def test_S1_a_notification_of_graph_with_no_state_of_ours_is_401_and_not_kept(
    counter: Counter, state: bytes
):
    body = sample("microsoft-graph/notification").replace(b"SecretClientState", state)

    assert counter.post("/webhook/graph", body).status_code == 401
    assert counter.deliveries == counter.runs == []


def test_S6_what_proved_graph_is_sealed_and_in_no_run(counter: Counter):
    counter.post("/webhook/graph", sample("microsoft-graph/notification"))

    (delivery,) = counter.deliveries
    assert delivery["is_sealed"]
    assert len(counter.runs) == 1
    assert "SecretClientState" not in repr(counter.deliveries) + repr(counter.runs)


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
