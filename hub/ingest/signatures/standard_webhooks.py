"""Standard Webhooks, as Svix and OpenAI send them too: id, time and body, by HMAC or Ed25519."""

from __future__ import annotations

import hmac

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.ingest.signatures.building_blocks import (
    ALGORITHMS,
    MOST_SIGNATURES,
    UNPROVED,
    fresh,
    padded,
)
from hub.ingest.signatures.evidence import Evidence, Options, Verified, refused

_NO_KEY = "no secret that is set can be a key: `whsec_` and base64, or `whpk_` and a public key"


def standard_webhooks(evidence: Evidence, _: Options) -> Verified:
    """`id.timestamp.body`; headers under `webhook-` or, as Svix names them, `svix-`."""
    family = "webhook" if "webhook-id" in evidence.headers else "svix"
    message_id = evidence.header(f"{family}-id")
    sent_at = evidence.header(f"{family}-timestamp")
    moment = fresh(sent_at, evidence)
    signed = b".".join((message_id, sent_at, evidence.body))
    entries = evidence.header(f"{family}-signature").split(b" ")[:MOST_SIGNATURES]
    split = [entry.partition(b",") for entry in entries]
    symmetric = [value for version, _, value in split if version == b"v1"]
    asymmetric = [value for version, _, value in split if version == b"v1a"]
    # Lists, not generators: every signature is tried, whatever the first one gives.
    matches = [
        *[_is_symmetric(value, signed, key) for value in symmetric for key in evidence.secrets],
        *[_is_asymmetric(value, signed, key) for value in asymmetric for key in evidence.secrets],
    ]
    if not any(matches):
        raise refused(UNPROVED if any(map(_is_key, evidence.secrets)) else _NO_KEY)
    return Verified(moment, message_id.decode("latin-1"))


def _is_key(secret: bytes) -> bool:
    """Whether anything can be signed with it."""
    try:
        padded(secret.removeprefix(b"whsec_").removeprefix(b"whpk_"))
    except ValueError:
        return False
    return True


def _is_symmetric(value: bytes, signed: bytes, secret: bytes) -> bool:
    if secret.startswith(b"whpk_"):
        return False
    try:
        given, key = padded(value), padded(secret.removeprefix(b"whsec_"))
    except ValueError:
        return False
    return hmac.compare_digest(given, hmac.new(key, signed, ALGORITHMS["sha256"]).digest())


def _is_asymmetric(value: bytes, signed: bytes, secret: bytes) -> bool:
    if not secret.startswith(b"whpk_"):
        return False
    try:
        key = Ed25519PublicKey.from_public_bytes(padded(secret.removeprefix(b"whpk_")))
        key.verify(padded(value), signed)
    except (ValueError, InvalidSignature):
        return False
    return True
