"""The processes that are measured: started, awaited, weighed, stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
START_WITHIN = 100.0
_STOP_WITHIN = 40
_LOOK_EVERY = 0.005
_TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    commands: list[list[str]],
    *,
    environment: Mapping[str, str],
    is_ready: Callable[[list[int]], bool],
    log: Path,
    within: float = START_WITHIN,
) -> Iterator[list[int]]:
    """Start the commands, wait until they are ready, give their pids, stop them.

    `is_ready` is asked with the pids. Raises `SystemExit` when one ends or none gets ready.
    """
    with log.open("ab") as output:
        started = [
            subprocess.Popen(  # noqa: S603 - our own commands
                command, cwd=ROOT, env={**os.environ, **environment}, stdout=output, stderr=output
            )
            for command in commands
        ]
        try:
            pids = [process.pid for process in started]
            until(lambda: _ended(started) or is_ready(pids), f"{commands[0]} starts", within=within)
            if _ended(started):
                raise SystemExit(f"{commands[0]} has ended:\n{log.read_text()[-2000:]}")
            yield pids
        finally:
            _stop(started)


def _ended(started: Iterable[subprocess.Popen[bytes]]) -> bool:
    return any(process.poll() is not None for process in started)


def _stop(started: Iterable[subprocess.Popen[bytes]]) -> None:
    for process in started:
        process.send_signal(signal.SIGTERM)
    for process in started:
        try:
            process.wait(timeout=_STOP_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def until(is_so: Callable[[], object], what: str, *, within: float = START_WITHIN) -> None:
    """Ask until it is true; raises `SystemExit` when it never is. Asking must cost little."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if is_so():
            return
        time.sleep(_LOOK_EVERY)
    raise SystemExit(f"this did not come: {what}")


def listens(port: int) -> bool:
    """Whether somebody listens on the port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def parent(pid: int) -> int:
    """The process that started it."""
    return int(_stat(pid)[1])


def memory(pids: Iterable[int]) -> float:
    """MiB of proportional set size of the processes and all their children."""
    return sum(_pss(pid) for pid in _family(pids)) / 1024


def processor(pids: Iterable[int]) -> float:
    """Seconds of processor time that the processes and all their children have used."""
    return sum(_processor(pid) for pid in _family(pids))


@contextmanager
def paused(pids: Iterable[int]) -> Iterator[None]:
    """The processes and all their children do nothing meanwhile. For some seconds: leases run."""
    family = _family(pids)
    _signal(family, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(family, signal.SIGCONT)


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _family(pids: Iterable[int]) -> set[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            parents[int(entry.name)] = int(fields[1])
    family = set(pids)
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return family


def _stat(pid: int) -> list[str]:
    """What stands behind the name of a process; nothing when it is gone."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _processor(pid: int) -> float:
    """With children that have ended: a server's sessions are some."""
    return sum(map(int, _stat(pid)[11:15])) / _TICKS


def _pss(pid: int) -> int:
    try:
        lines = (Path("/proc") / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
