"""The processes that are measured: the hub as shipped, and the floor, on the same servers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
_START_WITHIN = 30.0


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    commands: list[list[str]], *, environment: Mapping[str, str], port: int, log: Path
) -> Iterator[list[int]]:
    """Start the commands, wait until the port answers, give their pids, stop them."""
    with log.open("ab") as output:
        started = [
            subprocess.Popen(  # noqa: S603 - our own commands
                command, cwd=ROOT, env={**os.environ, **environment}, stdout=output, stderr=output
            )
            for command in commands
        ]
        try:
            _wait_for(port)
            yield [process.pid for process in started]
        finally:
            for process in started:
                process.send_signal(signal.SIGTERM)
            for process in started:
                process.wait(timeout=40)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + _START_WITHIN
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


def memory(pids: list[int]) -> float:
    """MiB of proportional set size of the processes and all their children."""
    return sum(_pss(pid) for pid in _family(pids)) / 1024


def _family(pids: list[int]) -> set[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    family = set(pids)
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return family


def _pss(pid: int) -> int:
    for line in (Path("/proc") / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0
