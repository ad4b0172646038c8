"""Keys that name who calls: `<id>.<proof>`, where the proof is made from the id with a secret.

The hub keeps ids only. Who reads its rows has no key, and who has a key cannot make another one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable

_ID = re.compile(r"[a-z0-9][a-z0-9-]{2,63}", re.ASCII)
_PURPOSE = b"hub caller key\n"  # a proof for another purpose is none for this one


def caller_key(key_id: str, secret: bytes) -> str:
    """The key with this id; raises ValueError for what is no id."""
    if _ID.fullmatch(key_id) is None:
        raise ValueError(f"{key_id!r} is no id of a key: 3 to 64 small letters, digits and hyphens")
    return f"{key_id}.{_proof(key_id, secret)}"


def caller_key_id(key: str, secrets: Iterable[bytes]) -> str | None:
    """The id of a key that one of the secrets made; nothing for any other text.

    It is compared with all of them, always, so that the time tells nothing (S1).
    """
    key_id, _, proof = key.partition(".")
    if _ID.fullmatch(key_id) is None:
        return None
    given = proof.encode()
    matches = [hmac.compare_digest(given, _proof(key_id, each).encode()) for each in secrets]
    return key_id if any(matches) else None


def _proof(key_id: str, secret: bytes) -> str:
    return hmac.new(secret, _PURPOSE + key_id.encode(), hashlib.sha256).hexdigest()
