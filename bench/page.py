"""Puts what was measured into a page, between two marks."""

from __future__ import annotations

import re
from pathlib import Path


def put(page: Path, mark: str, text: str) -> None:
    """Replace what stands between `<!-- mark -->` and `<!-- end of mark -->`.

    Raises `SystemExit` when the page has no such place.
    """
    old = page.read_text("utf-8")
    place = re.compile(rf"(<!-- {mark} -->\n).*?(<!-- end of {mark} -->)", re.DOTALL)
    if place.search(old) is None:
        raise SystemExit(f"{page} has no place: <!-- {mark} --> … <!-- end of {mark} -->")
    new = place.sub(lambda found: f"{found[1]}{text.strip()}\n{found[2]}", old, count=1)
    page.write_text(new, "utf-8")
