"""Who sent this? Pure verifiers: headers, raw body, live secrets, now → `Verified`, or 401.

Every comparison is constant-time and on bytes; whatever is malformed is a plain 401 (S1).
Timestamps count in seconds or milliseconds and must lie within the tolerance, either way (S2).
What each vendor signs is told by `wire-formats`, section 0.3.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hub.errors import Rejected

TOLERANCE = timedelta(seconds=300)
MOST_SIGNATURES = 16

_ALGORITHMS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha512": hashlib.sha512}
_TIMESTAMP = re.compile(r"[0-9]{1,16}", re.ASCII)
_MILLISECONDS_FROM = 10**11
_PLACEHOLDER = re.compile(r"(\{[a-z-]+\})")
_RETELL = re.compile(r"v=([0-9]{1,16}),d=([0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True)
class Verified:
    """Proof of the sender. What the signature vouches for besides the body, where it does.

    `accepted_for`: how long one signature can be accepted, by clocks that differ. `vouched`: the
    values in the body that are live secrets, where each of its items brings one.
    """

    timestamp: datetime | None = None
    message_id: str | None = None
    accepted_for: timedelta = 2 * TOLERANCE
    vouched: frozenset[str] = frozenset()


class Preset(Protocol):
    """An entry of `auth:` in `hub.yaml`: its type and the options beside it."""

    @property
    def type(self) -> str:
        """A key of `AUTH_TYPES`."""

    @property
    def options(self) -> Mapping[str, Any]:
        """The options of that type; what is not given has its default."""


@dataclass(frozen=True)
class Evidence:
    """What a request brings to prove itself. Header names are in lower case, secrets not empty."""

    headers: Mapping[str, str]
    body: bytes
    secrets: tuple[bytes, ...]
    now: datetime
    method: str
    url: str

    def header(self, name: str) -> bytes:
        """The bytes of a header; raises `Rejected` when it is not there."""
        value = self.headers.get(name.lower())
        if value is None:
            raise _refused()
        return value.encode("latin-1", "replace")


@dataclass(frozen=True)
class AuthType:
    """One way to verify, and the options it takes with their defaults (None: must be given).

    `lasting_when`: with these options its signature covers neither a time nor an id, so that it is
    right for ever (S2). None: never, or it is no signature.
    """

    verify: Callable[[Evidence, Mapping[str, Any]], Verified]
    options: Mapping[str, Any]
    needs_secret: bool = True
    lasting_when: Mapping[str, Any] | None = None


def verify(
    preset: Preset,
    *,
    headers: Mapping[str, str],
    body: bytes,
    secrets: Sequence[str],
    now: datetime,
    method: str = "POST",
    url: str = "",
) -> Verified:
    """Prove the sender by any of the live secrets; raises `Rejected` 401 (S1, S2).

    No secret that is set means nobody can be proved: 401 (fail closed).
    """
    kind = AUTH_TYPES[preset.type]
    evidence = Evidence(
        headers={name.lower(): value for name, value in headers.items()},
        body=body,
        secrets=tuple(secret.encode() for secret in secrets if secret),
        now=now,
        method=method,
        url=url,
    )
    if kind.needs_secret and not evidence.secrets:
        raise _refused()
    try:
        return kind.verify(evidence, {**kind.options, **preset.options})
    except (ValueError, binascii.Error):
        raise _refused() from None


def _refused() -> Rejected:
    return Rejected(
        401, "The credentials are missing, wrong or too old.", headers={"WWW-Authenticate": "Hub"}
    )


# ------------------------------------------------------------------------------- building blocks


def _is_any(given: bytes, expected: Iterable[bytes]) -> bool:
    """Compare with all of them, always, so that the time tells nothing."""
    matches = [hmac.compare_digest(given, each) for each in expected]
    return any(matches)


def _without_prefix(value: bytes, prefix: str) -> bytes:
    start = prefix.encode()
    if not value.startswith(start):
        raise _refused()
    return value[len(start) :]


def _digests(evidence: Evidence, signed: bytes, algorithm: str = "sha256") -> list[bytes]:
    return [
        hmac.new(secret, signed, _ALGORITHMS[algorithm]).digest() for secret in evidence.secrets
    ]


def _decoded(signature: bytes, encoding: str) -> bytes:
    """The bytes of a signature; raises ValueError when it is not of that encoding."""
    if encoding == "base64":
        return base64.b64decode(signature, validate=True)
    return binascii.unhexlify(signature)


def _fresh(text: bytes, evidence: Evidence, past: timedelta = TOLERANCE) -> datetime:
    """The signed instant, seconds or milliseconds; raises `Rejected` when it is not recent."""
    digits = text.decode("ascii")
    if _TIMESTAMP.fullmatch(digits) is None:
        raise _refused()
    number = int(digits)
    seconds = number / 1000 if number >= _MILLISECONDS_FROM else number
    age = evidence.now.timestamp() - seconds
    if not -TOLERANCE.total_seconds() <= age <= past.total_seconds():
        raise _refused()
    return datetime.fromtimestamp(seconds, UTC)


def _padded(text: bytes) -> bytes:
    """Base64 without its padding is still base64."""
    return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)


def _raw_keys(secrets: Sequence[bytes]) -> tuple[bytes, ...]:
    """The decoded ones; a secret that is not base64 proves nobody and hinders no other."""
    keys = []
    for secret in secrets:
        with suppress(ValueError):
            keys.append(_padded(secret))
    return tuple(keys)


# --------------------------------------------------------------------------------------- schemes


def _public(_: Evidence, __: Mapping[str, Any]) -> Verified:
    return Verified()


def _shared_header(evidence: Evidence, options: Mapping[str, Any]) -> Verified:
    given = _without_prefix(evidence.header(options["header"]), options["prefix"])
    if not _is_any(given, evidence.secrets):
        raise _refused()
    return Verified()


def _bearer(evidence: Evidence, options: Mapping[str, Any]) -> Verified:
    """A scheme is the same in capitals and in small letters (RFC 9110, 11.1); a token is not."""
    value, prefix = evidence.header(options["header"]), options["prefix"].encode()
    if not value.lower().startswith(prefix.lower()):
        raise _refused()
    if not _is_any(value[len(prefix) :], evidence.secrets):
        raise _refused()
    return Verified()


def _basic(evidence: Evidence, options: Mapping[str, Any]) -> Verified:
    scheme, _, encoded = evidence.header("authorization").partition(b" ")
    if scheme.lower() != b"basic":
        raise _refused()
    given = base64.b64decode(encoded.strip(), validate=True)
    user = str(options["username"]).encode()
    if not _is_any(given, (user + b":" + secret for secret in evidence.secrets)):
        raise _refused()
    return Verified()


def _hmac_of_body(evidence: Evidence, options: Mapping[str, Any]) -> Verified:
    value = _without_prefix(evidence.header(options["header"]), options["prefix"])
    given = _decoded(value, options["encoding"])
    if not _is_any(given, _digests(evidence, evidence.body, options["algorithm"])):
        raise _refused()
    return Verified()


def _vapi_hmac(evidence: Evidence, options: Mapping[str, Any]) -> Verified:
    """The whole plan that Vapi lets people configure (`wire-formats`, section 1)."""
    parts = {"{body}": evidence.body, "{method}": evidence.method.encode()}
    parts["{url}"] = evidence.url.encode()
    moment, message_id = None, None
    if options["include_timestamp"]:
        parts["{timestamp}"] = evidence.header(options["timestamp_header"])
        moment = _fresh(parts["{timestamp}"], evidence)
    if options["message_id_header"]:
        parts["{svix-id}"] = evidence.header(options["message_id_header"])
        message_id = parts["{svix-id}"].decode("latin-1")
    pieces = _PLACEHOLDER.split(options["payload_format"])
    signed = b"".join(parts.get(piece, piece.encode()) for piece in pieces)
    keys = _raw_keys(evidence.secrets) if options["secret_is_base64"] else evidence.secrets
    given = _decoded(
        _without_prefix(evidence.header(options["header"]), options["prefix"]), options["encoding"]
    )
    expected = (hmac.new(key, signed, _ALGORITHMS[options["algorithm"]]).digest() for key in keys)
    if not _is_any(given, expected):
        raise _refused()
    return Verified(moment, message_id)


def _standard_webhooks(evidence: Evidence, _: Mapping[str, Any]) -> Verified:
    """`id.timestamp.body`; headers under `webhook-` or, as Svix names them, `svix-`."""
    family = "webhook" if "webhook-id" in evidence.headers else "svix"
    message_id = evidence.header(f"{family}-id")
    sent_at = evidence.header(f"{family}-timestamp")
    moment = _fresh(sent_at, evidence)
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
        raise _refused()
    return Verified(moment, message_id.decode("latin-1"))


def _is_symmetric(value: bytes, signed: bytes, secret: bytes) -> bool:
    if secret.startswith(b"whpk_"):
        return False
    try:
        given, key = _padded(value), _padded(secret.removeprefix(b"whsec_"))
    except ValueError:
        return False
    return hmac.compare_digest(given, hmac.new(key, signed, hashlib.sha256).digest())


def _is_asymmetric(value: bytes, signed: bytes, secret: bytes) -> bool:
    if not secret.startswith(b"whpk_"):
        return False
    try:
        key = Ed25519PublicKey.from_public_bytes(_padded(secret.removeprefix(b"whpk_")))
        key.verify(_padded(value), signed)
    except (ValueError, InvalidSignature):
        return False
    return True


def _timestamped(evidence: Evidence, options: Mapping[str, Any]) -> Verified:
    """`t=<seconds>,v1=<hex>[,v1=…]` over `t.body` (Stripe, Calendly, ElevenLabs)."""
    header = evidence.header(options["header"])
    pairs = [part.strip().partition(b"=") for part in header.split(b",")[: MOST_SIGNATURES + 1]]
    times = [value for name, _, value in pairs if name == b"t"]
    scheme = str(options["scheme"]).encode()
    signatures = [value for name, _, value in pairs if name == scheme]
    if len(times) != 1:
        raise _refused()
    past = timedelta(seconds=options["tolerance_past"])
    moment = _fresh(times[0], evidence, past)
    expected = _digests(evidence, times[0] + b"." + evidence.body)
    matches = [_is_any(binascii.unhexlify(value), expected) for value in signatures]
    if not any(matches):
        raise _refused()
    return Verified(moment, accepted_for=TOLERANCE + past)


def _slack(evidence: Evidence, _: Mapping[str, Any]) -> Verified:
    sent_at = evidence.header("x-slack-request-timestamp")
    moment = _fresh(sent_at, evidence)
    given = binascii.unhexlify(_without_prefix(evidence.header("x-slack-signature"), "v0="))
    if not _is_any(given, _digests(evidence, b":".join((b"v0", sent_at, evidence.body)))):
        raise _refused()
    return Verified(moment)


def _retell(evidence: Evidence, _: Mapping[str, Any]) -> Verified:
    match = _RETELL.fullmatch(evidence.header("x-retell-signature").decode("ascii"))
    if match is None:
        raise _refused()
    sent_at = match[1].encode()
    moment = _fresh(sent_at, evidence)
    if not _is_any(binascii.unhexlify(match[2]), _digests(evidence, evidence.body + sent_at)):
        raise _refused()
    return Verified(moment)


AUTH_TYPES: Mapping[str, AuthType] = {
    "public": AuthType(_public, {}, needs_secret=False),
    "shared_header": AuthType(_shared_header, {"header": None, "prefix": ""}),
    "bearer": AuthType(_bearer, {"header": "Authorization", "prefix": "Bearer "}),
    "basic": AuthType(_basic, {"username": None}),
    "hmac_sha256": AuthType(
        _hmac_of_body,
        {"header": None, "prefix": "", "encoding": "hex", "algorithm": "sha256"},
        lasting_when={},
    ),
    "vapi_hmac": AuthType(
        _vapi_hmac,
        {
            "header": "x-signature",
            "timestamp_header": "x-timestamp",
            "prefix": "",
            "algorithm": "sha256",
            "include_timestamp": True,
            "payload_format": "{timestamp}.{body}",
            "message_id_header": "",
            "encoding": "hex",
            "secret_is_base64": False,
        },
        lasting_when={"include_timestamp": False, "message_id_header": ""},
    ),
    "standard_webhooks": AuthType(_standard_webhooks, {}),
    "stripe_signature": AuthType(
        _timestamped, {"header": "Stripe-Signature", "scheme": "v1", "tolerance_past": 300}
    ),
    "slack": AuthType(_slack, {}),
    "retell": AuthType(_retell, {}),
}
