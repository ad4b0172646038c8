"""What came back: an HTTP answer, and what its status means for a step (language, chapter 8)."""

from __future__ import annotations

import codecs
import math
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from json import loads
from typing import Any

from hub.errors import Permanent, StepFailed, Transient

LONGEST_RETRY_AFTER = timedelta(hours=1)
LONGEST_EXCERPT = 200
DEEPEST_JSON = 64

_BIGGEST_INTEGER = 2**63 - 1
_SECONDS = re.compile(r"\d{1,9}", re.ASCII)
_NOT_PRINTABLE = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
# What the database cannot keep as text: NUL and lone surrogates.
_NOT_STORABLE = re.compile(r"[\x00\ud800-\udfff]")
_GZIP_OR_ZLIB = 47
_CHARSETS = re.compile(
    r"ascii|utf-(?:8|8-sig|16|16-[bl]e|32|32-[bl]e)|iso8859-\d+|cp\d+|koi8-[rtu]|mac-\w+"
    r"|gb2312|gbk|gb18030|big5(?:hkscs)?|euc_(?:jp|kr)|shift_jis|tis-620"
)

_FIRST_ERROR = 400
_FIRST_FAULT = 500
_RATE_LIMITED = 429
# The request was not looked at: it shall be sent again, whole, to another place.
_NOT_DONE_REDIRECTS = frozenset({307, 308})
_REFUSALS = {
    400: "invalid_input",
    401: "unauthorized",
    403: "unauthorized",
    404: "not_found",
    409: "conflict",
    422: "invalid_input",
}


@dataclass(frozen=True)
class HttpAnswer:
    """Status, headers (names in lower case), text, and `json` where the text is JSON."""

    status: int
    headers: Mapping[str, str]
    text: str
    json: Any = None

    @property
    def is_success(self) -> bool:
        """2xx."""
        return self.status // 100 == 2  # noqa: PLR2004 - the class of the status


def failure_of(answer: HttpAnswer, *, what: str, hidden: Iterable[str] = ()) -> StepFailed | None:
    """The failure that a status stands for, None for 2xx; `hidden` texts never enter the message.

    | 3xx | 4xx (401/403, 404, 409, 400/422, others) | 429 | 5xx |
    """
    if answer.is_success:
        return None
    status = answer.status
    said = excerpt(answer.text, hidden=hidden)
    message = f"{what} was answered with {status}" + (f": {said}" if said else "")
    if status >= _FIRST_FAULT:
        after = retry_after(answer.headers)
        return Transient("unavailable", message, maybe_done=True, status=status, retry_after=after)
    if status == _RATE_LIMITED:
        return Transient(
            "rate_limited", message, status=status, retry_after=retry_after(answer.headers)
        )
    if status < _FIRST_ERROR:
        done = status not in _NOT_DONE_REDIRECTS
        return Permanent(
            "rejected",
            f"{what} was answered with the redirect {status}; redirects are not followed:"
            " write the final URL",
            maybe_done=done,
            status=status,
        )
    return Permanent(_REFUSALS.get(status, "rejected"), message, status=status)


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """`Retry-After` in seconds or as a date, at most one hour; None without a readable one.

    A date is measured against the answer's own `Date`: both come from the clock of the far side.
    """
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return min(timedelta(seconds=int(value)), LONGEST_RETRY_AFTER)
    try:
        distance = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("date", ""))
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(distance, timedelta(0)), LONGEST_RETRY_AFTER)


def excerpt(text: str, *, hidden: Iterable[str] = ()) -> str:
    """At most 200 characters on one line, without the hidden texts."""
    for secret in sorted(filter(None, hidden), key=len, reverse=True):
        text = text.replace(secret, "[secret]")
    line = _NOT_PRINTABLE.sub(" ", _NOT_STORABLE.sub("\ufffd", text)).strip()
    return line if len(line) <= LONGEST_EXCERPT else line[: LONGEST_EXCERPT - 1] + "…"


def unpacked(body: bytes, encoding: str, *, limit: int) -> bytes | None:
    """The body without its content encoding, at most `limit` + 1 bytes; None: cannot be read."""
    if encoding in {"", "identity"}:
        return body
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        return None
    try:
        return zlib.decompressobj(_GZIP_OR_ZLIB).decompress(body, limit + 1)
    except zlib.error:
        return None


def decoded(body: bytes, content_type: str) -> str:
    """The text of a body by its charset (UTF-8 if unknown); what the database refuses is U+FFFD."""
    named = re.search(r"charset=\"?([A-Za-z0-9._-]{1,40})", content_type)
    text = body.decode(_charset(named[1]) if named else "utf-8", errors="replace")
    return _NOT_STORABLE.sub("\ufffd", text)


def _charset(name: str) -> str:
    """A charset that pages are written in, else UTF-8: reading `punycode` takes minutes."""
    try:
        known = codecs.lookup(name).name
    except (LookupError, UnicodeError, ValueError):
        return "utf-8"
    return known if _CHARSETS.fullmatch(known) else "utf-8"


def json_of(text: str) -> Any:
    """The JSON value of a text in a form that can be stored; None where it is not JSON.

    Not finite numbers and more than 64 levels are not JSON here; an integer beyond 64 bits becomes
    text, so that an id keeps its digits.
    """
    try:
        value = loads(text, parse_constant=_refuse, parse_float=_finite, parse_int=_integer)
        return _storable(value, 1)
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("the number is too large")
    return number


def _integer(digits: str) -> int | str:
    if len(digits) > len(str(_BIGGEST_INTEGER)) + 1:
        return digits
    number = int(digits)
    return number if abs(number) <= _BIGGEST_INTEGER else digits


def _storable(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return _NOT_STORABLE.sub("\ufffd", value)
    if depth > DEEPEST_JSON and isinstance(value, list | dict):
        raise ValueError("too many levels")
    if isinstance(value, list):
        return [_storable(each, depth + 1) for each in value]
    if isinstance(value, dict):
        return {_storable(key, depth): _storable(each, depth + 1) for key, each in value.items()}
    return value
