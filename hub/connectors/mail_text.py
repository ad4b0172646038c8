"""What may stand in a mail: one plain address, one line, whole characters. Pure."""

from __future__ import annotations

import re

from hub.errors import Permanent
from hub.values import is_mail_address

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")
_HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")
_LONGEST_SUBJECT = 500


def address(text: str, where: str) -> str:
    if not is_mail_address(text):
        raise Permanent("invalid_address", f"{where} is not one plain e-mail address")
    return text


def one_line(text: str, where: str) -> str:
    """Text for a header: one line, or nothing could be told from a header of its own (S14)."""
    if _CONTROL.search(text) or _HALF_CHARACTER.search(text) or len(text) > _LONGEST_SUBJECT:
        raise Permanent("invalid_input", f"{where} is not one line of at most 500 characters")
    return text


def whole(text: str) -> str:
    """The text with a sign in the place of each half character, which no encoding can write."""
    return _HALF_CHARACTER.sub("\ufffd", text)
