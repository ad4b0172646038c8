"""Raw bytes to a JSON value, strictly: what a parser would let pass quietly is refused here.

Two kinds of fault: a body that is no JSON for us (400), and a value that cannot be stored (422),
which the dialects of vendors may have mended instead, because their raw bytes stay (I17).
"""

from __future__ import annotations

import codecs
import json
import math
import re
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii
from typing import Any

from hub.errors import PayloadProblem, Rejected

DEEPEST = 64
LARGEST = 2**63 - 1
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

MOST_VALUES = 100_000
# What values take in memory once they are read, in bytes for each character that makes one. A body
# may take so many times what the endpoint allows it to have; with its copies that is ten (I14).
_WEIGHTS = ((b"[", 100), (b"{", 130), (b":", 90), (b",", 40))
_MEMORY = 6
_SEPARATORS = (b",", b"[", b"{")  # each value stands behind one of them

_MOST_FAULTS = 20
_PIECE = 65_536  # bytes or characters that are looked at together
_LONGEST_DIGITS = 19  # 2^63-1 has that many: more cannot fit
# The closing quote is optional, so that a match never fails and the search stays linear; it never
# goes back, so that a text of a million escapes takes no memory.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+', re.DOTALL)
# Texts and what is between them, a thousand at a time.
_SOME = re.compile(rb'(?:[^"]++|"[^"\\]*+(?:\\.[^"\\]*+)*+"?+){1,1000}+', re.DOTALL)
_NOT_BRACKETS = bytes(sorted(set(range(256)) - set(b"[]{}")))
_ONE_KIND = bytes.maketrans(b"{}", b"[]")  # whether kinds match is the parser's question
_HARD_TO_STORE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
# Where a number can begin: the letters and digits of an id inside a text are none.
_HARD_TO_COUNT = re.compile(rb"(?:\A|[\[:,\s])-?(?:\d{19}|\d++(?:\.\d++)?[eE]\+?\d{3})", re.ASCII)
_FOUR_BYTES = re.compile(rb"[\xf0-\xff]")
_BEYOND_16_BITS = re.compile("[\U00010000-\U0010ffff]+")
_NO_CHARACTER = bytes(range(0x80, 0xC0))  # the bytes of UTF-8 that go on with a character
_ESCAPED_BYTE = re.compile(rb"(?<!\\)(?:\\\\)*+\\[\x80-\xff]")
_WIDE = 0.8  # characters for each byte, of four bytes each; below that text and value have room
_NO_JSON = "\\"
_Utf8Decoder = codecs.getincrementaldecoder("utf-8")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True)
class Body:
    """A JSON value that can be stored, and where it had to be mended (JSON pointers, at most 20).

    A mended text carries U+FFFD in place of each faulty character, a mended number is null.
    """

    value: Any
    faults: tuple[PayloadProblem, ...] = ()


def read_json(raw: bytes, *, max_body: int | None = None) -> Body:
    """Parse a body; raises `Rejected` 400 for anything that is not strict JSON in UTF-8.

    `max_body`, in bytes: also raise 413 for more values than a body of that size may ask time and
    memory for (I14). Faults of single values come back in
    `Body.faults`: 422 is the caller's decision.
    """
    try:
        text = _decoded(raw)
    except UnicodeDecodeError:
        raise Rejected(400, "The body is not UTF-8.") from None
    if not text or text.isspace():
        raise Rejected(400, "The body is empty.")
    if _is_too_deep(raw):
        raise Rejected(
            400,
            f"The body is nested more than {DEEPEST} levels deep, or its brackets do not match.",
        )
    if max_body is not None:
        _refuse_too_many(raw, max_body)
    try:
        value = _decoder_for(raw).decode(text)
    except _Refused as refused:
        raise Rejected(400, str(refused)) from None
    except (ValueError, RecursionError):
        raise Rejected(400, "The body is not JSON.") from None
    del text  # nobody needs it beside the value (I14)
    return mended(value) if _needs_mending(raw) else Body(value)


def _decoded(raw: bytes) -> str:
    """The JSON in a body; raises UnicodeDecodeError.

    One character beyond 16 bits makes all of a text take four bytes a character. Where that is
    much, what is no ASCII stands as JSON's escapes instead: that text is read once and then goes.
    """
    if len(raw) <= _PIECE or not _is_wide(raw):
        return raw.decode("utf-8")
    if _ESCAPED_BYTE.search(raw) is not None:
        return _NO_JSON  # JSON has no such escape, and it must not become two others
    decoder, text = _Utf8Decoder(), bytearray()
    for start in range(0, len(raw), _PIECE):
        piece = decoder.decode(raw[start : start + _PIECE], start + _PIECE >= len(raw))
        text += _BEYOND_16_BITS.sub(_escapes, piece).encode("raw_unicode_escape")
    return text.decode("latin-1")


def _is_wide(raw: bytes) -> bool:
    """Whether its text would take much more memory than it does; then few of it is no ASCII."""
    characters = len(raw.translate(None, _NO_CHARACTER))
    return characters > _WIDE * len(raw) and _FOUR_BYTES.search(raw) is not None


def _escapes(found: re.Match[str]) -> str:
    return encode_basestring_ascii(found[0])[1:-1]


def without_faults(body: Body) -> Any:
    """The value of a body that had no fault; raises `Rejected` 422 with the places otherwise."""
    if body.faults:
        raise Rejected(422, "The body holds values that cannot be stored.", problems=body.faults)
    return body.value


