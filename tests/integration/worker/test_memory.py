"""A process loads what it needs: each room that it does not load is memory saved."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WORKER = "import hub.worker.__main__"
WEB = (
    "from hub.config import Settings; from hub.web import server, sharing;"
    f"sharing.load(Settings.from_environment({{'HUB_PROJECT': {str(ROOT)!r}}}))"
)
FOR_THE_FIRST_CALL = ["httpx", "httpcore", "twilio", "smtplib", "email.headerregistry"]
FOR_OTHERS = [
    "opentelemetry",
    "psutil",
    "alembic",
    "ruamel",
    "hub.cli",
    "hub.editing",
    "hub.testing",
]


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The modules of a worker process before its hub is open."""
    return modules_after(WORKER)


@pytest.fixture(scope="module")
def shared() -> set[str]:
    """The modules of the main process of the web, which all of its processes have."""
    return modules_after(WEB)


def modules_after(statement: str) -> set[str]:
    printed = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"{statement}; import sys; print(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(printed.stdout.split())


@pytest.mark.parametrize(
    "stranger",
    [
        "flask",
        "werkzeug",
        "gevent",
        "gunicorn",
        "click",
        "hub.web",
        *FOR_THE_FIRST_CALL,
        *FOR_OTHERS,
    ],
)
def test_a_worker_does_not_load_what_it_never_uses(loaded: set[str], stranger: str):
    assert stranger not in loaded


@pytest.mark.parametrize("stranger", ["hub.worker", *FOR_THE_FIRST_CALL, *FOR_OTHERS])
def test_the_web_does_not_load_what_it_never_uses(shared: set[str], stranger: str):
    assert stranger not in shared


@pytest.mark.parametrize("room", ["hub.web.app", "hub.bootstrap.hub", "sqlalchemy", "redis"])
def test_the_processes_of_the_web_share_what_they_all_use(shared: set[str], room: str):
    assert room in shared
