"""Puts what was measured into a page, between two marks."""

from __future__ import annotations

import re
from pathlib import Path


def require(page: Path, mark: str) -> None:
    """Raise `SystemExit` when the page has no such place."""
    if _place(mark).search(page.read_text("utf-8")) is None:
        raise SystemExit(f"{page} has no place: <!-- {mark} --> … <!-- end of {mark} -->")


def put(page: Path, mark: str, text: str) -> None:
    """Replace what stands between `<!-- mark -->` and `<!-- end of mark -->`."""
    old = page.read_text("utf-8")
    new = _place(mark).sub(lambda found: f"{found[1]}{text.strip()}\n{found[2]}", old, count=1)
    page.write_text(new, "utf-8")


def _place(mark: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {mark} -->\n).*?(<!-- end of {mark} -->)", re.DOTALL)
