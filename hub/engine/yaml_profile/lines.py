"""Mistakes that only the lines of a file show: tabs and comments that were meant as text."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from hub.engine.findings import Finding, Source
from hub.engine.yaml_profile.build import resolve
from hub.engine.yaml_profile.quoting import quoted

_INDENTATION_WITH_TAB = re.compile(r"^ *\t[ \t]*(?=[^\s#])", re.MULTILINE)
_COMMENT = re.compile(r"(?<=[ \t])#")
_VALUE = re.compile(r"[ ]*(?:-[ ]+)*(?:[^\s:#'\"{\[][^:\n]*:[ ]+)?")
_CLOSED = frozenset({"'", '"', "[", "{"})


class _Spans:
    """Answers whether a character is part of a scalar."""

    def __init__(self, spans: Sequence[tuple[int, int]]) -> None:
        self._spans = sorted(spans)
        self._starts = [start for start, _ in self._spans]

    def __contains__(self, offset: object) -> bool:
        if not isinstance(offset, int):
            return False
        at = bisect_right(self._starts, offset) - 1
        return at >= 0 and offset < self._spans[at][1]


def tab_findings(source: Source, scalars: Sequence[tuple[int, int]]) -> Iterator[Finding]:
    """Tabs in the indentation (HUB101), outside of texts."""
    spans = _Spans(scalars)
    for found in _INDENTATION_WITH_TAB.finditer(source.text):
        tab = source.text.index("\t", found.start())
        if tab not in spans:
            message = "a tab in the indentation"
            yield source.finding(101, message, start=tab, suggestion="use spaces")


def comment_findings(source: Source, scalars: Sequence[tuple[int, int]]) -> Iterator[Finding]:
    """A `#` after a value or a key, directly before a character (HUB107)."""
    spans = _Spans(scalars)
    start = 0
    for line in source.text.split("\n"):
        for found in _COMMENT.finditer(line):
            if start + found.start() in spans:
                continue
            if line[: found.start()].strip() and line[found.end() :][:1].strip(" \t#"):
                yield _comment_finding(source, line, start, found.start())
            break
        start += len(line) + 1


def _comment_finding(source: Source, line: str, start: int, at: int) -> Finding:
    word = re.split(r"\s", line[at:], maxsplit=1)[0]
    text, fixed = _meant(source, line, start, at)
    return source.finding(
        107,
        f"`{word}` starts a comment here",
        start=start + at,
        end=start + at + len(word),
        suggestion="put the text in quotes; for a comment write a space after `#`",
        fix=text,
        fixed=fixed,
    )


def _meant(source: Source, line: str, start: int, at: int) -> tuple[str | None, tuple[int, int]]:
    """The text in quotes, or the comment with its space; and which characters it replaces."""
    value = _VALUE.match(line, 0, at)
    first = value.end() if value else at
    before = line[first:at].strip()
    if (not before and _is_followed_by_more(source, line, start)) or before[:1] in _CLOSED:
        return "# ", (start + at, start + at + 1)
    if before and not isinstance(resolve(before), str):
        return None, (start + at, start + at)
    text = line[first:].strip()
    begin = first if before else at
    return quoted(text), (start + begin, start + begin + len(text))


def _is_followed_by_more(source: Source, line: str, start: int) -> bool:
    """Whether the lines below are the value of this key."""
    below = source.text[start + len(line) :].lstrip("\n").split("\n")
    following = next((each for each in below if each.strip() and each.lstrip()[0] != "#"), "")
    is_item = line.partition("#")[0].strip() == "-"
    own = len(line) - len(line.lstrip(" " if is_item else " -"))
    deeper = len(following) - len(following.lstrip())
    return deeper > own or (deeper == own and following.lstrip().startswith("- "))
