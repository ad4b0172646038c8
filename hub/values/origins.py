"""The origin of a URL: who it belongs to."""

from __future__ import annotations

import re

_ORIGIN = re.compile(
    r"(https?)://([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?(?=[/?#]|\Z)", re.IGNORECASE
)
_PORTS = {"http": "80", "https": "443"}

Origin = tuple[str, str, str]


def origin_of(url: str) -> Origin | None:
    """Scheme, host and port; None for anything a reader could take in two ways."""
    found = None if "\\" in url else _ORIGIN.match(url)
    if found is None:
        return None
    scheme = found[1].lower()
    return scheme, found[2].lower(), (found[3] or _PORTS[scheme]).lstrip("0")
