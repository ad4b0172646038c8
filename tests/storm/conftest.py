"""A folder for the processes of a storm."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def storm_folder() -> Iterator[Path]:
    """A folder that an unprivileged account can enter: the servers run as one when we are root."""
    made = Path(tempfile.mkdtemp(prefix="hub-storm-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)
