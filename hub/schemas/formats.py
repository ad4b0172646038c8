"""The formats of the language: one check each, and how to say it to people.

Dates are checked by the functions that read them later, so that what passes can be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from hub.values import is_e164, is_origin, parse_duration, parse_instant, parse_local, zone

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+",
    re.ASCII,
)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!#-;=?-\[\]_a-z~%]+", re.ASCII)
_WEB_HOST = re.compile(
    r"https?://(?:[^/?#@]*@)?(?:\[[0-9a-f:.]+\]|[^/?#@:\[\]]+)(?::[0-9]{1,5})?(?:[/?#]|$)",
    re.IGNORECASE | re.ASCII,
)
_LONGEST_EMAIL = 254


@dataclass(frozen=True)
class Format:
    """A check of texts, and the end of the sentence "must be …"."""

    fits: Callable[[str], bool]
    wanted: str


def _readable(read: Callable[[str], object]) -> Callable[[str], bool]:
    """A text fits when it can be read."""

    def fits(text: str) -> bool:
        try:
            read(text)
        except ValueError:
            return False
        return True

    return fits


def is_uuid(text: str) -> bool:
    """Whether it is a UUID in the usual writing, in either case."""
    return _UUID.fullmatch(text) is not None


def _is_date(text: str) -> bool:
    return _DATE.fullmatch(text) is not None and _readable(date.fromisoformat)(text)


def _is_email(text: str) -> bool:
    local = text.partition("@")[0]
    return (
        len(text) <= _LONGEST_EMAIL
        and _EMAIL.fullmatch(text) is not None
        and not (local.startswith(".") or local.endswith(".") or ".." in local)
    )


def _is_uri(text: str) -> bool:
    """A web address needs a host; of other schemes only the characters are checked."""
    if _URI.fullmatch(text) is None:
        return False
    return not text.lower().startswith(("http:", "https:")) or bool(_WEB_HOST.match(text))


FORMATS: Mapping[str, Format] = {
    "date-time": Format(
        _readable(parse_instant), "a date and time with offset, such as 2025-10-20T14:00:00Z"
    ),
    "local-date-time": Format(
        _readable(parse_local), "a date and time without offset, such as 2025-10-20T14:00"
    ),
    "date": Format(_is_date, "a date, such as 2025-10-20"),
    "duration": Format(_readable(parse_duration), "a duration, such as 90s, 15m, 24h or 7d"),
    "timezone": Format(_readable(zone), "a time zone, such as America/New_York"),
    "uuid": Format(is_uuid, "a UUID, such as 5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21"),
    "e164": Format(is_e164, "a phone number, such as +12025550147"),
    "email": Format(_is_email, "an e-mail address"),
    "uri": Format(_is_uri, "a web address, such as https://example.com/page"),
    "origin": Format(is_origin, "the origin of a page, such as https://book.example.com"),
}
