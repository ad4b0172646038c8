"""What a file consists of: keys, values, and the comments and blank lines that belong to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from hub.engine.yaml_profile import PlainValue

Gap = list[str | None]
"""Whole lines before a key or item: a comment with its `#`, or None for a blank line."""


@dataclass
class Leaf:
    """One value as it is written: on one line, or a block header (`|`) and its `body`.

    The lines of `body` begin where the block begins.
    """

    value: PlainValue
    head: str
    body: list[str] = field(default_factory=list)


@dataclass
class Part:
    """A key with its value, or an item of a list (`key` is empty).

    `comment` stands behind it on the same line, with the spaces before its `#`.
    """

    value: Value
    name: str = ""
    key: str = ""
    gap: Gap = field(default_factory=list)
    comment: str = ""


@dataclass
class Branch:
    """A mapping or a list; `foot` are the comments after its last part."""

    kind: Literal["mapping", "list"]
    parts: list[Part] = field(default_factory=list)
    is_flow: bool = False
    foot: Gap = field(default_factory=list)

    def part(self, name: str) -> Part | None:
        """The part with this key."""
        return next((part for part in self.parts if part.name == name), None)

    @property
    def is_inline(self) -> bool:
        """Written on one line: `{a: b}`, `[a, b]`; one without parts always is."""
        return self.is_flow or not self.parts


Value = Leaf | Branch


def comments(gap: Gap) -> list[str]:
    """The comments without the blank lines."""
    return [line for line in gap if line is not None]


def all_comments(value: Value) -> Iterator[str]:
    """Every comment of a value, without its `#` lines' indentation."""
    if isinstance(value, Leaf):
        return
    for part in value.parts:
        yield from comments(part.gap)
        if part.comment:
            yield part.comment.strip()
        yield from all_comments(part.value)
    yield from comments(value.foot)


def ends_in_kept_lines(value: Value) -> bool:
    """Whether it ends with a text after `|+`, to which blank lines behind it would belong."""
    if isinstance(value, Leaf):
        return bool(value.body) and "+" in value.head
    if value.foot or not value.parts:
        return False
    return ends_in_kept_lines(value.parts[-1].value)
