"""Parts of the shipped project, for tests that need few of its flows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
_CALL = re.compile(r"\bcall: ([a-z-]+)$", re.MULTILINE)


def with_what_they_call(*names: str) -> set[str]:
    """The workflows and all below them, by name."""
    return set(_all_below(names))


def _all_below(names: Iterable[str]) -> Iterable[str]:
    for name in names:
        yield name
        yield from _all_below(_CALL.findall((ROOT / f"workflows/{name}.yaml").read_text("utf-8")))
