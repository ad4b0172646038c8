"""Who may read the page: whoever sends the token (S1), and nobody by accident."""

from __future__ import annotations

import hmac


def is_allowed(token: str, authorization: str) -> bool:
    """Whether a header `Authorization: Bearer …` proves it; takes as long for any wrong one."""
    scheme, _, given = authorization.partition(" ")
    is_same = hmac.compare_digest(given.strip().encode("utf-8", "replace"), token.encode())
    return bool(token) and is_same and scheme.lower() == "bearer"
