"""Values as JSON: a lossless form for the database, a plain form for people and callers."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hub.values.durations import format_duration, parse_duration
from hub.values.instants import format_instant, parse_instant
from hub.values.secrets import Secret, SecretText

_DEEPEST = 200
_MICROSECOND = timedelta(microseconds=1)
# By exact type, which is found sooner than by `isinstance`: most of what is walked is one of them.
_PLAIN = frozenset({str, int, float, bool, type(None)})


def encode(value: Any) -> Any:
    """Write a value as JSON that `decode` turns back into the same value.

    What JSON has no word for becomes an object with one key that starts with `~`. An object of
    data with such a key is wrapped, so that no payload can pretend to be a date or a secret.
    Raises ValueError for what PostgreSQL cannot store: NUL and lone surrogates in text, numbers
    that are not finite, more than 200 levels.
    """
    return _encode(value, 0)


def decode(stored: Any) -> Any:
    """Read what `encode` wrote. Raises ValueError if it did not write this."""
    if isinstance(stored, list):
        return [decode(item) for item in stored]
    if not isinstance(stored, dict):
        return stored
    tag = next(iter(stored), "")
    if not tag.startswith("~"):
        return {key: decode(item) for key, item in stored.items()}
    read = _READERS.get(tag)
    if read is None or len(stored) != 1:
        raise ValueError(f"{tag[:40]!r} is not a kind of stored value")
    return read(stored[tag])


def plain(value: Any) -> Any:
    """Write a value as callers and timelines see it: dates and durations as text, no secret."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, dict):
        return {key: item if type(item) in _PLAIN else plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    show = _SHOWN.get(type(value))
    return value if show is None else show(value)


def _encode(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise ValueError(f"the value has more than {_DEEPEST} levels")
    write = _WRITERS.get(type(value))
    if write is None:
        raise ValueError(f"a {type(value).__name__} is not a value that can be stored")
    return value if write is _same else write(value, depth)


def _same(value: Any, _depth: int) -> Any:
    return value


def _encode_float(value: float, _depth: int) -> float:
    if not math.isfinite(value):
        raise ValueError("a number that is not finite cannot be stored")
    return value


def _encode_text(value: str, _depth: int) -> str:
    if "\0" in value or not (
        value.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in value)
    ):
        raise ValueError("text with a NUL or half a character cannot be stored")
    return value


def _encode_list(value: list[Any], depth: int) -> list[Any]:
    return [_encode(item, depth + 1) for item in value]


def _encode_object(value: dict[Any, Any], depth: int) -> dict[str, Any]:
    encoded, is_tagged = {}, False
    for key, item in value.items():
        if not isinstance(key, str):
            raise ValueError("an object has a key that is not text")  # noqa: TRY004 - as the rest
        is_tagged = is_tagged or key.startswith("~")
        encoded[_encode_text(key, depth)] = _encode(item, depth + 1)
    return {"~object": encoded} if is_tagged else encoded


def _encode_instant(value: datetime, _depth: int) -> dict[str, str]:
    text = format_instant(value)
    parse_instant(text)  # what cannot be read back must not be stored (D8)
    return {"~instant": text}


def _encode_duration(value: timedelta, _depth: int) -> dict[str, Any]:
    try:
        return {"~duration": format_duration(value)}
    except ValueError:
        return {"~duration": value // _MICROSECOND}


def _encode_secret(value: Secret, _depth: int) -> dict[str, Any]:
    return {"~secret": value.name}


def _encode_secret_text(value: SecretText, _depth: int) -> dict[str, Any]:
    return {
        "~secret": [
            {"name": part.name} if isinstance(part, Secret) else part for part in value.parts
        ]
    }


def _decode_object(stored: Any) -> dict[str, Any]:
    return {key: decode(item) for key, item in stored.items()}


def _decode_duration(stored: str | int) -> timedelta:
    return parse_duration(stored) if isinstance(stored, str) else stored * _MICROSECOND


def _decode_secret(stored: str | list[Any]) -> Secret | SecretText:
    if isinstance(stored, str):
        return Secret(stored)
    return SecretText(
        tuple(Secret(part["name"]) if isinstance(part, dict) else part for part in stored)
    )


def _duration_for_people(value: timedelta) -> str:
    try:
        return format_duration(value)
    except ValueError:
        return f"{value.total_seconds():g}s"


_WRITERS: dict[type, Callable[[Any, int], Any]] = {
    type(None): _same,
    bool: _same,
    int: _same,
    float: _encode_float,
    str: _encode_text,
    list: _encode_list,
    tuple: _encode_list,
    dict: _encode_object,
    datetime: _encode_instant,
    timedelta: _encode_duration,
    Secret: _encode_secret,
    SecretText: _encode_secret_text,
}
_SHOWN: dict[type, Callable[[Any], str]] = {
    datetime: format_instant,
    timedelta: _duration_for_people,
    Secret: str,
    SecretText: str,
}
_READERS: dict[str, Callable[[Any], Any]] = {
    "~instant": parse_instant,
    "~duration": _decode_duration,
    "~object": _decode_object,
    "~secret": _decode_secret,
}
