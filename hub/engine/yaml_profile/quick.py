"""The reader of YAML with its hottest loops made short; what it reads is the same, event by event.

Half of the time of a first look at a large project is spent here. Each shortcut is taken for the
ordinary case only, and left to the library in every other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.events import Event
from ruamel.yaml.parser import Parser
from ruamel.yaml.reader import Reader
from ruamel.yaml.scanner import Scanner
from ruamel.yaml.tokens import ScalarToken

_PLAIN_PART = re.compile("(?:[^:\0 \t\n\r\x85\u2028\u2029]|:(?![\0 \t\n\r\x85\u2028\u2029]))*")
_COMMENT = "#[^\0\n\r\x85\u2028\u2029\ufeff]*"
_BLANK = re.compile(f"(?: *(?:{_COMMENT})?\n)* *(?:{_COMMENT})?")
_UNUSUAL = "\r\x85\u2028\u2029\ufeff"
_SPECIAL = re.compile("[\n\r\ufeff]")


class _Reader(Reader):
    """Steps over several characters at once."""

    def forward(self, length: int = 1) -> None:
        """The next characters are read; those of one line need no look at each."""
        end = self.pointer + length
        if end + 1 >= len(self.buffer) or _SPECIAL.search(self.buffer, self.pointer, end):
            super().forward(length)
            return
        self.pointer = end
        self.index += length
        self.column += length


class _Scanner(Scanner):
    """Asks once for each token whether it is known, and reads words as a whole."""

    _is_ready = False

    def _make_ready(self) -> None:
        while self.need_more_tokens():
            self.fetch_more_tokens()
        self._is_ready = True

    def check_token(self, *choices: Any) -> bool:
        """Whether the next token is one of these kinds."""
        if not self._is_ready:
            self._make_ready()
        return bool(self.tokens) and (not choices or isinstance(self.tokens[0], choices))

    def peek_token(self) -> Any:
        """The next token; it stays the next one."""
        if not self._is_ready:
            self._make_ready()
        return self.tokens[0] if self.tokens else None

    def get_token(self) -> Any:
        """The next token."""
        if not self._is_ready:
            self._make_ready()
        self._is_ready = False
        if not self.tokens:
            return None
        self.tokens_taken += 1
        return self.tokens.pop(0)

    def scan_to_next_token(self) -> Any:
        """Past spaces, comments and ends of lines; between brackets the library goes."""
        reader = self.reader
        found = _BLANK.match(reader.buffer, reader.pointer)
        blank = "" if found is None else found.group()
        behind = reader.buffer[reader.pointer + len(blank)]
        if self.flow_context or not reader.index or behind in _UNUSUAL:
            return super().scan_to_next_token()
        lines = blank.count("\n")
        if lines:
            self.allow_simple_key = True
            reader.line += lines
            reader.column = len(blank) - blank.rindex("\n") - 1
        else:
            reader.column += len(blank)
        reader.pointer += len(blank)
        reader.index += len(blank)
        return None

    def scan_plain(self) -> Any:
        """A plain scalar outside of brackets; one inside of them is left to the library."""
        if self.flow_context:
            return super().scan_plain()
        reader = self.reader
        start = end = reader.get_mark()
        indent = self.indent + 1
        chunks: list[str] = []
        spaces: list[str] = []
        while reader.peek() != "#":
            part = _PLAIN_PART.match(reader.buffer, reader.pointer)
            if part is None or not part.group():
                break
            self.allow_simple_key = False
            chunks.extend(spaces)
            chunks.append(part.group())
            reader.forward(len(part.group()))
            end = reader.get_mark()
            spaces = self.scan_plain_spaces(indent, start)
            if not spaces or reader.peek() == "#" or reader.column < indent:
                break
        return ScalarToken("".join(chunks), True, start, end)  # noqa: FBT003 - it is plain


class _Parser(Parser):
    """Knows its scanner."""

    @cached_property
    def scanner(self) -> Any:
        """The scanner of this file, which the library looks for each time."""
        return self.loader.scanner


def events_of(text: str) -> Iterator[Event]:
    """The events of a text. Raises `YAMLError` and what ruamel.yaml raises besides."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Reader, yaml.Scanner, yaml.Parser = _Reader, _Scanner, _Parser
    yield from yaml.parse(text)
