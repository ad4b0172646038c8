"""Secrets that are keys: `hub dev` makes up ones that work, and others are told."""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from hub.bootstrap.secret_forms import made_up, unusable
from hub.engine.settings import AuthPreset, ConnectionSettings, ProjectSettings
from hub.ingest.signatures import AUTH_TYPES, Evidence

SETTINGS = ProjectSettings(
    auth={
        "std": AuthPreset("std", "standard_webhooks", ("STD",)),
        "broker": AuthPreset("broker", "bearer", ("TOKEN",)),
    },
    connections={
        "out": ConnectionSettings("out", "webhooks", credentials={"secret": "OUT"}),
    },
)


def test_a_key_that_was_made_up_signs_as_standard_webhooks_say():
    key = made_up("STD", "of-an-earlier-version_", SETTINGS)
    now = datetime(2026, 11, 22, tzinfo=UTC)
    sent = str(int(now.timestamp()))
    digest = hmac.new(
        base64.b64decode(key.removeprefix("whsec_"), validate=True),
        f"m1.{sent}.{{}}".encode(),
        sha256,
    ).digest()
    headers = {
        "webhook-id": "m1",
        "webhook-timestamp": sent,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }

    proof = Evidence(headers, b"{}", (key.encode(),), now, "POST", "https://hub.example.com/")

    assert key.startswith("whsec_")
    assert AUTH_TYPES["standard_webhooks"].verify(proof, {}).message_id == "m1"


def test_what_was_made_up_and_can_work_stays():
    key = made_up("OUT", None, SETTINGS)

    assert made_up("OUT", key, SETTINGS) == key
    assert made_up("TOKEN", "anything", SETTINGS) == "anything"


@pytest.mark.parametrize(
    ("value", "can_work"),
    [
        ("plainsecret", False),
        ("whsec_" + "-_" * 16, False),
        ("whsec_" + base64.b64encode(bytes(23)).decode(), False),
        ("whsec_" + base64.b64encode(bytes(24)).decode(), True),
        (base64.b64encode(bytes(32)).decode().rstrip("="), True),
        ("whpk_" + base64.b64encode(bytes(32)).decode(), True),
        ("whpk_" + base64.b64encode(bytes(31)).decode(), False),
    ],
)
def test_a_value_that_cannot_be_a_key_is_told_without_it(value: str, *, can_work: bool):
    told = unusable(SETTINGS, {"STD": value, "TOKEN": value})

    assert ([*told] == []) is can_work
    assert value not in "".join(told.values())
    assert can_work or "must be `whsec_` and 24 to 64 bytes in base64" in told["STD"]


def test_the_value_before_it_is_looked_at_as_well():
    key = made_up("OUT", None, SETTINGS)

    assert [*unusable(SETTINGS, {"OUT": key, "OUT_PREVIOUS": "old"})] == ["OUT"]
