"""What stands for somebody: random texts, of which only digests are kept."""

from __future__ import annotations

import hmac
from hashlib import sha256
from secrets import token_urlsafe

_BYTES = 32
API_PREFIX = "hub_"  # so that scanners of repositories know one when they see it


def new_token(prefix: str = "") -> str:
    """A text that nobody can guess: 256 bits of chance."""
    return prefix + token_urlsafe(_BYTES)


def digest_of(token: str) -> bytes:
    """What is stored of it. It is random itself, so nothing slower than SHA-256 is needed."""
    return sha256(token.encode("utf-8", "surrogateescape")).digest()


def form_token(cookie: str) -> str:
    """What a form must carry to come from a page of this cookie's owner (CSRF)."""
    return hmac.new(cookie.encode("utf-8", "surrogateescape"), b"hub form", sha256).hexdigest()


def is_form_token(cookie: str, given: str) -> bool:
    """Whether a form carries it; in constant time, whatever is given."""
    expected = form_token(cookie).encode()
    return hmac.compare_digest(expected, given.encode("utf-8", "replace"))