class _Refused(ValueError):
    """Valid for the parser, not for us."""


@dataclass(frozen=True)
class _Oversized:
    """Stands where a number was that has no place in 64 bits."""


def _is_too_deep(raw: bytes) -> bool:
    """Peel off pairs of brackets, level by level: C speed, linear, whatever the body holds."""
    if raw.count(b"[") + raw.count(b"{") <= DEEPEST:
        return False
    left = _without_texts(raw).translate(_ONE_KIND, _NOT_BRACKETS)
    for _ in range(DEEPEST):
        peeled = left.replace(b"[]", b"")
        if len(peeled) == len(left):
            break
        left = peeled
    return bool(left)


def _refuse_too_many(raw: bytes, max_body: int) -> None:
    """Raise 413 for too many values; texts are looked into only when it matters."""
    if _excess(raw, max_body) is not None:
        excess = _excess(_without_texts(raw), max_body)
        if excess is not None:
            raise Rejected(413, excess)


def _excess(raw: bytes, max_body: int) -> str | None:
    if sum(map(raw.count, _SEPARATORS)) > MOST_VALUES:
        return f"The body holds more than {MOST_VALUES:,} values. Send fewer in one request."
    memory = sum(raw.count(mark) * weight for mark, weight in _WEIGHTS)
    if memory <= _MEMORY * max_body:
        return None
    return (
        f"The body is not too long, but holds too many small values: they would take {memory:,}"
        f" bytes of memory, and {_MEMORY * max_body:,} are allowed. Send fewer in one request."
    )


def _without_texts(raw: bytes) -> bytes:
    """What stands between the texts; never more than some pieces at once, they take memory too."""
    return b"".join(_STRING.sub(b"", some[0]) for some in _SOME.finditer(raw))


def _decoder_for(raw: bytes) -> json.JSONDecoder:
    """The standard decoder; numbers pass through Python only where one may be too large."""
    if _HARD_TO_COUNT.search(raw) is None:
        return _DECODER
    return _COUNTING_DECODER


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Refused("The body repeats a key within one object.")
    return found


def _refuse_constant(name: str) -> Any:
    raise _Refused(f"The body is not JSON: {name} is not a JSON number.")


def _integer(digits: str) -> int | _Oversized:
    if len(digits.lstrip("-")) > _LONGEST_DIGITS:
        return _Oversized()
    number = int(digits)
    return number if abs(number) <= LARGEST else _Oversized()


def _float(digits: str) -> float | _Oversized:
    number = float(digits)
    return number if math.isfinite(number) else _Oversized()


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)
_COUNTING_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_constant=_refuse_constant,
    parse_int=_integer,
    parse_float=_float,
)


def _needs_mending(raw: bytes) -> bool:
    return bool(_HARD_TO_STORE.search(raw) or _HARD_TO_COUNT.search(raw))


def mended(value: Any) -> Body:
    """The value as it can be stored, and where it had to be changed for that.

    It is changed in its place, text by text: there is never a second one beside it (I14).
    """
    faults: list[PayloadProblem] = []
    holder = [value]
    del value
    _mend(holder, 0, "", faults)
    return Body(holder[0], tuple(faults))


def _mend(holder: Any, place: Any, pointer: str, faults: list[PayloadProblem]) -> None:
    """Mend what stands at a place of an object or a list."""
    value = holder[place]
    if isinstance(value, str):
        del value
        _mend_text(holder, place, pointer, faults)
    elif isinstance(value, _Oversized):
        _note(faults, pointer, "is a number that does not fit into 64 bits")
        holder[place] = None
    elif isinstance(value, dict):
        _mend_object(value, pointer, faults)
    elif isinstance(value, list):
        for at in range(len(value)):
            _mend(value, at, f"{pointer}/{at}", faults)


def _mend_object(value: dict[str, Any], pointer: str, faults: list[PayloadProblem]) -> None:
    if not any(map(_UNSTORABLE.search, value)):
        for key in value:
            _mend(value, key, f"{pointer}/{_token(key)}", faults)
        return
    left = list(value.items())[::-1]
    value.clear()
    while left:
        member = [*left.pop()]
        token = _token(member[0])
        _mend_text(member, 0, pointer, faults)
        _mend(member, 1, f"{pointer}/{token}", faults)
        value[member[0]] = member[1]


def _mend_text(holder: Any, place: Any, pointer: str, faults: list[PayloadProblem]) -> None:
    """Mend a text, a long one by way of UTF-8, so that its characters lie in memory once."""
    text: str = holder[place]
    if _UNSTORABLE.search(text) is None:
        return
    _note(faults, pointer, "holds a character that cannot be stored")
    if len(text) <= _PIECE:
        holder[place] = _UNSTORABLE.sub(REPLACEMENT, text)
        return
    written = bytearray()
    for start in range(0, len(text), _PIECE):
        written += _UNSTORABLE.sub(REPLACEMENT, text[start : start + _PIECE]).encode()
    holder[place] = None
    del text
    holder[place] = written.decode()


def _note(faults: list[PayloadProblem], pointer: str, message: str) -> None:
    if len(faults) < _MOST_FAULTS:
        faults.append(PayloadProblem(pointer, message))


def _token(key: str) -> str:
    """One part of a JSON pointer, short: keys are the sender's text."""
    shown = _UNSTORABLE.sub(REPLACEMENT, key[:20])
    return shown.replace("~", "~0").replace("/", "~1")
