"""No verifier compares a secret but in constant time: shown by secrets that refuse it."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NoReturn

import pytest

from hub.errors import Rejected
from hub.ingest.signatures import AUTH_TYPES, verify

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


def mac(signed: bytes, key: bytes = SECRET.encode()) -> bytes:
    return hmac.new(key, signed, hashlib.sha256).digest()


RAW_KEY = b"a secret of thirty-two bytes ...."
STANDARD = b".".join((b"msg_1", MOMENT.encode(), BODY))
GOOD: dict[str, tuple[Preset, dict[str, str]]] = {
    "shared_header": (Preset("shared_header", {"header": "X-Key"}), {"X-Key": SECRET}),
    "bearer": (Preset("bearer"), {"Authorization": f"Bearer {SECRET}"}),
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
}


def test_S1_every_way_to_prove_oneself_is_shown_here():
    assert set(GOOD) == set(AUTH_TYPES) - {"public"}


@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_S1_secrets_are_never_compared_with_equals(kind: str, place: int):
    """Right ones are taken in any place of a rotation, wrong ones refused, and none is compared."""
    preset, headers = GOOD[kind]
    live = [GuardedText("one"), GuardedText("other")]
    live.insert(place, GuardedText(SECRET))

    verify(preset, headers=headers, body=BODY, secrets=live, now=NOW)
    with pytest.raises(Rejected):
        verify(preset, headers=headers, body=BODY, secrets=live[:place], now=NOW)
    wrong = {name: f"{value[:-4]}0000" for name, value in headers.items()}
    with pytest.raises(Rejected):
        verify(preset, headers=wrong, body=BODY, secrets=live, now=NOW)


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

    monkeypatch.setattr("hub.ingest.signatures.hmac.compare_digest", counting)
    b64 = b64encode(b"another secret, also thirty-three").decode()
    for live in ([SECRET, b64], [b64, SECRET]):
        compared.append(0)
        verify(preset, headers=headers, body=BODY, secrets=live, now=NOW)

    assert compared == [2, 2]
