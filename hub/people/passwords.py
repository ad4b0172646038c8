"""Passwords: argon2id, equal work for everybody, and which ones are taken. Pure but for chance."""

from __future__ import annotations

from functools import cache
from secrets import token_urlsafe

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 12  # characters
LONGEST = 200
_FEWEST_DIFFERENT = 5
_MEMORY_KIB = 32 * 1024  # S7 asks for 19 MiB or more, and two passes
_PASSES = 3

_HASHER = PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=1)


def weakness(password: str, email: str) -> str | None:
    """Why a password is not taken, as a sentence; None when it is. Words, not rules of signs."""
    if len(password) < SHORTEST:
        return f"Choose a password of at least {SHORTEST} characters; a few words are fine."
    if len(password) > LONGEST:
        return f"Choose a password of at most {LONGEST} characters."
    if len(set(password)) < _FEWEST_DIFFERENT:
        return "Choose a password that does not repeat a few signs."
    name = email.partition("@")[0]
    if email in password.lower() or (len(name) >= _FEWEST_DIFFERENT and name in password.lower()):
        return "Choose a password that does not hold your own name."
    return None


def hashed(password: str) -> str:
    """What is stored of a password, with its own salt and settings. Takes tens of milliseconds."""
    return _HASHER.hash(password)


def is_right(stored: str | None, password: str) -> bool:
    """Whether it is that password; as much work where nobody of that name is known (S7)."""
    try:
        _HASHER.verify(stored or _nobodys(), password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Whether it was hashed with other settings than today's."""
    return _HASHER.check_needs_rehash(stored)


@cache
def _nobodys() -> str:
    return _HASHER.hash(token_urlsafe())
