"""A package of somebody else is installed beside the hub, and a workflow lives on what it brings.

`examples/acme-clinic` is built and installed as pip does it, with nothing but what is here; no file
of the hub knows of it.
"""

from __future__ import annotations

import hmac
import importlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from hub import plug_ins
from hub.bootstrap import actions, open_hub
from hub.bootstrap.auth_types import all_auth_types
from hub.config import Settings
from hub.engine.workflow import Endpoint
from hub.ingest.dialects import DIALECTS
from hub.storage import reading, runs
from tests.acceptance.counter import KEY, Counter
from tests.acceptance.terminal import Terminal
from tests.fakes.clock import FakeClock

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "examples" / "acme-clinic"
SECRET = "example-acme-secret"
PATIENT, TESTER = "+12025550199", "+12025550147"

Opened = Callable[[str], AbstractContextManager[Counter]]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the package lies once it is installed."""
    place = tmp_path_factory.mktemp("site-packages")
    source = place.with_name("acme-clinic")
    shutil.copytree(PACKAGE, source)
    options = ("--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--no-cache-dir")
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "--target", place, source],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return place


def test_the_packages_own_tests_pass_as_its_readme_runs_them(installed: Path, tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", PACKAGE / "tests"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def package(installed: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process knows it, as one does that is started after the installation."""
    with monkeypatch.context() as patch:
        patch.syspath_prepend(installed)
        _look_again()
        yield
    for name in [each for each in sys.modules if each.partition(".")[0] == "acme_clinic"]:
        del sys.modules[name]
    _look_again()


def _look_again() -> None:
    importlib.invalidate_caches()
    plug_ins.look_again()
    actions.all_actions.cache_clear()
    actions.all_connectors.cache_clear()
    all_auth_types.cache_clear()


@pytest.fixture
def clinic() -> Iterator[Any]:
    """The package's own fake of its service."""
    place = PACKAGE / "tests" / "clinic.py"
    spec = importlib.util.spec_from_file_location("acme_clinic_on_loopback", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with module.FakeClinic() as fake:
        yield fake


@pytest.fixture
def opened(tmp_path: Path, clinic: Any, database: str, redis_url: str, package: None) -> Opened:  # noqa: ARG001
    """Opens the package's project in a mode, with the way to the clinic led to the fake."""

    @contextmanager
    def opening(mode: str) -> Iterator[Counter]:
        folder = tmp_path / "hub"
        lead(folder, clinic)
        environment = {
            "HUB_DATABASE_URL": database,
            "HUB_REDIS_URL": redis_url,
            "HUB_ENCRYPTION_KEY": KEY,
            "HUB_MODE": mode,
            "ACME_WEBHOOK_SECRET": SECRET,
            "ACME_API_KEY": "example-acme-key",
        }
        clock = FakeClock()
        settings = Settings.from_environment(environment, project=folder)
        hub = open_hub(settings, role="worker", clock=clock, runs_clock=clock)
        try:
            yield Counter(hub)
        finally:
            hub.close()

    return opening


def lead(folder: Path, clinic: Any) -> None:
    """The project in this folder calls the fake."""
    shutil.copytree(PACKAGE / "project", folder)
    settings = (folder / "hub.yaml").read_text()
    for written, meant in (
        ("https://api.acme-clinic.example", clinic.url),
        ("outbound_allow: []", f"outbound_allow: [{{network: 127.0.0.1, ports: [{clinic.port}]}}]"),
    ):
        assert settings.count(written) == 1
        settings = settings.replace(written, meant)
    (folder / "hub.yaml").write_text(settings)


def asks(counter: Counter, *, secret: str = SECRET, event: str = "e_1") -> int:
    """The clinic asks for a visit; a worker does what there is to do. Gives the status."""
    visit = {"id": "v_1", "patient": {"name": "Ada", "phone": PATIENT}, "portal_token": "hidden"}
    body = json.dumps({"id": event, "event": "visit.requested", "visit": visit}).encode()
    moment = str(int(counter.hub.clock.now().timestamp())).encode()
    signed = hmac.new(secret.encode(), moment + b":" + body, sha256).hexdigest()
    headers = {"X-Acme-Signature": f"{moment.decode()}:{signed}"}
    endpoint = counter.hub.project.workflows["acme-visit"].trigger
    assert isinstance(endpoint, Endpoint)
    answer = counter.post(endpoint.path, body, headers=headers)
    while claimed := runs.claim(counter.hub.database, worker="package", most=10):
        for run in claimed:
            counter.hub.executor.work(run, is_stopping=lambda: False)
    return answer.status_code


def test_a_workflow_lives_on_what_a_package_brings(opened: Opened, clinic: Any):
    with opened("live") as counter:
        assert asks(counter) == 200
        assert asks(counter) == 200  # the clinic sends it again: the dialect knows its id
        assert asks(counter, secret="another") == 401  # the preset does not believe it

        (run,) = counter.runs
        assert (run["status"], run["mode"]) == ("succeeded", "live")
        assert "hidden" not in json.dumps(run["trigger"])
        assert clinic.told == [[{"phone": PATIENT, "name": "Ada"}]]


@pytest.mark.parametrize(
    ("mode", "told"), [("simulate", []), ("test", [[{"phone": TESTER, "name": "Ada"}]])]
)
def test_D10_the_gate_stands_before_a_packages_action_too(
    opened: Opened, clinic: Any, mode: str, told: list[Any]
):
    with opened(mode) as counter:
        assert asks(counter) == 200

        (run,) = counter.runs
        with counter.hub.database.connect() as connection:
            steps = reading.timeline(connection, run["id"])
    assert (run["status"], run["mode"]) == ("succeeded", mode)
    assert [each.is_simulated for each in steps if each.action] == [mode == "simulate"]
    assert clinic.told == told


@pytest.mark.usefixtures("package")
def test_the_commands_know_what_a_package_brings(tmp_path: Path):
    folder = tmp_path / "hub"
    shutil.copytree(PACKAGE / "project", folder)
    terminal = Terminal(folder, {"HUB_DATABASE_URL": "", "HUB_REDIS_URL": ""})

    checked, shown = terminal.type("check"), terminal.type("actions", "--json")
    tried = terminal.type("test")

    assert (checked.code, checked.out) == (0, "1 workflow, no mistakes\n")
    assert '{"name":"acme.confirm_visit",' in shown.out
    assert tried.code == 0, tried.out


def test_without_the_package_the_project_is_told_what_is_not_there(tmp_path: Path):
    assert "acme.visit" not in DIALECTS
    assert "acme_signature" not in all_auth_types()
    folder = tmp_path / "hub"
    shutil.copytree(PACKAGE / "project", folder)

    checked = Terminal(folder, {"HUB_DATABASE_URL": "", "HUB_REDIS_URL": ""}).type("check")

    assert checked.code == 1
    assert "acme_signature" in checked.out


def test_the_packages_own_tests_hold(installed: Path, tmp_path: Path):
    copied = tmp_path / "acme-clinic"
    shutil.copytree(PACKAGE, copied, ignore=shutil.ignore_patterns("acme_clinic", "__pycache__"))

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"],
        cwd=copied,
        env={"PYTHONPATH": f"{installed}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
