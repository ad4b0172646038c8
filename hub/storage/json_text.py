"""JSON text for jsonb parameters: compact, and read back as the same values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import postgres
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

_TEXT_OR_LARGE = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|-?\d+(?:\.\d+)?e\+\d+')
_PIECE = 65_536  # characters
_SHORT = frozenset({bool, float, int, type(None)})
_VERSION = b"\x01"  # before the text of a jsonb in its binary form


def json_text(value: Any) -> str:
    """Compact JSON; raises `ValueError` for NaN and infinities.

    `1e+16` is written out with its point: jsonb would give back a whole number of any size.
    """
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _TEXT_OR_LARGE.sub(_written_out, written) if "e+" in written else written


@dataclass(frozen=True)
class WrittenJson:
    """JSON for a column of jsonb, written already: the value itself may go. As `json_text` does.

    Of a text of megabytes no second one is made on the way: its characters may take four bytes
    each in memory (I14).
    """

    text: bytearray


def written_json(value: Any) -> WrittenJson:
    """The value, written; raises as `json_text` does."""
    text = bytearray(_VERSION)
    for piece in _pieces(value):
        text += piece.encode()
    return WrittenJson(text)


class _Dumper(Dumper):
    """The binary form of jsonb, which the driver sends as it is."""

    format = Format.BINARY
    oid = postgres.types["jsonb"].oid

    def dump(self, obj: WrittenJson) -> Buffer:
        return obj.text


psycopg.adapters.register_dumper(WrittenJson, _Dumper)


def _holds_long_text(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) > _PIECE
    if isinstance(value, Mapping):
        return _is_long_among(value.values()) or _is_long_among(value)
    return isinstance(value, list | tuple) and _is_long_among(value)


def _is_long_among(values: Iterable[Any]) -> bool:
    for each in values:
        kind = type(each)
        if kind is str:  # most are, and one more call for each would cost more than the look
            if len(each) > _PIECE:
                return True
        elif kind is dict:
            if _is_long_among(each.values()) or _is_long_among(each):
                return True
        elif kind not in _SHORT and _holds_long_text(each):
            return True
    return False


def _pieces(value: Any) -> Iterator[str]:
    """What `json_text` writes, long texts in parts."""
    if not _holds_long_text(value):
        yield json_text(value)
    elif isinstance(value, str):
        yield '"'
        for start in range(0, len(value), _PIECE):
            yield json_text(value[start : start + _PIECE])[1:-1]
        yield '"'
    elif isinstance(value, Mapping):
        for place, (name, each) in enumerate(value.items()):
            yield "," if place else "{"
            yield from _pieces(name)
            yield ":"
            yield from _pieces(each)
        yield "}"
    else:
        for place, each in enumerate(value):
            yield "," if place else "["
            yield from _pieces(each)
        yield "]"


def _written_out(found: re.Match[str]) -> str:
    return found[0] if found[0].startswith('"') else f"{float(found[0]):.1f}"
