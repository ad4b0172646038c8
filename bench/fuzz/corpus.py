"""Cases that once failed, a file each in tests/fuzz/corpus/<target>: the suite replays them."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from bench.processes import ROOT

FOLDER = ROOT / "tests" / "fuzz" / "corpus"


def keep(target: str, case: bytes) -> Path:
    """Keep a case under its digest."""
    path = FOLDER / target / sha256(case).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(case)
    return path


def kept() -> Iterator[tuple[str, Path]]:
    """The name of its target, and the file, of each kept case."""
    for path in sorted(FOLDER.glob("*/*")):
        yield path.parent.name, path
