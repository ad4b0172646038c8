"""A worker process loads what it needs: each room that it does not load is memory saved."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The modules of a worker process before its hub is open."""
    printed = subprocess.run(
        [sys.executable, "-c", "import hub.worker.__main__, sys; print(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(printed.stdout.split())


@pytest.mark.parametrize(
    "stranger",
    ["flask", "werkzeug", "gevent", "gunicorn", "alembic", "twilio", "hub.web", "hub.cli"],
)
def test_a_worker_does_not_load_what_it_never_uses(loaded: set[str], stranger: str):
    assert stranger not in loaded
