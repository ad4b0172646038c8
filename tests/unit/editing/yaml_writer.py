"""Hypothesis strategies: files with every kind of value, comments, blank lines, odd indentation."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

TRICKY = (
    *("+14155550100", "02134", "2025-10-20", "yes", "1e3", "0x1F", "1_000", "null", "~", "true"),
    *("-7", "3.50", "''", '"#bookings"', "${{ payload.name }}", "a ${{ x | default('-') }} b"),
    *("{a: b}", "[a, b]", "{ a: b , c: [ d ] }", "[]", "{}", "'it''s'", '"two\\nlines"', "x#y"),
)
WORDS = st.sampled_from(TRICKY)
NAMES = st.sampled_from(("a", "b", "key", "steps", "with", "'quoted key'", "404", "x-y"))
COMMENT = st.sampled_from(("# one", "#two", "## three", "# with: a colon", "# - a dash"))
BLANKS = st.integers(min_value=0, max_value=2)


@st.composite
def above(draw: Any, column: int) -> list[str]:
    """Comments and blank lines before a key."""
    lines: list[str] = []
    for _ in range(draw(st.integers(0, 2))):
        lines += [""] * draw(BLANKS)
        if draw(st.booleans()):
            lines.append(" " * max(0, column + draw(st.integers(-2, 2))) + draw(COMMENT))
    return lines


@st.composite
def behind(draw: Any) -> str:
    """A comment on the same line."""
    spaces = " " * draw(st.integers(1, 3))
    return spaces + "# " + draw(st.sampled_from(("here", "x"))) if draw(st.booleans()) else ""


@st.composite
def block(draw: Any, column: int, level: int = 0) -> list[str]:
    """The lines of a mapping or a list."""
    make = draw(st.sampled_from((mapping, sequence)))
    return list(draw(make(column, level)))


@st.composite
def mapping(draw: Any, column: int = 0, level: int = 0) -> list[str]:
    """The lines of a mapping."""
    lines: list[str] = []
    for name in draw(st.lists(NAMES, min_size=1, max_size=4, unique=True)):
        lines += draw(above(column))
        lines += draw(value(f"{' ' * column}{name}:", column, level))
    return lines


@st.composite
def sequence(draw: Any, column: int = 0, level: int = 0) -> list[str]:
    """The lines of a list."""
    lines: list[str] = []
    for _ in range(draw(st.integers(1, 3))):
        lines += draw(above(column))
        if level < 3 and draw(st.booleans()):
            inner = draw(mapping(column + 2, level + 1))
            while inner and (not inner[0].strip() or inner[0].lstrip().startswith("#")):
                lines.append(inner.pop(0))
            lines += [f"{' ' * column}- {inner[0].lstrip()}", *inner[1:]]
        else:
            lines += draw(value(f"{' ' * column}-", column, level))
    return lines


@st.composite
def value(draw: Any, start: str, column: int, level: int) -> list[str]:
    """What stands behind `key:` or a dash, with its first line."""
    kind = draw(st.sampled_from(("word", "word", "block", "text", "nothing", "folded")))
    if kind == "block" and level < 3:
        deeper = column + draw(st.integers(1, 5))
        return [start + draw(behind()), *draw(block(deeper, level + 1))]
    if kind == "text":
        sign = draw(st.sampled_from(("|", "|-", ">", ">-", "|+")))
        inner = " " * (column + draw(st.integers(1, 4)))
        body = draw(
            st.lists(st.sampled_from(("x", "# no comment", "", "  y", "z ${{ a }}")), max_size=4)
        )
        return [
            f"{start} {sign}{draw(behind())}",
            f"{inner}first",
            *(f"{inner}{line}" if line else "" for line in body),
        ]
    if kind == "folded":
        return [f"{start} some words", f"{' ' * (column + 3)}that go on{draw(behind())}"]
    if kind == "nothing":
        return [start + draw(behind())]
    return [f"{start} {draw(WORDS)}{draw(behind())}"]


@st.composite
def files(draw: Any) -> str:
    """The text of a file."""
    lines = draw(above(0)) + draw(mapping()) + draw(above(0))
    return "\n".join(lines) + "\n"
