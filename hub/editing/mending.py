"""`hub check --fix`: the corrections of findings, written into the files until nothing changes.

A file is changed only where a finding names the one correction. After each round everything is
checked again. A round that leaves a file with more mistakes is tried again one correction at a
time, and those that make it worse are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from hub.engine.findings import Finding, Fix

MAX_ROUNDS = 10
_BYTE_ORDER_MARK = "\ufeff"
_UNREADABLE = range(101, 109)
_MISSHAPEN = frozenset({110, 111, 204, 205, 207, 211, 212, 300, 301, 302, 309, 334, 401, 402})

Check = Callable[[Mapping[str, str]], Sequence[Finding]]


@dataclass(frozen=True)
class Mending:
    """One correction that was made: what it was for, what stood there and what stands there now."""

    finding: Finding
    written: str
    meant: str


@dataclass(frozen=True)
class Mended:
    """The files after all corrections, what was corrected, and what is left."""

    files: Mapping[str, str]
    mendings: tuple[Mending, ...]
    findings: tuple[Finding, ...]

    def of(self, file: str) -> list[Mending]:
        """The corrections in one file, in the order they were made."""
        return [mending for mending in self.mendings if mending.finding.file == file]


def mend(files: Mapping[str, str], check: Check, *, asked: Callable[[str], bool]) -> Mended:
    """Correct the files that are `asked` for; never raises and writes nothing itself."""
    return _Bench(dict(files), check, asked).mended()


@dataclass
class _Bench:
    files: dict[str, str]
    check: Check
    asked: Callable[[str], bool]

    def mended(self) -> Mended:
        found = tuple(self.check(self.files))
        mendings: list[Mending] = []
        given_up: set[tuple[str, Fix]] = set()
        for _ in range(MAX_ROUNDS):
            todo = [each for each in self._corrections(found) if _key(each) not in given_up]
            chosen = without_overlaps(todo)
            if not chosen:
                break
            after, done = self._tried(found, chosen)
            given_up |= {_key(each) for each in chosen} - {_key(each.finding) for each in done}
            mendings += done
            found = after
        return Mended(self.files, tuple(mendings), found)

    def _corrections(self, found: Iterable[Finding]) -> list[Finding]:
        return [each for each in found if each.fix is not None and self.asked(each.file)]

    def _tried(
        self, found: tuple[Finding, ...], chosen: list[Finding]
    ) -> tuple[tuple[Finding, ...], list[Mending]]:
        """All corrections at once, or else one after the other."""
        everything = self._attempt(found, chosen)
        if everything is not None or len(chosen) == 1:
            return everything or (found, [])
        done: list[Mending] = []
        for each in reversed(chosen):  # from the end, so that the places of the others stay
            single = self._attempt(found, [each])
            if single is not None:
                found, mendings = single
                done += mendings
        return found, done

    def _attempt(
        self, found: tuple[Finding, ...], chosen: list[Finding]
    ) -> tuple[tuple[Finding, ...], list[Mending]] | None:
        """The findings and what was done, once no file has more mistakes than before."""
        before = dict(self.files)
        done = [self._write(each) for each in reversed(chosen)]
        after = tuple(self.check(self.files))
        if any(
            weight(after, each.finding.file) > weight(found, each.finding.file) for each in done
        ):
            self.files = before
            return None
        return after, done[::-1]

    def _write(self, finding: Finding) -> Mending:
        text, written = corrected(self.files[finding.file], finding)
        self.files[finding.file] = text
        return Mending(finding, written, finding.fix.text if finding.fix else "")


def corrected(text: str, finding: Finding) -> tuple[str, str]:
    """The text with the correction of a finding, and what stood in its place."""
    fix = finding.fix
    if fix is None:
        return text, ""
    lines = text.split("\n")
    line = lines[fix.line - 1]
    shift = int(fix.line == 1 and line.startswith(_BYTE_ORDER_MARK)) - 1
    start, end = fix.column + shift, fix.end_column + shift
    lines[fix.line - 1] = line[:start] + fix.text + line[end:]
    return "\n".join(lines), line[start:end]


def without_overlaps(findings: Iterable[Finding]) -> list[Finding]:
    """In the order of their places; of two that want the same characters the first."""
    chosen: list[Finding] = []
    ordered = sorted(
        (each for each in findings if each.fix is not None),
        key=lambda each: (each.file, each.fix.line, each.fix.column) if each.fix else ("", 0, 0),
    )
    for each in ordered:
        if not chosen or not _overlap(chosen[-1], each):
            chosen.append(each)
    return chosen


def _overlap(first: Finding, second: Finding) -> bool:
    one, other = first.fix, second.fix
    if one is None or other is None or (first.file, one.line) != (second.file, other.line):
        return False
    return other.column < one.end_column or other.column == one.column


def weight(findings: Iterable[Finding], file: str) -> tuple[int, int, int]:
    """How many errors a file has: unreadable lines, wrong shapes, all others.

    A file that can be read shows mistakes that nobody could see before: so what keeps a file from
    being read counts first.
    """
    codes = [int(each.code[3:]) for each in findings if each.is_error and each.file == file]
    unreadable = sum(code in _UNREADABLE for code in codes)
    misshapen = sum(code in _MISSHAPEN for code in codes)
    return unreadable, misshapen, len(codes) - unreadable - misshapen


def _key(finding: Finding) -> tuple[str, Fix]:
    return finding.file, finding.fix or Fix(0, 0, 0, "")
