"""`hub demo` and `hub dev` as real processes, on servers of their own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from hub import embedded
from hub.bootstrap.secrets import new_key
from hub.cli.demo.parts import PARTS
from hub.storage import migrate
from tests import readme
from tests.acceptance.terminal import Terminal
from tests.flows import copy_flows
from tests.processes.house import until

ROOT = Path(__file__).parents[2]
PATIENCE = 250  # seconds; the machine may be busy


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One flow of the project: each process reads them all."""
    folder = tmp_path / "project"
    copy_flows(folder, "release-expired-phones")
    (folder / "hub.yaml").write_text(readme.settings())
    return folder


@pytest.fixture
def whole_project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    for name in ("workflows", "schemas", "templates"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "hub.yaml", folder)
    return folder


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    return {"PATH": os.defpath, "HOME": str(tmp_path), "HUB_PORT": str(free_port())}


@pytest.fixture
def dev(project: Path, variables: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """`hub dev`, once it listens."""
    with running(project, variables, "dev") as process:
        yield process


@contextmanager
def running(
    project: Path, variables: dict[str, str], *words: str
) -> Iterator[subprocess.Popen[str]]:
    """A `hub dev`, once it is ready."""
    command = [sys.executable, "-m", "hub", "--project", str(project), *words]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Ctrl-C" in line:
                break
        yield process
        process.terminate()
        process.wait(PATIENCE)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def hub(project: Path, variables: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub", "--project", str(project), *words],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.long
@pytest.mark.timeout(600)
def test_B_01_B_16_each_demonstration_can_be_played_and_played_again(
    whole_project: Path, variables: dict[str, str], chromium: str
):
    with_browser = {**variables, "HUB_BROWSER_PROGRAM": chromium}
    for words in ((), tuple(PARTS)):
        played = hub(whole_project, with_browser, "demo", *words, "--once")

        assert played.returncode == 0, played.stdout + played.stderr
        assert played.stdout.count("checks passed") == max(1, len(words))
        assert "✗" not in played.stdout
        assert "Traceback" not in played.stderr


def test_sessions_are_not_shown_without_a_browser(whole_project: Path, variables: dict[str, str]):
    nowhere = {**variables, "HUB_BROWSER_PROGRAM": "no-such-browser"}

    refused = hub(whole_project, nowhere, "demo", "session", "--once")

    assert refused.returncode != 0
    assert "there is no no-such-browser" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["everything"], "'everything' is not"),
        (["holds"], "needs the workflows lead-phone"),
        ([], "needs the workflows lead-phone"),
    ],
)
def test_a_part_that_cannot_be_played_is_refused_with_the_reason(
    tmp_path: Path, variables: dict[str, str], words: list[str], told: str
):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "hub.yaml").write_text("hub: 1\n")
    refused = hub(tmp_path / "empty", variables, "demo", *words, "--once")

    assert refused.returncode != 0
    assert told in refused.stderr
    assert "Traceback" not in refused.stderr


def test_other_commands_find_the_servers_and_secrets_of_dev(
    project: Path, variables: dict[str, str], dev: subprocess.Popen[str]
):
    secrets = project / ".hub" / "secrets.json"
    assert secrets.stat().st_mode & 0o777 == 0o600
    assert "HUB_ENCRYPTION_KEY" in json.loads(secrets.read_text())

    started = hub(project, variables, "run", "release-expired-phones", "--wait", "--json")
    doctor = hub(project, variables, "doctor")

    assert json.loads(started.stdout)["status"] == "succeeded"
    assert (doctor.returncode, doctor.stderr) == (0, "")
    second = hub(project, variables, "dev")
    assert second.returncode == 1
    assert "in use" in second.stderr

    dev.send_signal(signal.SIGTERM)
    assert dev.wait(PATIENCE) == 0
    assert "HUB_DATABASE_URL" in hub(project, variables, "runs").stderr


@pytest.mark.timeout(240)
def test_a_web_and_a_worker_that_are_killed_are_started_again(
    project: Path, variables: dict[str, str], dev: subprocess.Popen[str]
):
    assert dev.stdout is not None
    for name, module in (("web", "hub.web.server"), ("worker", "hub.worker")):
        child = until(partial(child_of, dev.pid, module), f"{name} runs")
        os.kill(child, signal.SIGKILL)
        said = f"hub: {name} was killed by signal 9; started again\n"
        assert any(line == said for line in dev.stdout)

    assert any("the worker is ready" in line for line in dev.stdout)
    started = hub(project, variables, "run", "release-expired-phones", "--wait", "--json")
    assert json.loads(started.stdout)["status"] == "succeeded"
    assert dev.poll() is None


def child_of(parent: int, module: str) -> int | None:
    """The process with this parent that runs this module, once there is one."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return next(
        (
            int(child)
            for child in children
            if module in Path(f"/proc/{child}/cmdline").read_text().split("\0")
        ),
        None,
    )


@pytest.mark.usefixtures("logging_as_before")
def test_a_backup_of_dev_is_restored_and_looked_at_before_any_worker_begins(
    project: Path, variables: dict[str, str], tmp_path: Path
):
    file, place = tmp_path / "dev.dump", tmp_path / "restored"
    here = {**variables, "HUB_ENCRYPTION_KEY": new_key(), "HUB_STATE_DIR": str(tmp_path / "before")}
    with embedded.start(tmp_path / "before") as servers:
        migrate.upgrade(servers.database_url)
        run_id = Terminal(project, here).type("run", "release-expired-phones").out.strip()

    made = Terminal(project, here).type("db", "backup", file)
    assert made.code == 0, made.err
    there = {**here, "HUB_STATE_DIR": str(place)}
    restored = Terminal(project, there).type("db", "restore", file)

    assert restored.out == "restored; 1 runs are not over and go on when a worker starts\n"
    for each in (tmp_path / "before", place):
        assert embedded.find(each) is None  # nothing was left running
    with running(project, there, "dev", "--servers"):
        line = Terminal(project, there).type("runs", "--json").json
        cancelled = Terminal(project, there).type("cancel", run_id)
    assert (line["id"], line["status"]) == (run_id, "queued")
    assert cancelled.code == 0, cancelled.err


def test_a_reader_who_stops_reading_is_no_fault(project: Path, variables: dict[str, str]):
    with subprocess.Popen(
        [sys.executable, "-m", "hub", "--project", str(project), "actions"],
        cwd=ROOT,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()

        assert process.stderr.read() == ""
        assert process.wait(PATIENCE) == 0
