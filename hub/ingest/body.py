"""Raw bytes to a JSON value, strictly: what a parser would let pass quietly is refused here.

Two kinds of fault: a body that is no JSON for us (400), and a value that cannot be stored (422),
which the dialects of vendors may have mended instead, because their raw bytes stay (I17).
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
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
_LONGEST_DIGITS = 19  # 2^63-1 has that many: more cannot fit
# The closing quote is optional, so that a match never fails and the search stays linear; it never
# goes back, so that a text of a million escapes takes no memory.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+', re.DOTALL)
# Texts and what is between them, a thousand at a time.
_SOME = re.compile(rb'(?:[^"]++|"[^"\\]*+(?:\\.[^"\\]*+)*+"?+){1,1000}+', re.DOTALL)
_NOT_BRACKETS = bytes(sorted(set(range(256)) - set(b"[]{}")))
_ONE_KIND = bytes.maketrans(b"{}", b"[]")  # whether kinds match is the parser's question
_HARD_TO_STORE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_HARD_TO_COUNT = re.compile(rb"\d{19}|[eE]\+?\d{3}")
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
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Rejected(400, "The body is not UTF-8.") from None
    if not text or text.isspace():
        raise Rejected(400, "The body is empty.")
    if _is_too_deep(raw):
        raise Rejected(
            400,
            f"The body is nested more than {DEEPEST} levels deep, or its brackets do not match.",
        )
    if max_body is not None and _has_too_many(raw, max_body):
        raise Rejected(413, "The body holds too many values.")
    try:
        value = _decoder_for(raw).decode(text)
    except _Refused as refused:
        raise Rejected(400, str(refused)) from None
    except (ValueError, RecursionError):
        raise Rejected(400, "The body is not JSON.") from None
    return mended(value) if _needs_mending(raw) else Body(value)


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


def _has_too_many(raw: bytes, max_body: int) -> bool:
    """Whether there are too many values; texts are looked into only when it matters."""
    return _asks_too_much(raw, max_body) and _asks_too_much(_without_texts(raw), max_body)


def _asks_too_much(raw: bytes, max_body: int) -> bool:
    memory = sum(raw.count(mark) * weight for mark, weight in _WEIGHTS)
    return memory > _MEMORY * max_body or sum(map(raw.count, _SEPARATORS)) > MOST_VALUES


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
    """The value as it can be stored, and where it had to be changed for that."""
    faults: list[PayloadProblem] = []
    stored = _mended(value, "", faults)
    return Body(stored, tuple(faults))


def _mended(value: Any, pointer: str, faults: list[PayloadProblem]) -> Any:
    if isinstance(value, str):
        return _mended_text(value, pointer, faults)
    if isinstance(value, _Oversized):
        _note(faults, pointer, "is a number that does not fit into 64 bits")
        return None
    if isinstance(value, dict):
        return {
            _mended_text(key, pointer, faults): _mended(item, f"{pointer}/{_token(key)}", faults)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_mended(item, f"{pointer}/{place}", faults) for place, item in enumerate(value)]
    return value


def _mended_text(value: str, pointer: str, faults: list[PayloadProblem]) -> str:
    text, count = _UNSTORABLE.subn(REPLACEMENT, value)
    if count:
        _note(faults, pointer, "holds a character that cannot be stored")
    return text


def _note(faults: list[PayloadProblem], pointer: str, message: str) -> None:
    if len(faults) < _MOST_FAULTS:
        faults.append(PayloadProblem(pointer, message))


def _token(key: str) -> str:
    """One part of a JSON pointer, short: keys are the sender's text."""
    shown = _UNSTORABLE.sub(REPLACEMENT, key)[:20]
    return shown.replace("~", "~0").replace("/", "~1")
