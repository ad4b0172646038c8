"""Where the parts of a JSON text stand, by JSON pointer; for texts that are JSON already."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')
_PLAIN = {
    "Expecting value": "a value is missing here",
    "Expecting property name enclosed in double quotes": 'a name in "quotes" is missing here',
    "Expecting ':' delimiter": "a `:` is missing here",
    "Expecting ',' delimiter": "a `,` or a closing bracket is missing here",
    "Unterminated string starting at": "this text has no closing quote",
    "Extra data": "nothing may follow the end of the schema",
    "Illegal trailing comma before end of object": "no `,` may stand before `}`",
    "Illegal trailing comma before end of array": "no `,` may stand before `]`",
}


@dataclass(frozen=True)
class JsonPlace:
    """Offsets of the key (of the value where there is no key) and of the value's first token."""

    key: tuple[int, int]
    value: tuple[int, int]


@dataclass
class _Open:
    """An object or a list that is being read; `count` are its items so far."""

    pointer: str
    is_list: bool
    count: int = 0
    key: tuple[int, int] | None = field(default=None)
    name: str = ""


def json_places(text: str) -> dict[str, JsonPlace]:
    """Every value by its JSON pointer; of a name that stands twice the last one."""
    return dict(_places(text))


def repeated_name(text: str) -> tuple[str, tuple[int, int]] | None:
    """The first name that stands twice in one object, and the characters where it does again."""
    seen: set[str] = set()
    for pointer, place in _places(text) if _has_repeats(text) else ():
        if pointer in seen:
            start, end = place.key
            return json.loads(text[start:end], strict=False), place.key
        seen.add(pointer)
    return None


def _has_repeats(text: str) -> bool:
    """The same, quickly: nearly no text has any."""
    lost = 0

    def read(members: list[tuple[str, Any]]) -> None:
        nonlocal lost
        lost += len(members) - len({name for name, _ in members})

    json.loads(text, object_pairs_hook=read)
    return lost > 0


def _places(text: str) -> Iterator[tuple[str, JsonPlace]]:
    """Every value in order, of a name that stands twice both."""
    opened: list[_Open] = []
    for token in _TOKEN.finditer(text):
        word, span = token.group(), token.span()
        inside = opened[-1] if opened else None
        if word in "}]":
            opened.pop()
        elif word == "," and inside is not None:
            inside.count, inside.key = inside.count + 1, None
        elif inside is not None and not inside.is_list and inside.key is None:
            inside.key, inside.name = span, json.loads(word, strict=False)
        elif word != ":":
            pointer = _pointer(inside)
            yield pointer, JsonPlace((inside and inside.key) or span, span)
            if word in "{[":
                opened.append(_Open(pointer, is_list=word == "["))


def place_in(text: str, pointer: str, *, is_key: bool) -> tuple[int, int]:
    """The characters that a pointer means; of what is missing, of the part around it."""
    places = json_places(text)
    while pointer and pointer not in places:
        pointer, is_key = pointer.rpartition("/")[0], False
    place = places.get(pointer, JsonPlace((0, 1), (0, 1)))
    return place.key if is_key or text[place.value[0]] in "{[" else place.value


def plain_json_error(error: json.JSONDecodeError) -> str:
    """What a parser's message means."""
    return _PLAIN.get(error.msg, "this is not allowed here")


def _pointer(inside: _Open | None) -> str:
    if inside is None:
        return ""
    name = str(inside.count) if inside.is_list else inside.name
    return f"{inside.pointer}/{name.replace('~', '~0').replace('/', '~1')}"
