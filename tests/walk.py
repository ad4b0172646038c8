"""docs/walk.md, block by block: what is typed, what is expected, what is edited.

    ```console         type what stands behind `$`, compare what comes
    ```console soon    type it again and again until that comes
    ```console aside   start it and let it run on, once that has come
    ```diff FILE       find the lines with `-`, write those with `+`

In what is expected `…` stands for anything; alone on a line, for any lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "walk.md"
_BLOCK = re.compile(r"^```(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Typing:
    """A command and what it prints; `how` is empty, `soon` or `aside`."""

    line: int
    how: str
    command: str
    expected: str


@dataclass(frozen=True)
class Edit:
    """Lines of a file that others take the place of."""

    line: int
    file: str
    before: str
    after: str


class Unreadable(Exception):
    """A block of the page that nobody can follow."""


def walk(text: str) -> Iterator[Typing | Edit]:
    """What the reader does, in order. Raises `Unreadable` for any other block."""
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        language, _, rest = found[1].partition(" ")
        if language == "console" and rest in ("", "soon", "aside"):
            yield from _typed(line + 1, rest, found[2])
        elif language == "diff" and rest:
            yield _edited(line, rest, found[2])
        else:
            raise Unreadable(f"line {line}: ```{found[1]}")


def _typed(first: int, how: str, block: str) -> Iterator[Typing]:
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)
    if parts[0]:
        raise Unreadable(f"line {first}: no `$` before what is expected")
    line = first
    for part in parts[1:]:
        command, _, expected = part.partition("\n")
        yield Typing(line, how, command, expected)
        line += part.count("\n")


def _edited(line: int, file: str, block: str) -> Edit:
    lines = block.splitlines(keepends=True)
    if unknown := [each for each in lines if each[0] not in " -+"]:
        raise Unreadable(f"line {line}: {unknown[0]!r} has no `-`, `+` or space in front")
    before = "".join(each[1:] for each in lines if each[0] in " -")
    after = "".join(each[1:] for each in lines if each[0] in " +")
    return Edit(line, file, before, after)


def edited(text: str, edit: Edit) -> str:
    """The text of a file after the edit, whose lines must stand there exactly once."""
    found = text.count(edit.before)
    if found != 1:
        raise Unreadable(f"line {edit.line}: the lines stand {found} times in {edit.file}")
    return text.replace(edit.before, edit.after)


def fits(printed: str, expected: str) -> bool:
    """Whether what came is what the page says."""
    parts = re.split(r"(^…\n|…)", expected, flags=re.MULTILINE)
    patterns = {"…\n": r"(?:.*\n)*?", "…": r".*?"}
    pattern = "".join(patterns.get(part) or re.escape(part) for part in parts)
    return (
        re.fullmatch(pattern, printed if printed.endswith("\n") or not printed else f"{printed}\n")
        is not None
    )
