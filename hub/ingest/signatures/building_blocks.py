"""What the schemes are made of: comparing in constant time, digests, encodings, instants.

Every comparison is on bytes and of all candidates; whatever is malformed is a plain 401 (S1).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from hub.ingest.signatures.evidence import TOLERANCE, Evidence, refused

MOST_SIGNATURES = 16
UNPROVED = "the proof fits none of the secrets that are set"
ALGORITHMS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha512": hashlib.sha512}

_TIMESTAMP = re.compile(r"[0-9]{1,16}", re.ASCII)
_MILLISECONDS_FROM = 10**11


def prove(given: bytes, expected: Iterable[bytes]) -> None:
    """Raise `Rejected` unless one of them was given."""
    if not is_any(given, expected):
        raise refused(UNPROVED)


def is_any(given: bytes, expected: Iterable[bytes]) -> bool:
    """Compare with all of them, always, so that the time tells nothing."""
    matches = [hmac.compare_digest(given, each) for each in expected]
    return any(matches)


def without_prefix(value: bytes, prefix: str) -> bytes:
    """What stands behind the prefix; raises `Rejected` when it is not there."""
    start = prefix.encode()
    if not value.startswith(start):
        raise refused(f"the proof does not begin with {prefix!r}")
    return value[len(start) :]


def digests(keys: Iterable[bytes], signed: bytes, algorithm: str = "sha256") -> list[bytes]:
    """The HMAC by each of the keys."""
    return [hmac.new(key, signed, ALGORITHMS[algorithm]).digest() for key in keys]


def decoded(signature: bytes, encoding: str) -> bytes:
    """The bytes of a signature; raises ValueError when it is not of that encoding."""
    if encoding == "base64":
        return base64.b64decode(signature, validate=True)
    return binascii.unhexlify(signature)


def padded(text: bytes) -> bytes:
    """Base64 without its padding is still base64."""
    return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)


def raw_keys(secrets: Sequence[bytes]) -> tuple[bytes, ...]:
    """The decoded ones; a secret that is not base64 proves nobody and hinders no other."""
    keys = []
    for secret in secrets:
        with suppress(ValueError):
            keys.append(padded(secret))
    return tuple(keys)


def fresh(text: bytes, evidence: Evidence, past: timedelta = TOLERANCE) -> datetime:
    """The signed instant, seconds or milliseconds; raises `Rejected` when it is not recent."""
    digits = text.decode("ascii")
    if _TIMESTAMP.fullmatch(digits) is None:
        raise refused("the signed time is none")
    number = int(digits)
    seconds = number / 1000 if number >= _MILLISECONDS_FROM else number
    age = evidence.now.timestamp() - seconds
    if not -TOLERANCE.total_seconds() <= age <= past.total_seconds():
        early = f"{-age:.0f} s ahead of the hub's clock"
        raise refused(f"the signed time is {early if age < 0 else f'{age:.0f} s old'}")
    return datetime.fromtimestamp(seconds, UTC)
