"""docs/walk.md is walked: its commands are typed, its files are edited, its answers compared."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.processes.house import until
from tests.walk import PAGE, Edit, Typing, edited, fits, walk

SOON = 30.0  # seconds; how soon a saved file answers is measured elsewhere
PATIENCE = 100.0
_KEEP = '\ncode=$?\npwd > "$WALK/folder"\nexport -p > "$WALK/variables"\nexit $code\n'


@dataclass
class Reader:
    """Somebody who does what the page says, in one folder, with two shells."""

    home: Path
    port: int
    aside: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def type(self, typing: Typing) -> None:
        """Type a command; raises AssertionError when something else comes than the page says."""
        command, expected = self._here(typing.command), self._here(typing.expected)
        told = f"{PAGE.name}:{typing.line}: {command}"
        if typing.how == "aside":
            log = self._start(command)
            until(lambda: fits(log.read_text(), expected), told, within=PATIENCE)
        elif typing.how == "soon":
            until(lambda: fits(self._run(command), expected), told, within=SOON)
        else:
            printed = self._run(command)
            assert fits(printed, expected), f"{told}\n{printed}"

    def edit(self, edit: Edit) -> None:
        """Save a file, as an editor does it."""
        path = self._folder / edit.file
        draft = path.with_suffix(".draft")
        draft.write_text(edited(path.read_text("utf-8"), edit), "utf-8")
        draft.replace(path)

    def leave(self) -> list[int]:
        """Ctrl-C in every shell; the exit codes."""
        for process in self.aside:
            process.send_signal(signal.SIGINT)
        return [process.wait(PATIENCE) for process in self.aside]

    def _here(self, text: str) -> str:
        """The page's port may be somebody else's on this machine."""
        return text.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}")

    @property
    def _folder(self) -> Path:
        return Path((self.home / "folder").read_text().strip())

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "PATH": f"{self.home / 'bin'}:{Path(sys.executable).parent}:{os.defpath}",
            "HOME": str(self.home),
            "PYTHONPATH": os.pathsep.join(sys.path),
            "LC_ALL": "C.UTF-8",
            "HUB_PORT": str(self.port),
            "WALK": str(self.home),
        }

    def _run(self, command: str) -> str:
        """What a command prints; the folder and the variables are those of the one before."""
        script = f'set -a; . "$WALK/variables"; cd "$(cat "$WALK/folder")"\n{command}{_KEEP}'
        done = subprocess.run(
            ["/bin/sh", "-c", script],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
        )
        return done.stdout.decode()

    def _start(self, command: str) -> Path:
        log = self.home / f"aside-{len(self.aside)}.log"
        with log.open("wb") as lines:
            process = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {command}"],
                env=self._environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=lines,
                stderr=subprocess.DEVNULL,  # the log of the web and the worker
                start_new_session=True,
            )
        self.aside.append(process)
        return log


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    programs = (
        {"hub": "hub"} if shutil.which("curl") else {"hub": "hub", "curl": "tests.fakes.curl"}
    )
    (tmp_path / "bin").mkdir()
    for name, module in programs.items():
        program = tmp_path / "bin" / name
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m {module} "$@"\n')
        program.chmod(0o755)
    (tmp_path / "folder").write_text(f"{tmp_path}\n")
    (tmp_path / "variables").touch()
    reader = Reader(tmp_path, port)
    try:
        yield reader
    finally:
        for process in reader.aside:
            if process.poll() is None:
                process.terminate()
                process.wait(PATIENCE)


@pytest.mark.long
@pytest.mark.processes
@pytest.mark.timeout(300)
def test_the_walk_of_an_administrator_is_as_the_page_says(reader: Reader):
    done = []
    for each in walk(PAGE.read_text("utf-8")):
        done.append(type(each))
        if isinstance(each, Edit):
            reader.edit(each)
        else:
            reader.type(each)

    assert (done.count(Typing) > 15, done.count(Edit) > 10) == (True, True)
    assert reader.leave() == [0]
