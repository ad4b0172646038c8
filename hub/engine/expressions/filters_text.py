"""Filters on text and phone numbers."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Any

import phonenumbers

from hub.engine.expressions.errors import Fault
from hub.engine.expressions.kinds import joined
from hub.engine.expressions.work import LARGEST_TEXT, LONGEST_LIST, Work
from hub.values import SecretText, normalise_phone

_SPACES = re.compile(r"\s+")
# A word starts at the beginning, after white space, a hyphen or an opening bracket.
_WORD_START = re.compile(r"(?:^|(?<=[-\s({\[<]))[^-\s({\[<]")
_SAFE_IN_URLS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PERCENT = [chr(byte) if byte in _SAFE_IN_URLS else f"%{byte:02X}" for byte in range(256)]
_SHOWN_BEHIND_MASK = 4
_SHORT = 8
_MARK_OF_CUT = "..."
_PHONE_STYLES = {
    "national": phonenumbers.PhoneNumberFormat.NATIONAL,
    "international": phonenumbers.PhoneNumberFormat.INTERNATIONAL,
    "e164": phonenumbers.PhoneNumberFormat.E164,
}
# What a character costs: case tables beyond ASCII, and words taken one by one, are slow.
_CASE_COST = 4
_WORD_COST = 16
_BYTE_COST = 6


def upper(work: Work, value: str) -> str:
    """In capitals."""
    _charge_case(work, value)
    return work.built(value.upper())


def lower(work: Work, value: str) -> str:
    """In small letters."""
    _charge_case(work, value)
    return work.built(value.lower())


def title(work: Work, value: str) -> str:
    """Every word with a capital first letter."""
    work.charge_text(value, _WORD_COST)
    small = value.lower()
    return work.built(_WORD_START.sub(lambda match: match.group().upper(), small))


def trim(work: Work, value: str) -> str:
    """Without white space at both ends."""
    return work.built(value.strip())


def one_line(work: Work, value: str) -> str:
    """Every run of white space as one space."""
    work.charge_text(value, _CASE_COST)
    return work.built(_SPACES.sub(" ", value).strip())


def truncate(work: Work, value: str, *, n: int) -> str:
    """At most n characters, cut between words and marked with three dots."""
    if n < 0:
        raise Fault("`truncate` needs a number of characters that is not negative")
    if len(value) <= n:
        return value
    room = n - len(_MARK_OF_CUT)
    if room < 0:
        return value[:n]
    work.room_for(min(n, LARGEST_TEXT + 1))
    return work.built(value[:room].rsplit(" ", 1)[0] + _MARK_OF_CUT)


def replace(work: Work, value: str, *, a: str, b: str) -> str:
    """Every `a` as `b`."""
    if not a:
        raise Fault("`replace` needs a text to look for that is not empty")
    work.charge_text(value)
    size = len(value) + value.count(a) * (len(b) - len(a))
    work.room_for(size)
    return work.built(value.replace(a, b))


def split(work: Work, value: str, *, sep: str) -> list[str]:
    """The parts between the separators."""
    if not sep:
        raise Fault("`split` needs a separator that is not empty")
    work.room_for(len(value))
    return work.listed(value.split(sep, LONGEST_LIST))


def join(work: Work, value: list[Any], *, sep: str = "") -> str | SecretText:
    """The items one after the other, with a separator between them."""
    work.items(value)
    return joined(work, value, sep)


def mask(work: Work, value: str) -> str:
    """All but the last four characters as stars."""
    hidden = max(len(value) - _SHOWN_BEHIND_MASK, 0)
    if not hidden:
        hidden = len(value)
    return work.built("*" * min(hidden, LARGEST_TEXT) + value[hidden:])


def short(_work: Work, value: str) -> str:
    """The first eight characters of an id, without its hyphens: `run-1` is `run1`."""
    return value.replace("-", "")[:_SHORT]


def urlencode(work: Work, value: str | int) -> str:
    """Fit for one part of a URL: everything but letters, digits and `-._~` is escaped (S14)."""
    text = str(value)
    work.room_for(len(text))
    work.charge_text(text, _BYTE_COST)
    encoded = text.encode()
    work.charge(len(encoded) * _BYTE_COST)
    return work.built("".join(_PERCENT[byte] for byte in encoded))


def to_base64(work: Work, value: str) -> str:
    """Base64 of the UTF-8 bytes."""
    work.charge_text(value)
    return work.built(base64.b64encode(value.encode()).decode("ascii"))


def sha256(work: Work, value: str) -> str:
    """SHA-256 of the UTF-8 bytes, in hex."""
    work.charge_text(value)
    return hashlib.sha256(value.encode()).hexdigest()


def e164(_work: Work, value: str, *, region: str | None = None) -> str:
    """A phone number as E.164 (D9)."""
    try:
        return normalise_phone(value, region)
    except ValueError as refused:
        raise Fault(str(refused)) from None


def phone(work: Work, value: str, *, style: str = "national") -> str:
    """A phone number as people read it."""
    form = _PHONE_STYLES.get(style)
    if form is None:
        raise Fault("`phone` knows 'national', 'international' and 'e164'")
    number = phonenumbers.parse(e164(work, value))
    return phonenumbers.format_number(number, form)


def _charge_case(work: Work, value: str) -> None:
    work.charge_text(value, 1 if value.isascii() else _CASE_COST)


TEXT_FILTERS: dict[str, Callable[..., Any]] = {
    "upper": upper,
    "lower": lower,
    "trim": trim,
    "title": title,
    "one_line": one_line,
    "truncate": truncate,
    "replace": replace,
    "split": split,
    "join": join,
    "mask": mask,
    "short": short,
    "urlencode": urlencode,
    "base64": to_base64,
    "sha256": sha256,
    "e164": e164,
    "phone": phone,
}
