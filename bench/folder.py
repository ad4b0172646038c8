"""The folder of one measurement: everything it makes lies in it, and goes with it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def fresh(prefix: str) -> Iterator[Path]:
    """An empty folder. Others may pass through it, for as root the servers run as somebody else.

    They would keep their data elsewhere, and it would stay: some gigabytes of each measurement.
    """
    with tempfile.TemporaryDirectory(prefix=prefix) as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder
