"""The tree of a YAML file, with the exact place of every key and value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from hub.engine.findings import Source

Style = Literal["plain", "single", "double", "block"]
PlainValue = str | int | float | bool | None

_INDENTATION = re.compile(r"[ \t]*")
_ESCAPED_BREAK = re.compile(r"\\\n[ \t]*")
_FOLDED_BREAK = re.compile(r"[ \t]*\n[ \t\n]*")
_BREAK_OR_SPACE = re.compile(r"[ \n]")
_CODE_ESCAPES = {"x": 2, "u": 4, "U": 8}


@dataclass(frozen=True, eq=False)
class Node:
    """What all nodes have: the part of the source they are written in, as offsets."""

    source: Source
    start: int
    end: int

    @property
    def position(self) -> tuple[int, int]:
        """Line and column of the first character."""
        return self.source.position(self.start)


@dataclass(frozen=True, eq=False)
class Scalar(Node):
    """One value. `is_broken`: its finding is told already, anything goes from here."""

    value: PlainValue
    style: Style = "plain"
    is_broken: bool = False

    @property
    def raw(self) -> str:
        """The value as it is written, with its quotes or block header."""
        return self.source.text[self.start : self.end]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The offsets in the file of the characters `start` … `end` of the text value."""
        if not isinstance(self.value, str):
            return self.start, self.end
        offsets = _offsets(self.value, self.raw, self.style)
        if not offsets:
            return self.start, self.end
        first = offsets[min(max(start, 0), len(offsets) - 1)]
        last = offsets[min(max(end - 1, start, 0), len(offsets) - 1)]
        return self.start + first, self.start + max(last, first) + 1


@dataclass(frozen=True, eq=False)
class Whole(Scalar):
    """A file that is one text from its first sign to its last."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The same offsets: nothing is quoted or indented."""
        return start, max(end, start + 1)


@dataclass(frozen=True, eq=False)
class Sequence(Node):
    """A list of nodes."""

    items: tuple[Node, ...]


@dataclass(frozen=True, eq=False)
class Entry:
    """One key of a mapping and its value."""

    key: Scalar
    value: Node

    @property
    def name(self) -> str:
        """The key as text, whatever it looks like (`true`, `404`)."""
        return str(self.key.value)


@dataclass(frozen=True, eq=False)
class Mapping(Node):
    """Keys and values in the order of the file; no key stands twice."""

    entries: tuple[Entry, ...]

    def get(self, name: str) -> Entry | None:
        """The entry with this key."""
        return next((entry for entry in self.entries if entry.name == name), None)


def is_broken(node: Node) -> bool:
    """Whether there is a finding on this value already."""
    return isinstance(node, Scalar) and node.is_broken


def plain(node: Node) -> Any:
    """The value of a tree as JSON."""
    if isinstance(node, Mapping):
        return {entry.name: plain(entry.value) for entry in node.entries}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return node.value if isinstance(node, Scalar) else None


def _offsets(value: str, raw: str, style: Style) -> list[int]:
    """For every character of the value its place in the raw source."""
    if style == "double":
        return _escaped_offsets(value, raw)
    start = _block_start(raw) if style == "block" else int(style == "single")
    offsets = []
    for character in value:
        found = _find(character, raw, start)
        offsets.append(found)
        start = found + (2 if style == "single" and character == "'" else 1)
    return offsets


def _block_start(raw: str) -> int:
    return raw.find("\n") + 1


def _find(character: str, raw: str, start: int) -> int:
    """The next place of a character; a folded line break was a space."""
    if character == " ":
        found = _BREAK_OR_SPACE.search(raw, start)
        return found.start() if found else min(start, len(raw) - 1)
    at = raw.find(character, start)
    return at if at >= 0 else min(start, len(raw) - 1)


def _escaped_offsets(value: str, raw: str) -> list[int]:
    offsets: list[int] = []
    at = 1
    for character in value:
        at = _skip_folding(raw, at, character)
        offsets.append(min(at, len(raw) - 1))
        at += _width(raw, at)
    return offsets


def _skip_folding(raw: str, at: int, character: str) -> int:
    """Past an escaped line break, and past the indentation after a folded one."""
    if raw[at - 1] == "\n":
        at = _INDENTATION.match(raw, at).end()  # type: ignore[union-attr]  # matches always
    while True:
        escaped_break = _ESCAPED_BREAK.match(raw, at)
        folded = _FOLDED_BREAK.match(raw, at)
        if escaped_break:
            at = escaped_break.end()
        elif folded and character not in " \n":
            at = folded.end()
        else:
            return at


def _width(raw: str, at: int) -> int:
    if raw[at : at + 1] != "\\":
        return 1
    return 2 + _CODE_ESCAPES.get(raw[at + 1 : at + 2], 0)
