"""The text of a question in SQL, as PostgreSQL reads it: its pieces, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

_BEGINNINGS = frozenset({"select", "with", "values", "table"})
_LETTER = r"[a-z_\x80-\U0010ffff]"
# `standard_conforming_strings` is on: a backslash is a sign like others, but for E'...'.
_COMMENT_SIGN = re.compile(r"/\*|\*/")

Kind = Literal["text", "comment", "word", "parameter", "space", "end", "sign"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the text: `kind`, the text itself and where it begins."""

    kind: Kind
    text: str
    start: int

    @property
    def stop(self) -> int:
        """Where it ends."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class SqlProblem:
    """What is wrong, from where to where."""

    message: str
    start: int
    stop: int


@cache
def _piece() -> re.Pattern[str]:
    """Compiled when a question is read: that takes as long as two hundred other patterns."""
    return re.compile(
        rf"""
        (?P<text>
            e'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
            | \$(?P<tag>(?:{_LETTER}[0-9a-z_\x80-\U0010ffff]*)?)\$.*?\$(?P=tag)\$
        )
        | (?P<comment>--[^\n\r]* | /\*)
        | (?P<word>{_LETTER}[0-9a-z_$\x80-\U0010ffff]*)
        | ::|:= | :(?P<parameter>(?-i:[A-Za-z_][A-Za-z0-9_]*))
        | (?P<space>\s+) | (?P<end>;) | .
        """,
        re.VERBOSE | re.DOTALL | re.IGNORECASE,
    )


def pieces(text: str) -> Iterator[Piece]:
    """All of the text, piece by piece; what is not closed falls into single signs."""
    place = 0
    while (found := _piece().match(text, place)) is not None:
        kind: Kind = found.lastgroup or "sign"  # type: ignore[assignment]  # the names above
        stop = found.end()
        if kind == "comment" and found[0] == "/*":
            closed = _comment_end(text, place)
            kind, stop = ("sign", stop) if closed is None else (kind, closed)
        yield Piece(kind, text[place:stop], place)
        place = stop


def _comment_end(text: str, start: int) -> int | None:
    """Behind the comment that begins here; comments lie in each other."""
    depth = 0
    for sign in _COMMENT_SIGN.finditer(text, start):
        depth += 1 if sign[0] == "/*" else -1
        if depth == 0:
            return sign.end()
    return None


def is_question(text: str) -> bool:
    """Whether it begins as a statement does that asks: SELECT, WITH, VALUES or TABLE."""
    said = (each for each in _said(text) if each.text != "(")
    return next((each.text.lower() in _BEGINNINGS for each in said), False)


def problem_in(text: str) -> SqlProblem | None:
    """What keeps it from being one question, as far as that is sure without a database."""
    said = list(_said(text))
    unclosed = next((each for each in said if each.text in {"'", '"', "/*"}), None)
    if not any(each.kind != "end" for each in said):
        return SqlProblem("the query is empty", 0, len(text))
    if not is_question(text):
        first = next((each for each in said if each.text != "("), said[0])
        told = "a query begins with SELECT, WITH, VALUES or TABLE"
        return SqlProblem(told, first.start, first.stop)
    if unclosed is not None:
        return SqlProblem("this is not closed", unclosed.start, unclosed.stop)
    ends = next((place for place, each in enumerate(said) if each.kind == "end"), len(said))
    more = next((each for each in said[ends:] if each.kind != "end"), None)
    if more is None:
        return None
    return SqlProblem("a query is one statement: here begins another", more.start, more.stop)


def _said(text: str) -> Iterator[Piece]:
    return (each for each in pieces(text) if each.kind not in {"comment", "space"})
