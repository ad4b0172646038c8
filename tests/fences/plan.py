"""One fence: a text of the source that guards something, and what is left when it is gone. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fence:
    """`text` stands exactly once in `file`; with `without` in its place one of `proofs` fails.

    `proofs` are names of test files, or of tests in them, as pytest takes them.
    """

    name: str
    clause: str
    file: str
    text: str
    without: str
    proofs: tuple[str, ...]


def taken_out(fence: Fence, source: str) -> str:
    """The source without the fence; raises ValueError when its text is not there exactly once."""
    found = source.count(fence.text)
    if found != 1:
        raise ValueError(f"{fence.name}: its text stands {found} times in {fence.file}")
    return source.replace(fence.text, fence.without)
