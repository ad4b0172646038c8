"""Callers that sign the URL: the samples, default ports, forms, and what a capture proves."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Rejected
from hub.ingest.form_body import read_form
from hub.ingest.signatures import verify
from hub.ingest.signatures.addresses import forms_of, pairs_of
from tests.unit.ingest.test_signatures import FORM, VECTORS, Preset, headers_of, preset_of, proved
from tests.unit.ingest.test_signatures import SAMPLES as ALL_SAMPLES

NOW = datetime.fromtimestamp(1763664833, UTC)
# The secret of each sample with a signature, as the list of the samples tells it.
SECRETS = {
    "twilio/message-status-sharedkey-sha256": "examplesharedkeysecret",
    "twilio": "12345",
    "signalwire": "PSKexample",
    "slack": "examplesigningsecret",
    "acuity": "example-api-key",
    "google-calendar": "lead-hub-token-1",
}
UNPROVED = {"google-calendar/push-no-token", "microsoft-graph/validation"}
SAMPLES = {
    path.relative_to(ALL_SAMPLES).as_posix().removesuffix(".request.json"): json.loads(
        path.read_bytes()
    )
    for path in sorted(ALL_SAMPLES.glob("*/*.request.json"))
}
URL = "https://hub.example.com/hooks/x?lead=1"


def secret_of(name: str) -> str:
    return SECRETS.get(name) or SECRETS[name.partition("/")[0]]


def check(name: str, **other: Any) -> None:
    """Verify a sample; `other` says what of it is changed."""
    sent = SAMPLES[name]
    told = {
        "headers": sent["headers"],
        "body": sent["body"].encode(),
        "secrets": ["another", secret_of(name)],
        "url": sent["target"],
        "method": sent["method"],
        **other,
    }
    verify(Preset(name.partition("/")[0].replace("-", "_")), now=NOW, **told)


def refused(name: str, **other: Any) -> bool:
    with pytest.raises(Rejected) as found:
        check(name, **other)
    return found.value.status == 401


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - UNPROVED))
def test_S1_every_signed_request_of_the_samples_is_proved_by_its_secret_alone(name: str):
    check(name)
    assert refused(name, secrets=["another", secret_of(name)[:-1]])


def test_S1_a_push_without_its_token_is_refused():
    assert refused("google-calendar/push-no-token")


@pytest.mark.parametrize(
    "name", [name for name in SAMPLES if name.startswith(("twilio", "signal"))]
)
def test_S2_the_url_is_the_public_one_with_or_without_its_default_port(name: str):
    target = SAMPLES[name]["target"]
    host = "https://hub.example.com"

    check(name, url=target.replace(host, f"{host}:443"))
    assert refused(name, url=target.replace("https:", "http:"))  # the proxy was not told of
    assert refused(name, url=target.replace(host, "https://10.0.0.7"))
    assert refused(name, url=target + ("&" if "?" in target else "?") + "more=1")


@pytest.mark.parametrize(
    "vector",
    [each for each in VECTORS if "url" in each and each["valid"]],
    ids=lambda one: one["id"],
)
def test_S2_another_url_makes_another_request(vector: Mapping[str, Any]):
    for other in (f"{vector['url']}x", vector["url"].replace("https:", "http:"), ""):
        with pytest.raises(Rejected):
            proved(preset_of(vector), vector, [vector["secret"]], url=other)


@pytest.mark.parametrize(
    ("url", "forms"),
    [
        ("https://h/p?q=%20:1", ["https://h/p?q=%20:1", "https://h:443/p?q=%20:1"]),
        ("http://h:80", ["http://h:80", "http://h"]),
        ("https://h:8443/", ["https://h:8443/", "https://h/", "https://h:443/"]),
        ("https://[::1]:443/", ["https://[::1]:443/", "https://[::1]/"]),
        ("https://[::1]/", ["https://[::1]/", "https://[::1]:443/"]),
        ("https://u:1@h/", ["https://u:1@h/", "https://u:1@h:443/"]),
        ("ftp://h/", ["ftp://h/"]),
    ],
)
def test_a_url_has_a_form_with_and_one_without_the_default_port(url: str, forms: list[str]):
    assert forms_of(url.encode()) == [each.encode() for each in forms]


@dataclass(frozen=True)
class Form:
    """A form and what each of the two signs of it behind the URL."""

    body: bytes
    twilio: bytes
    signalwire: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: FORM)


@pytest.mark.parametrize(
    "form",
    [
        Form(b"D=2&D=1&D=1", b"D1D2", b"D2D1D1"),
        Form(b"b=&a=%2B+%26&B=x", b"Bxa+ &b", b"Bxa+ &b"),
        Form(b"&&a&a=1&&", b"aa1", b"aa1"),
        Form("ü=%F0%9F%99%82".encode(), "ü🙂".encode(), "ü🙂".encode()),
        Form(b"", b"", b""),
        Form(b"", b"", b"", {}),
    ],
)
@pytest.mark.parametrize("kind", ["twilio", "signalwire"])
def test_S2_a_form_is_signed_by_sorted_names_with_empty_values_and_repeats(kind: str, form: Form):
    signed = URL.encode() + (form.twilio if kind == "twilio" else form.signalwire)
    signature = b64encode(hmac.new(b"key", signed, "sha1").digest()).decode()
    for name in [f"X-{kind}-Signature", "X-Twilio-Signature"]:  # which SignalWire sends as well
        headers = {**form.headers, name: signature}
        verify(Preset(kind), headers=headers, body=form.body, secrets=["key"], now=NOW, url=URL)


@given(st.text(alphabet="ab=&+% ;Ü2Bé", max_size=30))
def test_S2_what_is_signed_of_a_form_is_what_the_workflow_gets(text: str):
    raw = text.encode()
    try:
        value = read_form(raw).value
    except Rejected:  # escapes that are no UTF-8: no workflow gets them
        return
    got = [
        (name, each)
        for name, found in value.items()
        for each in (found if isinstance(found, list) else [found])
    ]
    read = [
        (name.decode("utf-8", "replace"), each.decode("utf-8", "replace"))
        for name, each in pairs_of(raw)
    ]

    assert sorted(read) == sorted(got)


@pytest.mark.parametrize("kind", ["twilio", "signalwire"])
def test_S2_a_captured_url_with_a_hash_proves_its_own_body_only(kind: str):
    body = b'{"event": "x"}'
    hashed = f"{URL}&bodySHA256={hashlib.sha256(body).hexdigest()}"

    def check(*, body: bytes = body, url: str = hashed, **headers: str) -> None:
        signature = b64encode(hmac.new(b"key", url.encode(), "sha1").digest()).decode()
        told = {"X-Twilio-Signature": signature, "content-type": "application/json", **headers}
        verify(Preset(kind), headers=told, body=body, secrets=["key"], now=NOW, url=url)

    check()
    check(url=hashed[:-64] + hashed[-64:].upper())
    form = FORM["content-type"]
    for other in (
        {"body": b""},
        {"body": b"", "content-type": form},
        {"body": b"&=&", "content-type": form},
        {"body": body + b" "},
        {"url": URL},  # a signature of a URL without a hash proves no body at all
        {"url": f"{hashed}&bodySHA256={'0' * 64}"},
        {"url": f"{URL}&bodySHA256=%C3%A9"},
    ):
        with pytest.raises(Rejected):
            check(**other)


@pytest.mark.parametrize(
    "settings", ["", "key=k", "algorithm=HMAC_SHA1,algorithm=HMAC_SHA256", "algorithm=none"]
)
def test_S1_an_algorithm_that_nobody_knows_proves_nothing(settings: str):
    vector = next(each for each in VECTORS if each["id"] == "twilio-official")
    headers = {**headers_of(vector), "X-Twilio-Webhooks-Signature-Settings": settings}
    with pytest.raises(Rejected):
        proved(Preset("twilio"), vector, [vector["secret"]], headers=headers)
