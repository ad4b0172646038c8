"""Which numbers are texted, and how providers write them: pure."""

from __future__ import annotations

from typing import Any

import phonenumbers
from phonenumbers import PhoneNumberType

from hub.errors import Permanent
from hub.values import normalise_phone

_NEVER_TEXTED = frozenset(
    {
        PhoneNumberType.PAGER,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.VOICEMAIL,
    }
)


def check_number(to: str) -> None:
    """Refuse what cannot be a number to text; numbers of other people's money above all.

    Raises `Permanent("invalid_number")`.
    """
    try:
        number = phonenumbers.parse(to)
    except phonenumbers.NumberParseException as unreadable:
        raise Permanent("invalid_number", "the receiver is not a phone number") from unreadable
    if not phonenumbers.is_valid_number(number):
        raise Permanent("invalid_number", "the receiver's phone number does not exist")
    if phonenumbers.number_type(number) in _NEVER_TEXTED:
        raise Permanent("invalid_number", "the receiver's phone number is of a kind never texted")


def number_of(written: Any) -> str | None:
    """The number that a provider wrote, None for what is none."""
    try:
        return normalise_phone(str(written or ""))
    except ValueError:
        return None
