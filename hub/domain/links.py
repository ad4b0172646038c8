"""Links in mails that let somebody do one thing without a login: signed, and good for a time.

A token is `v1.<what it says>.<HMAC-SHA256>`, both parts in base64 for URLs. What it says is not
secret and cannot be changed. Whether it was used already is not for it to know: who signs puts the
version of what it is about into the subject, and who verifies compares.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from hmac import compare_digest, digest

from hub.action import Clock, FormerSecrets, action
from hub.errors import Permanent
from hub.values import parse_instant

_VERSION = "v1"
_CONTEXT = b"hub link v1:"  # what the same secret signs elsewhere is no link
_SUBJECT = re.compile(r"[A-Za-z0-9._:/@-]{1,200}", re.ASCII)
_PURPOSE = re.compile(r"[a-z][a-z0-9_-]{0,62}", re.ASCII)
_TOKEN = re.compile(r"v1\.([A-Za-z0-9_-]{1,600})\.([A-Za-z0-9_-]{43})", re.ASCII)
_SHORTEST_SECRET = 16  # bytes


@dataclass(frozen=True)
class Signed:
    """What stands in the link, and until when it can be used."""

    token: str
    expires_at: datetime


@dataclass(frozen=True)
class Found:
    """What a token that is right is about."""

    subject: str
    expires_at: datetime


@action(
    "links.sign",
    effect="read",
    errors=("not_configured",),
    example={"token": "v1.e30.c2lnbmVk", "expires_at": "2025-11-20T10:00:00Z"},
    secret_inputs=("secret",),
)
def sign(*, subject: str, purpose: str, expires_at: datetime, secret: str) -> Signed:
    """Sign a link for one purpose, such as cancelling a booking, until an instant."""
    if _SUBJECT.fullmatch(subject) is None:
        raise Permanent("invalid_input", "subject is not 1 to 200 letters, digits and ._:/@-")
    if _PURPOSE.fullmatch(purpose) is None:
        raise Permanent("invalid_input", "purpose is not a word such as booking-cancel")
    until = expires_at.astimezone(UTC).replace(microsecond=0)
    said = {"s": subject, "p": purpose, "e": until.strftime("%Y-%m-%dT%H:%M:%SZ")}
    body = _written(json.dumps(said, separators=(",", ":")).encode())
    return Signed(f"{_VERSION}.{body}.{_written(_mac(_key(secret), body))}", until)


@action(
    "links.verify",
    effect="read",
    errors=("invalid_link", "wrong_purpose", "expired", "not_configured"),
    example={
        "subject": "44444444-4444-4444-8444-444444444444/1",
        "expires_at": "2025-11-20T10:00:00Z",
    },
    secret_inputs=("secret",),
)
def verify(clock: Clock, secrets: FormerSecrets, *, token: str, purpose: str, secret: str) -> Found:
    """Read a signed link, or say why it counts no more.

    While the secret is exchanged, links that were signed with the former one still count. What is
    malformed and what somebody else signed is the same `invalid_link`; only whoever signed learns
    more.
    """
    parts = _TOKEN.fullmatch(token)
    if parts is None:
        raise _invalid()
    body, signature = parts[1], _bytes(parts[2])
    old = secrets.former(secret)
    keys = [_key(secret), *([_key(old)] if old else [])]
    # All are compared: how long it takes says nothing of which one fits.
    fitting = [compare_digest(_mac(key, body), signature) for key in keys]
    if not any(fitting):
        raise _invalid()
    said = json.loads(_bytes(body))
    expires_at = parse_instant(said["e"])
    if said["p"] != purpose:
        raise Permanent("wrong_purpose", "this link is for something else")
    if clock.now() >= expires_at:
        raise Permanent("expired", "this link could be used until some time ago")
    return Found(said["s"], expires_at)


def _invalid() -> Permanent:
    return Permanent("invalid_link", "this is no link of ours")


def _key(secret: str) -> bytes:
    key = secret.encode()
    if len(key) < _SHORTEST_SECRET:
        raise Permanent("not_configured", "the secret of links has fewer than 16 bytes")
    return key


def _mac(key: bytes, body: str) -> bytes:
    return digest(key, _CONTEXT + body.encode(), sha256)


def _written(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    """The bytes of base64 without its padding; raises `invalid_link`."""
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (Error, ValueError) as unreadable:
        raise _invalid() from unreadable
    if _written(data) != text:  # one token has one form
        raise _invalid()
    return data
