"""One changed place of one workflow file."""

from __future__ import annotations

from dataclasses import dataclass

_WIDEST = 76


@dataclass(frozen=True)
class Mutant:
    """The characters `start` … `end` of a file replaced; `kind` is its row in the table."""

    kind: str
    path: str
    start: int
    end: int
    replacement: str

    def applied(self, text: str) -> str:
        """The file with the mistake in it."""
        return text[: self.start] + self.replacement + text[self.end :]

    def line(self, text: str) -> int:
        """The line of the file in which the change begins."""
        return text.count("\n", 0, self.start) + 1

    def told(self, text: str) -> str:
        """`file:line  kind: before → after`, whole lines, shortened."""
        first = text.rfind("\n", 0, self.start) + 1
        last = text.find("\n", max(self.end - 1, self.start))
        last = len(text) if last < 0 else last
        before = text[first:last]
        after = text[first : self.start] + self.replacement + text[self.end : max(last, self.end)]
        place = f"{self.path}:{self.line(text)}"
        return f"{place}  {self.kind}: {_short(before)} → {_short(after) or 'nothing'}"


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _WIDEST else words[: _WIDEST - 1] + "…"
