"""What is wrong with a file: code, place, message, correction (language, chapter 15)."""

from __future__ import annotations

import difflib
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

from hub.engine.finding_codes import WARNINGS

Severity = Literal["error", "warning", "note"]

_MOST_LISTED = 5
NOT_SERVED = "HUB701"
"""A note: the file is right, but the hub cannot do all that it asks for yet."""
_NEAR = 0.65


@dataclass(frozen=True)
class Fix:
    """What to write instead of the characters from `column` to `end_column` of a line."""

    line: int
    column: int
    end_column: int
    text: str


@dataclass(frozen=True)
class Finding:
    """One thing to mend; `line`, `column` and `end_column` start at 1, the end is exclusive."""

    code: str
    severity: Severity
    file: str
    line: int
    column: int
    end_column: int
    message: str
    suggestion: str | None = None
    source: str | None = None
    fix: Fix | None = None

    @property
    def is_error(self) -> bool:
        """Whether it keeps the file from being loaded."""
        return self.severity == "error"

    @property
    def is_note(self) -> bool:
        """Whether nothing is wrong with the file: it is only told."""
        return self.severity == "note"

    @property
    def text(self) -> str:
        """The message with its correction and the file it comes from."""
        said = f"{self.message} — {self.suggestion}" if self.suggestion else self.message
        return f"{said} ({self.source})" if self.source else said

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}"
        return f"{place}: {self.severity} {self.code} {self.text}"

    def as_json(self) -> dict[str, Any]:
        """The finding as a JSON object, without the parts it does not have."""
        parts = {
            "code": self.code,
            "severity": self.severity,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "end_column": self.end_column,
            "message": self.message,
            "suggestion": self.suggestion,
            "source": self.source,
            "fix": None if self.fix is None else asdict(self.fix),
        }
        return {name: value for name, value in parts.items() if value is not None}

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Finding:
        """The finding again. Raises `TypeError` for what `as_json` never wrote."""
        fix = given.get("fix")
        return cls(**{**given, "fix": None if fix is None else Fix(**fix)})


@dataclass(frozen=True)
class Source:
    """The text of one file, and the way from an offset to its line and column."""

    file: str
    text: str

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(at + 1 for at, character in enumerate(self.text) if character == "\n")]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of a character, both from 1."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line_end(self, offset: int) -> int:
        """The offset of the line break after a character, or of the end of the text."""
        found = self.text.find("\n", offset)
        return len(self.text) if found < 0 else found

    def finding(
        self,
        code: int,
        message: str,
        *,
        start: int,
        end: int | None = None,
        severity: Severity | None = None,
        suggestion: str | None = None,
        source: str | None = None,
        fix: str | None = None,
        fixed: tuple[int, int] | None = None,
    ) -> Finding:
        """A finding on the characters from `start` to `end`, cut at the end of the line.

        `fix` replaces exactly these characters, or those of the span `fixed`; what goes over
        several lines gets none.
        """
        line, column = self.position(start)
        width = max(1, min(start + 1 if end is None else end, self.line_end(start)) - start)
        return Finding(
            code=f"HUB{code}",
            severity=severity or ("warning" if code in WARNINGS else "error"),
            file=self.file,
            line=line,
            column=column,
            end_column=column + width,
            message=message,
            suggestion=suggestion,
            source=source,
            fix=self._fix(fix, fixed or (start, start + 1 if end is None else end)),
        )

    def _fix(self, text: str | None, span: tuple[int, int]) -> Fix | None:
        start, end = span
        if text is None or end > self.line_end(start):
            return None
        line, column = self.position(start)
        return Fix(line, column, column + end - start, text)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Without repetitions, by file and place."""
    unique = dict.fromkeys(findings)
    return tuple(sorted(unique, key=lambda each: (each.file, each.line, each.column, each.code)))


def render_text(findings: Sequence[Finding], sources: Mapping[str, str]) -> str:
    """Each finding with its line of the file and a caret below the place; `sources` by file."""
    return "\n".join(
        line for finding in findings for line in _rendered(finding, sources.get(finding.file, ""))
    )


def _rendered(finding: Finding, text: str) -> list[str]:
    lines = text.replace("\r\n", "\n").split("\n")
    if not 0 < finding.line <= len(lines) or not text:
        return [str(finding)]
    shown = lines[finding.line - 1].replace("\t", " ")
    caret = "^" * max(1, finding.end_column - finding.column)
    return [
        str(finding),
        f"{finding.line:>7} | {shown}".rstrip(),
        f"{'':>7} | {' ' * (finding.column - 1)}{caret}",
    ]


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant, or None."""
    candidates = list(known)
    folded: dict[str, str] = {}
    for each in candidates:
        folded.setdefault(_folded(each), each)
    if _folded(name) in folded:
        return folded[_folded(name)]
    close = difflib.get_close_matches(name, candidates, n=1, cutoff=_NEAR)
    begun = [each for each in candidates if each.startswith((f"{name}_", f"{name}."))]
    return next(iter(close or (begun if len(begun) == 1 else [])), None)


def only_candidate(name: str, known: Iterable[str]) -> str | None:
    """The name that was meant, if nothing else can be: no other is near, or one slip away."""
    names = list(dict.fromkeys(known))
    found = nearest(name, names)
    close = difflib.get_close_matches(name, names, n=2, cutoff=_NEAR)
    slips = [each for each in names if _is_one_slip(name, each)]
    is_alone = len(close) <= 1 or slips == [found]
    return found if is_alone or _folded(found or "") == _folded(name) else None


def _is_one_slip(written: str, meant: str) -> bool:
    """One letter is missing, too many or wrong, or two neighbours changed places."""
    start = next((i for i, (a, b) in enumerate(zip(written, meant, strict=False)) if a != b), None)
    if start is None:
        return abs(len(written) - len(meant)) == 1
    rest, other = written[start:], meant[start:]
    is_swap = rest[:2] == other[1::-1] and len(other) > 1 and rest[2:] == other[2:]
    return is_swap or rest[1:] == other[1:] or rest[1:] == other or rest == other[1:]


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """`did you mean 'lead_id'?`, or None where nothing is near."""
    found = nearest(name, known)
    return None if found is None else f"did you mean '{found}'?"


def correction(name: str, known: Iterable[str], *, what: str) -> str | None:
    """The name that was probably meant, or else the first of those there are."""
    names = list(known)
    return did_you_mean(name, names) or listed(names, what=what)


def listed(names: Sequence[str], *, what: str) -> str | None:
    """`there are the workflows a, b`: at most five names; None where there is none."""
    if not names:
        return None
    more = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    return f"{what} {', '.join(names[:_MOST_LISTED])}{more}"


def _folded(name: str) -> str:
    return name.replace("_", "").replace("-", "").replace(" ", "").lower()
