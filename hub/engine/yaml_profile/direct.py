"""Ordinary YAML, read line by line straight into the builder: most files, in a fraction of time.

Whatever is not ordinary (texts over several lines, escapes, anchors, tags, mistakes) is `Unusual`:
then the library reads the file from its beginning. Both give the same tree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from hub.engine.yaml_profile.build import MAX_DEPTH, Builder
from hub.engine.yaml_profile.nodes import Style

_STRANGE = re.compile("[\t\r\x00\x85\u2028\u2029\ufeff]|^(?:---|\\.\\.\\.|%)", re.MULTILINE)
_BEHIND = r"[ ]*(?:(?<=[ ])\#[^\n]*)?$"
_QUOTED = r"'((?:[^'\n]|'')*)'|\"([^\"\\\n]*)\""
_KEY = re.compile(
    rf"(?:([A-Za-z0-9_][\w.\-/ |]{{0,200}}?)|{_QUOTED})(?=[ ]*:(?:[ ]|$))", re.MULTILINE
)
_COLON = re.compile(r"[ ]*:")
_NOTHING = re.compile(_BEHIND, re.MULTILINE)
_DASH = re.compile(r"-(?:[ ]+|$)", re.MULTILINE)
_TEXT = re.compile(_QUOTED)
_PLAIN = re.compile(
    r"(?:[^\s\-?:,\[\]{}\#&*!|>'\"%@`]|-(?=[^\s]))"
    r"(?:[^\s:\#]|:(?=[^\s])|(?<=[^\s])\#|[ ]+(?=[^\s\#]))*"
)
_PLAIN_INSIDE = re.compile(
    r"(?:[A-Za-z0-9_./+$~=(]|-(?=[A-Za-z0-9]))"
    r"(?:[^\s:\#,\[\]{}]|:(?=[A-Za-z0-9/])|[ ]+(?=[^\s:\#,\[\]{}]))*"
)
_COLON_INSIDE = re.compile(r"[ ]*:[ ]+(?=[^\s,\[\]{}\#]|[\[{])")
_SPACES = re.compile(r"[ ]*")
_BLOCK = re.compile(rf"([|>])(-?){_BEHIND}", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n*")


class Unusual(Exception):
    """A file for the library."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line with more than a comment: where its content begins, how far in, where it ends."""

    at: int
    indent: int
    end: int


def read_directly(text: str, builder: Builder) -> bool:
    """Whether the text is ordinary; then the builder has its whole tree, else a part of it."""
    if _STRANGE.search(text):
        return False
    try:
        _Ordinary(text, builder).read()
    except Unusual:
        return False
    return True


def _unusual() -> NoReturn:
    raise Unusual


