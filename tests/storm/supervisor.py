"""Starts processes, and starts again what ended, as systemd would (`Restart=always`)."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic

from tests.processes.house import ROOT

_LOOK_EVERY = 0.1  # seconds
_STARTS_AGAIN_AFTER = 0.3
_STARTS_WITHIN = 6.0  # on a busy machine
_DRAINS_WITHIN = 45.0  # E14 says 30; `hub dev` waits for its children, then stops its servers


class Supervisor:
    """One process for each name. `ended`: (name, return code) → how often, while it was wanted."""

    def __init__(
        self, commands: Mapping[str, Sequence[str]], environment: Mapping[str, str], logs: Path
    ) -> None:
        self._commands, self._environment, self._logs = commands, environment, logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor")
        self._started_at = monotonic()
        self.ended: Counter[tuple[str, int]] = Counter()

    def start(self) -> None:
        """Start everything."""
        for name in self._commands:
            self._start(name)
        self._thread.start()

    @property
    def names(self) -> list[str]:
        """What is kept running."""
        return list(self._commands)

    def pid(self, name: str) -> int:
        """The process that has this name now."""
        return self._running[name].pid

    def stop(self) -> dict[str, int]:
        """SIGTERM for everything; the return codes. Nothing of it stays."""
        self._stopping.set()
        self._thread.join()
        # SIGTERM before Python has read its modules ends a process without a word.
        threading.Event().wait(max(self._started_at + _STARTS_WITHIN - monotonic(), 0))
        for process in self._running.values():
            process.terminate()
        codes = {name: self._wait(process) for name, process in self._running.items()}
        for process in self._running.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        return codes

    def tracebacks(self) -> int:
        """How many tracebacks stand in the logs."""
        logs = (self._logs / f"{name}.log" for name in self._commands)
        return sum(log.read_text("utf-8", errors="replace").count("Traceback (") for log in logs)

    def _wait(self, process: subprocess.Popen[bytes]) -> int:
        try:
            return process.wait(_DRAINS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def _start(self, name: str) -> None:
        self._started_at = monotonic()
        with (self._logs / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                self._commands[name],
                env=dict(self._environment),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _watch(self) -> None:
        while not self._stopping.wait(_LOOK_EVERY):
            for name, process in list(self._running.items()):
                if process.poll() is not None:
                    self.ended[name, process.returncode] += 1
                    if not self._stopping.wait(_STARTS_AGAIN_AFTER):
                        self._start(name)


def family(pid: int) -> list[int]:
    """A process and all that descend from it, parents first."""
    children: dict[int, list[int]] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(place.read_text("utf-8", errors="replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(place.parent.name))
    found = [pid]
    for each in found:
        found += sorted(children.get(each, ()))
    return found


def tell(pid: int, number: signal.Signals) -> bool:
    """Send a signal; whether the process was there."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def command_line(pid: int) -> str:
    """What a process was started with; nothing of one that is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
