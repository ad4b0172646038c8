"""No verifier compares a secret but in constant time: shown by secrets that refuse it."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NoReturn

import pytest

from hub.errors import Rejected
from hub.ingest.signatures import AUTH_TYPES, verify
from hub.values import caller_key

NOW = datetime(2025, 11, 20, 12, 0, tzinfo=UTC)
MOMENT = str(int(NOW.timestamp()))
SECRET = b64encode(b"a secret of thirty-two bytes ....").decode()
BODY = b'{"n": 1}'


class Compared(AssertionError):
    """A secret was compared by `==`, `in` or `startswith` of another."""


class GuardedBytes(bytes):
    """Bytes that may be used, and not be compared."""

    def _refuse(self, *_: object) -> NoReturn:
        raise Compared

    __eq__ = __ne__ = __lt__ = __contains__ = _refuse

    __hash__ = bytes.__hash__

    def removeprefix(self, prefix: Any, /) -> bytes:
        """Its kind is told by how it begins; the rest stays guarded."""
        return GuardedBytes(super().removeprefix(prefix))


class GuardedText(str):
    """A secret as it comes from the environment."""

    __slots__ = ()

    def _refuse(self, *_: object) -> NoReturn:
        raise Compared

    __eq__ = __ne__ = __lt__ = __contains__ = _refuse

    __hash__ = str.__hash__

    def encode(self, *_: Any, **__: Any) -> bytes:
        return GuardedBytes(super().encode())


@dataclass(frozen=True)
class Preset:
    type: str
    options: Mapping[str, Any] = field(default_factory=dict)


def mac(signed: bytes, key: bytes = SECRET.encode(), algorithm: str = "sha256") -> bytes:
    return hmac.new(key, signed, algorithm).digest()


HASHED = f"https://hub.example.com/hooks/x?bodySHA256={hashlib.sha256(BODY).hexdigest()}"
RAW_KEY = b"a secret of thirty-two bytes ...."
STANDARD = b".".join((b"msg_1", MOMENT.encode(), BODY))
GOOD: dict[str, tuple[Preset, dict[str, str]]] = {
    "shared_header": (Preset("shared_header", {"header": "X-Key"}), {"X-Key": SECRET}),
    "bearer": (Preset("bearer"), {"Authorization": f"Bearer {SECRET}"}),
    "caller_key": (
        Preset("caller_key"),
        {"Authorization": f"Bearer {caller_key('front-desk', SECRET.encode())}"},
    ),
    "basic": (
        Preset("basic", {"username": "hub"}),
        {"Authorization": f"Basic {b64encode(f'hub:{SECRET}'.encode()).decode()}"},
    ),
    "hmac_sha256": (Preset("hmac_sha256", {"header": "X-Sig"}), {"X-Sig": mac(BODY).hex()}),
    "vapi_hmac": (
        Preset("vapi_hmac"),
        {
            "x-timestamp": MOMENT,
            "x-signature": mac(f"{MOMENT}.".encode() + BODY).hex(),
        },
    ),
    "standard_webhooks": (
        Preset("standard_webhooks"),
        {
            "webhook-id": "msg_1",
            "webhook-timestamp": MOMENT,
            "webhook-signature": f"v1,{b64encode(mac(STANDARD, RAW_KEY)).decode()}",
        },
    ),
    "stripe_signature": (
        Preset("stripe_signature"),
        {"Stripe-Signature": f"t={MOMENT},v1={mac(f'{MOMENT}.'.encode() + BODY).hex()}"},
    ),
    "slack": (
        Preset("slack"),
        {
            "X-Slack-Request-Timestamp": MOMENT,
            "X-Slack-Signature": f"v0={mac(f'v0:{MOMENT}:'.encode() + BODY).hex()}",
        },
    ),
    "retell": (
        Preset("retell"),
        {"X-Retell-Signature": f"v={MOMENT},d={mac(BODY + MOMENT.encode()).hex()}"},
    ),
    "vapi_secret": (Preset("vapi_secret"), {"X-Vapi-Secret": SECRET}),
    "google_calendar": (Preset("google_calendar"), {"X-Goog-Channel-Token": SECRET}),
    "acuity": (Preset("acuity"), {"X-Acuity-Signature": b64encode(mac(BODY)).decode()}),
    "bland": (Preset("bland"), {"X-Webhook-Signature": mac(BODY).hex()}),
    "calcom": (Preset("calcom"), {"X-Cal-Signature-256": mac(BODY).hex()}),
    "github": (Preset("github"), {"X-Hub-Signature-256": f"sha256={mac(BODY).hex()}"}),
    "calendly": (
        Preset("calendly"),
        {"Calendly-Webhook-Signature": f"t={MOMENT},v1={mac(f'{MOMENT}.'.encode() + BODY).hex()}"},
    ),
    "elevenlabs": (
        Preset("elevenlabs"),
        {"ElevenLabs-Signature": f"t={MOMENT},v0={mac(f'{MOMENT}.'.encode() + BODY).hex()}"},
    ),
    "twilio": (
        Preset("twilio"),
        {
            "X-Twilio-Signature": b64encode(mac(HASHED.encode(), algorithm="sha1")).decode(),
        },
    ),
    "signalwire": (
        Preset("signalwire"),
        {"X-SignalWire-Signature": mac(HASHED.encode() + BODY, algorithm="sha1").hex()},
    ),
    "square": (
        Preset("square"),
        {"x-square-hmacsha256-signature": b64encode(mac(HASHED.encode() + BODY)).decode()},
    ),
    "hubspot": (
        Preset("hubspot"),
        {
            "X-HubSpot-Request-Timestamp": MOMENT,
            "X-HubSpot-Signature-v3": b64encode(
                mac(f"POST{HASHED}".encode() + BODY + MOMENT.encode())
            ).decode(),
        },
    ),
    "hubspot_v2": (
        Preset("hubspot_v2"),
        {
            "X-HubSpot-Signature": hashlib.sha256(
                f"{SECRET}POST{HASHED}".encode() + BODY
            ).hexdigest()
        },
    ),
}
FORMS_OF_THE_URL = {"twilio": 2, "signalwire": 2, "square": 2, "hubspot": 2, "hubspot_v2": 2}
# A published key may be compared by anybody; a secret in the body has a test of its own.
NO_SECRET_OF_A_HEADER = {"public", "gohighlevel", "microsoft_graph"}


def test_S1_every_way_to_prove_oneself_is_shown_here():
    assert set(GOOD) == set(AUTH_TYPES) - NO_SECRET_OF_A_HEADER


@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_S1_secrets_are_never_compared_with_equals(kind: str, place: int):
    """Right ones are taken in any place of a rotation, wrong ones refused, and none is compared."""
    preset, headers = GOOD[kind]
    live = [GuardedText("one"), GuardedText("other")]
    live.insert(place, GuardedText(SECRET))

    verify(preset, headers=headers, body=BODY, secrets=live, now=NOW, url=HASHED)
    with pytest.raises(Rejected):
        verify(preset, headers=headers, body=BODY, secrets=live[:place], now=NOW, url=HASHED)
    wrong = {name: f"{value[:-4]}0000" for name, value in headers.items()}
    with pytest.raises(Rejected):
        verify(preset, headers=wrong, body=BODY, secrets=live, now=NOW, url=HASHED)


@pytest.mark.parametrize("kind", GOOD)
def test_S1_every_live_secret_is_tried_whichever_is_right(
    kind: str, monkeypatch: pytest.MonkeyPatch
):
    """As many comparisons for the first as for the last: the time tells nobody which it was."""
    preset, headers = GOOD[kind]
    compared: list[int] = []
    real = hmac.compare_digest

    def counting(one: bytes, other: bytes) -> bool:
        compared[-1] += 1
        return real(one, other)

    monkeypatch.setattr("hub.ingest.signatures.building_blocks.hmac.compare_digest", counting)
    b64 = b64encode(b"another secret, also thirty-three").decode()
    for live in ([SECRET, b64], [b64, SECRET]):
        compared.append(0)
        verify(preset, headers=headers, body=BODY, secrets=live, now=NOW, url=HASHED)

    each = 2 * FORMS_OF_THE_URL.get(kind, 1) + (kind == "twilio")  # and the hash of the body
    assert compared == [each, each]


def test_S1_the_secret_in_a_body_is_compared_in_constant_time_too(
    monkeypatch: pytest.MonkeyPatch,
):
    """Each different value with each live secret, right or wrong."""
    compared: list[int] = []
    real = hmac.compare_digest

    def counting(one: bytes, other: bytes) -> bool:
        compared[-1] += 1
        return real(one, other)

    monkeypatch.setattr("hub.ingest.signatures.building_blocks.hmac.compare_digest", counting)
    items = [{"clientState": each} for each in (SECRET, "wrong", SECRET)]
    body = json.dumps({"value": items}).encode()
    for live in ([SECRET, "another"], ["another", SECRET]):
        compared.append(0)
        guarded = [GuardedText(each) for each in live]
        found = verify(Preset("microsoft_graph"), headers={}, body=body, secrets=guarded, now=NOW)
        assert found.vouched == {SECRET}

    assert compared == [4, 4]
