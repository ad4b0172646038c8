"""Real files, damaged at random: what an editor, a merge or a bad disk makes of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from random import Random

from hub.engine.finding_codes import CODES
from hub.engine.findings import Finding, render_text

PIECES = (
    *(": ", "- ", "\n", "  ", "\t", "[", "]", "{", "}", "'", '"', "|", ">", "#", "&x ", "*x"),
    *("!t ", "%Y", "---\n", "...\n", "${{ ", " }}", "{{", "? ", "<<: ", "\r\n", "\x00", "\ufeff"),
    *("steps", "payload", "if: ", "do: ", "with:", "null", "true", "1e5", "\u2028", "é", "\ud800"),
    *("wait: 1h", "id: x", "continue: ", "on_error:", "parallel:", "| default(", "is set", "=="),
)
VALUES = (
    *("", "null", "{}", "[]", "''", "5", "-1", "2.5", "true", "x", "10m", "[1, {a: b}]", "{a: {}}"),
    *("${{ payload }}", "${{ run.id }}", "'${{ [1] }}'", "[null]", "{if: x}", "[{}]", "[{do: x}]"),
)
_KEY = re.compile(r"( *(?:- )*)[a-z_]+:")


def damaged(text: str, chance: Random, *, most: int = 4) -> str:
    """The text after one or several accidents."""
    for _ in range(chance.randint(1, most)):
        text = chance.choice(_ACCIDENTS)(text, chance)
    return text


def _delete(text: str, chance: Random) -> str:
    start, end = _span(text, chance)
    return text[:start] + text[end:]


def _repeat(text: str, chance: Random) -> str:
    start, end = _span(text, chance)
    return text[:end] + text[start:end] + text[end:]


def _insert(text: str, chance: Random) -> str:
    at = chance.randint(0, len(text))
    return text[:at] + chance.choice(PIECES) + text[at:]


def _replace(text: str, chance: Random) -> str:
    return _insert(_delete(text, chance), chance)


def _swap_characters(text: str, chance: Random) -> str:
    at = chance.randint(0, max(0, len(text) - 2))
    return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]


def _delete_line(text: str, chance: Random) -> str:
    lines = text.split("\n")
    del lines[chance.randrange(len(lines))]
    return "\n".join(lines)


def _repeat_line(text: str, chance: Random) -> str:
    lines = text.split("\n")
    lines.insert(chance.randrange(len(lines)), chance.choice(lines))
    return "\n".join(lines)


def _swap_lines(text: str, chance: Random) -> str:
    lines = text.split("\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return "\n".join(lines)


def _indent_line(text: str, chance: Random) -> str:
    lines = text.split("\n")
    at = chance.randrange(len(lines))
    lines[at] = lines[at][2:] if chance.random() < 0.5 else "  " + lines[at]
    return "\n".join(lines)


def _other_value(text: str, chance: Random) -> str:
    """A key gets a value of another shape, in place of all that stood below it."""
    lines = text.split("\n")
    keyed = [at for at, line in enumerate(lines) if _KEY.match(line)]
    if not keyed:
        return text
    at = chance.choice(keyed)
    found = _KEY.match(lines[at])
    depth = 0 if found is None else len(found[1])
    end = at + 1
    while end < len(lines) and (not lines[end].strip() or _depth(lines[end]) > depth):
        end += 1
    head = "" if found is None else found[0]
    return "\n".join([*lines[:at], f"{head} {chance.choice(VALUES)}", *lines[end:]])


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _span(text: str, chance: Random) -> tuple[int, int]:
    start = chance.randint(0, len(text))
    return start, min(len(text), start + chance.randint(1, 30))


_ACCIDENTS: Sequence[Callable[[str, Random], str]] = (
    _delete,
    _repeat,
    _insert,
    _replace,
    _swap_characters,
    _delete_line,
    _repeat_line,
    _swap_lines,
    _indent_line,
    _other_value,
    _other_value,
)


def misplaced(findings: Sequence[Finding], files: Mapping[str, str]) -> list[Finding]:
    """Findings of no known code, or whose place is not in their file."""
    render_text(findings, files)
    return [each for each in findings if not _is_placed(each, files.get(each.file))]


def _is_placed(finding: Finding, text: str | None) -> bool:
    if text is None or int(finding.code.removeprefix("HUB")) not in CODES:
        return False
    lines = text.split("\n")
    return (
        1 <= finding.line <= len(lines)
        and 1 <= finding.column <= len(lines[finding.line - 1]) + 1
        and finding.end_column > finding.column
        and bool(finding.message)
    )
