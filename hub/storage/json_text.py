"""JSON text for jsonb parameters: compact, and read back as the same values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from psycopg.types.json import Jsonb

_TEXT_OR_LARGE = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|-?\d+(?:\.\d+)?e\+\d+')
_PIECE = 65_536  # characters


def json_text(value: Any) -> str:
    """Compact JSON; raises `ValueError` for NaN and infinities.

    `1e+16` is written out with its point: jsonb would give back a whole number of any size.
    """
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return _TEXT_OR_LARGE.sub(_written_out, written) if "e+" in written else written


def large_json(value: Any) -> Jsonb:
    """A value for a column of jsonb that is written when it is sent; raises as `json_text` does.

    Of a text of megabytes no second one is made on the way: its characters may take four bytes
    each in memory (I14).
    """
    return Jsonb(value, dumps=_json_bytes)


def _json_bytes(value: Any) -> bytes:
    if not _holds_long_text(value):
        return json_text(value).encode()
    written = bytearray()
    for piece in _pieces(value):
        written += piece.encode()
    return bytes(written)


def _holds_long_text(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) > _PIECE
    if isinstance(value, Mapping):
        return any(map(_holds_long_text, value.values())) or any(map(_holds_long_text, value))
    return isinstance(value, list | tuple) and any(map(_holds_long_text, value))


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
