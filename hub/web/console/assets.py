"""Files of the pages: one style sheet, one icon, and scripts where they were built.

Each address holds a digest of what it names, so browsers may keep it for ever. Pages work without
the scripts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

_HERE = Path(__file__).parent
_WRITTEN, _BUILT = _HERE / "static", _HERE / "built"  # `.ci/setup` makes the second one
_DIGEST = 12  # signs
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
SCRIPTS = ("htmx.js",)
EDITOR = "editor.js"


@dataclass(frozen=True)
class Asset:
    """One file, as it is sent."""

    body: bytes
    type: str


@cache
def _known() -> dict[str, tuple[str, Asset]]:
    """By name: its address, and what is there."""
    found = {}
    for folder in (_WRITTEN, _BUILT):
        for path in sorted(folder.glob("*.*")) if folder.is_dir() else ():
            if path.suffix in _TYPES:
                body = path.read_bytes()
                digest = sha256(body).hexdigest()[:_DIGEST]
                address = f"{path.stem}-{digest}{path.suffix}"
                found[path.name] = (address, Asset(body, _TYPES[path.suffix]))
    return found


def address(name: str) -> str:
    """The address of a file by its name."""
    return f"/admin/assets/{_known()[name][0]}"


def has_scripts() -> bool:
    """Whether the scripts were built."""
    return all(name in _known() for name in SCRIPTS)


def has_editor() -> bool:
    """Whether the editor of workflows was built too."""
    return has_scripts() and EDITOR in _known()


def at(wanted: str) -> Asset | None:
    """What lies at this address; names are looked up, never joined to a path (S12)."""
    return next((asset for address, asset in _known().values() if address == wanted), None)
