"""Preset `acme_signature`: `X-Acme-Signature: <seconds>:<hex>`, HMAC-SHA256 of `<seconds>:<body>`.

The time is signed, so that a captured request is no good after `tolerance_past` seconds.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from hub.ingest.signatures import AuthType, Evidence, Unsigned, Verified

_LONGEST = 10  # digits of a time in seconds


def verify(evidence: Evidence, options: Mapping[str, Any]) -> Verified:
    """Prove the sender by any of the live secrets; a `ValueError` becomes 401."""
    moment, _, given = evidence.header("x-acme-signature").partition(b":")
    if len(moment) > _LONGEST:
        raise ValueError("no time of any clock")
    sent_at = datetime.fromtimestamp(int(moment), UTC)
    tolerance = timedelta(seconds=options["tolerance_past"])
    if abs(evidence.now - sent_at) > tolerance:
        raise ValueError("too old, or from a clock that is wrong")
    signed = moment + b":" + evidence.body
    expected = [hmac.new(key, signed, sha256).hexdigest() for key in evidence.secrets]
    matches = [hmac.compare_digest(given, each.encode()) for each in expected]  # all: it takes
    if not any(matches):  # the same time whichever it is
        raise ValueError("another signature")
    return Verified(timestamp=sent_at, accepted_for=2 * tolerance)


def sign(request: Unsigned, _: Mapping[str, Any]) -> dict[str, str]:
    """The headers with which `hub test` proves its requests."""
    moment = str(int(request.now.timestamp()))
    digest = hmac.new(request.secret, f"{moment}:".encode() + request.body, sha256).hexdigest()
    return {"X-Acme-Signature": f"{moment}:{digest}"}


ACME_SIGNATURE = AuthType(
    verify,
    {"tolerance_past": 300},
    proof="Acme Clinic: time and body in `X-Acme-Signature`",
    sign=sign,
)