class _Ordinary:
    """Goes through the lines; `_next` is the first of them that is not read yet."""

    def __init__(self, text: str, builder: Builder) -> None:
        self._text, self._builder = text, builder
        self._lines = _lines(text)
        self._next = 0
        self._depth = 0

    def read(self) -> None:
        """The one mapping or list that the file is."""
        if not self._lines or self._lines[0].indent:
            _unusual()
        line = self._lines[0]
        self._next = 1
        if not self._is_block(line.at, 0, line.end) or self._next < len(self._lines):
            _unusual()

    # --------------------------------------------------------------------------------- lines

    def _follows(self, indent: int) -> _Line | None:
        """The next line, if it belongs to a block that is so far in; None where the block ends."""
        if self._next == len(self._lines) or self._lines[self._next].indent < indent:
            return None
        line = self._lines[self._next]
        return line if line.indent == indent else _unusual()

    def _where_it_ends(self) -> int:
        """A block ends where the next thing stands."""
        if self._next == len(self._lines):
            return len(self._text)
        return self._lines[self._next].at

    def _must_end(self, at: int, indent: int) -> None:
        """Nothing but a comment stands behind a value, and no line below goes on with it."""
        if not _NOTHING.match(self._text, at):
            _unusual()
        if self._next < len(self._lines) and self._lines[self._next].indent > indent:
            _unusual()

    # -------------------------------------------------------------------------------- blocks

    def _is_block(self, at: int, indent: int, end: int) -> bool:
        """Read the block that begins here; False where none does."""
        if _DASH.match(self._text, at, end):
            self._sequence(at, indent, end)
        elif _KEY.match(self._text, at, end):
            self._mapping(at, indent, end)
        else:
            return False
        return True

    def _open(self, at: int, *, is_mapping: bool) -> None:
        if self._depth >= MAX_DEPTH:
            _unusual()
        self._depth += 1
        self._builder.open(at, is_mapping=is_mapping)

    def _close(self, at: int) -> None:
        self._depth -= 1
        self._builder.close(at)

    def _mapping(self, at: int, indent: int, end: int) -> None:
        self._open(at, is_mapping=True)
        while True:
            self._entry(at, indent, end)
            line = self._follows(indent)
            if line is None:
                break
            self._next += 1
            at, end = line.at, line.end
        self._close(self._where_it_ends())

    def _entry(self, at: int, indent: int, end: int) -> None:
        key = _KEY.match(self._text, at, end) or _unusual()
        self._scalar_of(key)
        colon = _COLON.match(self._text, key.end()) or _unusual()
        if not _NOTHING.match(self._text, colon.end()):
            self._value(_past_spaces(self._text, colon.end()), indent)
        elif not self._is_below(indent, may_be_level=True):
            _unusual()

    def _sequence(self, at: int, indent: int, end: int) -> None:
        self._open(at, is_mapping=False)
        while True:
            self._item(at, indent, end)
            line = self._follows(indent)
            if line is None or not _DASH.match(self._text, line.at, line.end):
                break
            self._next += 1
            at, end = line.at, line.end
        self._close(self._where_it_ends())

    def _item(self, at: int, indent: int, end: int) -> None:
        if _NOTHING.match(self._text, at + 1):
            if not self._is_below(indent):
                _unusual()
            return
        inner = _past_spaces(self._text, at + 1)
        if not self._is_block(inner, indent + inner - at, end):
            self._value(inner, indent)

    def _is_below(self, indent: int, *, may_be_level: bool = False) -> bool:
        """The block in the lines below; a list may stand as far in as the key before it."""
        if self._next == len(self._lines):
            return False
        line = self._lines[self._next]
        is_level = line.indent == indent and may_be_level
        if line.indent < indent or (line.indent == indent and not is_level):
            return False
        if is_level and not _DASH.match(self._text, line.at, line.end):
            return False
        self._next += 1
        return self._is_block(line.at, line.indent, line.end) or _unusual()

    # -------------------------------------------------------------------------------- values

    def _value(self, at: int, indent: int) -> None:
        """A value in the line of its key or dash."""
        first = self._text[at]
        if first in "|>":
            self._long_text(at, indent)
        elif first in "[{":
            self._must_end(self._inside(at), indent)
        else:
            found = (_TEXT if first in "'\"" else _PLAIN).match(self._text, at) or _unusual()
            self._scalar_of(found)
            self._must_end(found.end(), indent)

    def _scalar_of(self, found: re.Match[str]) -> None:
        """A key or a value in quotes or without."""
        start, end = found.span()
        first = self._text[start]
        if first == "'":
            value, style = self._text[start + 1 : end - 1].replace("''", "'"), _SINGLE
        elif first == '"':
            value, style = self._text[start + 1 : end - 1], _DOUBLE
        else:
            value, style = found.group(), _PLAINLY
        self._builder.scalar(start, end, value, style)

    def _long_text(self, at: int, indent: int) -> None:
        """`|` or `>` and the lines below it, none of them empty or further in than the first."""
        header = _BLOCK.match(self._text, at) or _unusual()
        if self._next == len(self._lines) or self._lines[self._next].at > len(self._text):
            _unusual()
        begin = header.end() + 1
        margin = len(_SPACES.match(self._text, begin)[0])  # type: ignore[index]  # matches always
        if margin <= indent:
            _unusual()
        parts = []
        while self._text.startswith(" " * margin, begin):
            end = self._text.find("\n", begin)
            part = self._text[begin + margin : end]
            if end < 0 or not part.strip() or part[0] == " ":
                _unusual()
            parts.append(part)
            begin = end + 1
        begin = _BLANK_LINES.match(self._text, begin).end()  # type: ignore[union-attr]  # as above
        self._must_go_on(begin, indent)
        value = ("\n" if header[1] == "|" else " ").join(parts) + ("" if header[2] else "\n")
        self._builder.scalar(at, begin, value, "block")
        while self._next < len(self._lines) and self._lines[self._next].at < begin:
            self._next += 1

    def _must_go_on(self, begin: int, indent: int) -> None:
        """Behind a long text stands a line that is no further in than its key, or nothing."""
        content = _past_spaces(self._text, begin)
        is_blank = self._text[content : content + 1] in ("", "\n")
        if content > begin and (is_blank or content - begin > indent):
            _unusual()

    # ------------------------------------------------------------------------ inside brackets

    def _inside(self, at: int) -> int:
        """A list or mapping in brackets, in one line; where it ends."""
        is_mapping = self._text[at] == "{"
        closing = "}" if is_mapping else "]"
        self._open(at, is_mapping=is_mapping)
        here = _past_spaces(self._text, at + 1)
        if self._text.startswith(closing, here):
            self._close(here + 1)
            return here + 1
        while True:
            if is_mapping:
                here = self._inside_key(here)
            here = _past_spaces(self._text, self._inside_value(here))
            if self._text.startswith(closing, here):
                self._close(here + 1)
                return here + 1
            if not self._text.startswith(",", here):
                _unusual()
            here = _past_spaces(self._text, here + 1)

    def _inside_key(self, at: int) -> int:
        found = self._inside_text(at)
        colon = _COLON_INSIDE.match(self._text, found) or _unusual()
        return colon.end()

    def _inside_value(self, at: int) -> int:
        if self._text.startswith(("[", "{"), at):
            return self._inside(at)
        return self._inside_text(at)

    def _inside_text(self, at: int) -> int:
        is_quoted = self._text.startswith(("'", '"'), at)
        found = (_TEXT if is_quoted else _PLAIN_INSIDE).match(self._text, at) or _unusual()
        self._scalar_of(found)
        return found.end()


_PLAINLY: Style = "plain"
_SINGLE: Style = "single"
_DOUBLE: Style = "double"


def _lines(text: str) -> list[_Line]:
    found = []
    start = 0
    for line in text.split("\n"):
        content = line.lstrip(" ")
        end = start + len(line)
        if content and content[0] != "#":
            indent = len(line) - len(content)
            found.append(_Line(start + indent, indent, end))
        start = end + 1
    return found


def _past_spaces(text: str, at: int) -> int:
    while text.startswith(" ", at):
        at += 1
    return at
