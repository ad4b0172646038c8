"""Whom a booking call reaches, and when its result is a booking: the pure rules (C-08 to C-10)."""

from __future__ import annotations

from collections.abc import Sequence

from hub.action import Mode

NOT_GIVEN = "TBD"  # the word for a date or a time that nobody named


def number_to_dial(mode: Mode, provider_phone: str, test_phones: Sequence[str]) -> str | None:
    """The number that a booking call goes to; none: nobody is called.

    Live is the provider, test is the first test phone (C-08, C-09). Without one nobody is called,
    as when simulating (C-10): the provider's own number is never the way out.
    """
    if mode == "live":
        return provider_phone
    if mode == "test":
        return next(iter(test_phones), None)
    return None


def is_named(text: str | None) -> bool:
    """Whether a date or a time was really named: `TBD` is none (X14)."""
    return text is not None and text.strip().upper() not in {"", NOT_GIVEN}
