"""The smallest case that still fails in the same way."""

from __future__ import annotations

from collections.abc import Callable

_MOST_TRIES = 400


def shrunk(case: bytes, fails: Callable[[bytes], bool]) -> bytes:
    """Cut pieces out, large ones first, as long as it still fails."""
    tries, size = 0, max(1, len(case) // 2)
    while size and tries < _MOST_TRIES:
        at, is_smaller = 0, False
        while at < len(case) and tries < _MOST_TRIES:
            shorter = case[:at] + case[at + size :]
            tries += 1
            if fails(shorter):
                case, is_smaller = shorter, True
            else:
                at += size
        size = size if is_smaller and size > 1 else size // 2
    return case
