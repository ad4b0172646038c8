"""Who is believed, and who is not."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from hub.errors import Rejected
from hub.ingest.signatures import Verified, verify

NOW = datetime(2025, 11, 20, 12, tzinfo=UTC)
BODY = b'{"id":"e_1"}'


@dataclass(frozen=True)
class Preset:
    type: str = "acme_signature"
    options: dict[str, Any] = field(default_factory=dict)


def header(*, key: bytes = b"acme-secret", at: datetime = NOW, body: bytes = BODY) -> str:
    moment = str(int(at.timestamp())).encode()
    return f"{moment.decode()}:{hmac.new(key, moment + b':' + body, sha256).hexdigest()}"


def proved(signature: str | None, *, secrets: tuple[str, ...] = ("acme-secret",)) -> Verified:
    headers = {} if signature is None else {"X-Acme-Signature": signature}
    return verify(Preset(), headers=headers, body=BODY, secrets=secrets, now=NOW)


def test_the_clinic_is_believed_also_with_the_second_of_two_secrets():
    assert proved(header()).timestamp == NOW
    assert proved(header(), secrets=("new-secret", "acme-secret")).timestamp == NOW


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "nothing",
        "12x:00",
        f"{10**30}:00",
        header(key=b"another"),
        header(body=b"{}"),
        header(at=NOW - timedelta(seconds=301)),
        header(at=NOW + timedelta(seconds=301)),
        header().upper(),
    ],
)
def test_anybody_else_is_not(signature: str | None):
    with pytest.raises(Rejected) as refused:
        proved(signature)

    assert refused.value.status == 401


def test_without_a_secret_nobody_is():
    with pytest.raises(Rejected):
        proved(header(key=b""), secrets=("",))
