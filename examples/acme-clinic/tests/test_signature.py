"""Who is believed, and who is not."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from acme_clinic.signature import ACME_SIGNATURE

from hub.errors import Rejected
from hub.ingest.signatures import Evidence, Verified

NOW = datetime(2025, 11, 20, 12, tzinfo=UTC)
BODY = b'{"id":"e_1"}'


def header(*, key: bytes = b"acme-secret", at: datetime = NOW, body: bytes = BODY) -> str:
    moment = str(int(at.timestamp())).encode()
    return f"{moment.decode()}:{hmac.new(key, moment + b':' + body, sha256).hexdigest()}"


def proved(signature: str | None, *, secrets: tuple[bytes, ...] = (b"acme-secret",)) -> Verified:
    headers = {} if signature is None else {"x-acme-signature": signature}
    evidence = Evidence(headers, BODY, secrets, NOW, "POST", "")
    return ACME_SIGNATURE.verify(evidence, ACME_SIGNATURE.options)


def test_the_clinic_is_believed_also_with_the_second_of_two_secrets():
    assert proved(header()).timestamp == NOW
    assert proved(header(), secrets=(b"new-secret", b"acme-secret")).timestamp == NOW


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
    with pytest.raises((Rejected, ValueError)):  # the hub says 401 to both
        proved(signature)
