"""Phone numbers in one way of writing, E.164 (D9)."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers

_E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_LONGEST = 64
# Digits and the marks people put between them; an extension may follow. Letters are refused,
# because the parser would pick a number out of any sentence.
_WRITTEN = re.compile(
    r"(?:(?:tel|sms|whatsapp):)?[+\d\s().\-\u2010-\u2015\u2212/]+"
    r"(?:(?:;ext=|ext\.?|x|\#)\s*\d{1,7})?",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"^(?:tel|sms|whatsapp):", re.IGNORECASE)


def normalise_phone(text: str, region: str | None = None) -> str:
    """Write a phone number as E.164; the rule is "possible", the extension is dropped.

    `region` (two letters, `US`) is needed for numbers without country code. What is written has
    7 to 15 digits and means itself when it is read again (D9). Raises ValueError.
    """
    if region is not None:
        check_region(region)
    cleaned = _without_invisible(text) if len(text) <= _LONGEST else ""
    if _WRITTEN.fullmatch(cleaned) is None:
        raise ValueError(f"{_quoted(text)} is not a phone number")
    try:
        number = phonenumbers.parse(_SCHEME.sub("", cleaned), region)
    except phonenumbers.NumberParseException as unreadable:
        raise ValueError(_refusal(text, unreadable.error_type)) from unreadable
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    is_possible = phonenumbers.is_possible_number(number) and is_e164(written)
    if not is_possible or not _means_itself(written):
        raise ValueError(f"{_quoted(text)} is not a possible phone number")
    return written


def check_region(region: str) -> None:
    """Raises ValueError for anything but the two letters of a region, `US`."""
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f"{region[:10]!r} is not a region, such as US")


def is_e164(text: str) -> bool:
    """Tell whether it is what the format `e164` wants: `+` and 7 to 15 digits."""
    return _E164.fullmatch(text) is not None


def _means_itself(written: str) -> bool:
    """Of zeros too many behind the country code, one goes each time that a number is read."""
    again = phonenumbers.parse(written)
    return phonenumbers.format_number(again, phonenumbers.PhoneNumberFormat.E164) == written


def _without_invisible(text: str) -> str:
    """Full-width signs become plain ones; direction marks (copied from address books) go."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(sign for sign in plain if unicodedata.category(sign) != "Cf").strip()


def _refusal(text: str, reason: int) -> str:
    if reason == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
        return f"{_quoted(text)} has no country code: write it as +1 202 555 0147"
    return f"{_quoted(text)} is not a phone number"


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")
