"""Callers that sign the URL they ask for: Twilio, SignalWire, Square and HubSpot.

It is the public one (`HUB_PUBLIC_URL`), tried with and without the default port. Where a name ends
and its value begins, or the URL and the body, these schemes do not sign: that is their vendors'.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from hub.ingest.signatures.addresses import Pair, forms_of, pairs_of, query_of
from hub.ingest.signatures.building_blocks import decoded, digests, fresh, prove
from hub.ingest.signatures.evidence import Evidence, Options, Verified, refused

_SETTINGS = "x-twilio-webhooks-signature-settings"
_ALGORITHMS = {b"HMAC_SHA1": "sha1", b"HMAC_SHA256": "sha256"}
_HEX_SHA1 = re.compile(rb"[0-9A-Fa-f]{40}")


def twilio(evidence: Evidence, options: Options) -> Verified:
    """Base64 over URL and form, or over a URL that holds the hash of the body.

    A header names SHA-256 for accounts that sign with a shared key; without it it is SHA-1.
    """
    given = decoded(evidence.header(options["header"]), "base64")
    tail = b"".join(name + value for name, value in sorted(set(_signed_pairs(evidence))))
    prove(given, _with_addresses(evidence, tail, _algorithm(evidence)))
    return Verified()


def signalwire(evidence: Evidence, options: Options) -> Verified:
    """Hex over URL and raw body, or Twilio's base64 with repeated names in their order."""
    has_own = options["header"].lower() in evidence.headers
    value = evidence.header(options["header"] if has_own else "x-twilio-signature")
    if _HEX_SHA1.fullmatch(value):
        given, tail = decoded(value, "hex"), evidence.body
    else:
        pairs = sorted(_signed_pairs(evidence), key=lambda pair: pair[0])  # equals keep their order
        given, tail = decoded(value, "base64"), b"".join(name + value for name, value in pairs)
    prove(given, _with_addresses(evidence, tail, "sha1"))
    return Verified()


def square(evidence: Evidence, options: Options) -> Verified:
    """Base64 over URL and body."""
    given = decoded(evidence.header(options["header"]), "base64")
    prove(given, _with_addresses(evidence, evidence.body, "sha256"))
    return Verified()


def hubspot(evidence: Evidence, options: Options) -> Verified:
    """Version 3: base64 over method, URL, body and time."""
    sent_at = evidence.header("x-hubspot-request-timestamp")
    moment = fresh(sent_at, evidence)
    given = decoded(evidence.header(options["header"]), "base64")
    method = evidence.method.encode()
    prove(given, _with_addresses(evidence, evidence.body + sent_at, "sha256", before=method))
    return Verified(moment)


def hubspot_v2(evidence: Evidence, options: Options) -> Verified:
    """Version 2: hex of a plain SHA-256 over secret, method, URL and body; no time."""
    given = decoded(evidence.header(options["header"]), "hex")
    method = evidence.method.encode()
    expected = [
        hashlib.sha256(b"".join((secret, method, url, evidence.body))).digest()
        for url in forms_of(evidence.address)
        for secret in evidence.secrets
    ]
    prove(given, expected)
    return Verified()


def _with_addresses(
    evidence: Evidence, tail: bytes, algorithm: str, *, before: bytes = b""
) -> list[bytes]:
    """What is right for any of the live secrets and any form of the URL."""
    return [
        digest
        for url in forms_of(evidence.address)
        for digest in digests(evidence.secrets, before + url + tail, algorithm)
    ]


def _signed_pairs(evidence: Evidence) -> list[Pair]:
    """What is signed of the body: the pairs of a form, or nothing where the URL has its hash.

    Raises `Rejected` for a body that neither vouches for. The hash counts also where nothing of
    the body would be signed otherwise: a captured signature is none for a body that is left out.
    """
    hashes = [value for name, value in query_of(evidence.address) if name == b"bodySHA256"]
    if hashes:
        body_hash = hashlib.sha256(evidence.body).hexdigest().encode()
        if len(hashes) > 1 or not hmac.compare_digest(hashes[0].lower(), body_hash):
            raise refused("`bodySHA256` in the URL is not the hash of the body")
        return []
    media_type = evidence.headers.get("content-type", "").partition(";")[0].strip().lower()
    if evidence.body and media_type != "application/x-www-form-urlencoded":
        raise refused("the body is no form, and the URL has no `bodySHA256` for it")
    return pairs_of(evidence.body)


def _algorithm(evidence: Evidence) -> str:
    """Raises `Rejected` for one that is unknown."""
    if _SETTINGS not in evidence.headers:
        return "sha1"
    parts = [part.strip().partition(b"=") for part in evidence.header(_SETTINGS).split(b",")]
    named = [value for name, _, value in parts if name == b"algorithm"]
    algorithm = _ALGORITHMS.get(named[0]) if len(named) == 1 else None
    if algorithm is None:
        raise refused(f"{_SETTINGS} names no algorithm that is known")
    return algorithm
