"""What the value of a secret must be where it is a key, and not any text."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass

_SHORTEST, _LONGEST = 24, 64  # bytes of a symmetric key
_PUBLIC = 32  # bytes of a key of Ed25519


@dataclass(frozen=True)
class SecretForm:
    """`wanted` completes "must be"; `fits` judges a value, `make` gives one of 32 random bytes."""

    wanted: str
    fits: Callable[[str], bool]
    make: Callable[[bytes], str]


def _size(text: str) -> int:
    """The number of bytes behind base64 with or without its padding; -1 where it is none."""
    try:
        return len(base64.b64decode(text + "=" * (-len(text) % 4), validate=True))
    except ValueError:
        return -1


def _is_key(value: str) -> bool:
    if value.startswith("whpk_"):
        return _size(value.removeprefix("whpk_")) == _PUBLIC
    return _SHORTEST <= _size(value.removeprefix("whsec_")) <= _LONGEST


def _key_of(random: bytes) -> str:
    return "whsec_" + base64.b64encode(random).decode()


STANDARD_WEBHOOKS_KEY = SecretForm(
    wanted="`whsec_` and 24 to 64 bytes in base64 (from who signs with Ed25519: `whpk_` and 32)",
    fits=_is_key,
    make=_key_of,
)
