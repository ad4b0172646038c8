"""Processes under test: forked by a nursery, told apart by their ids, looked at from outside."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0
_LOOK_EVERY = 0.01


def until(is_so: Callable[[], Any], what: str, *, within: float = PATIENCE) -> Any:
    """What `is_so` gives once it is true."""
    ends = monotonic() + within
    while not (found := is_so()):
        if monotonic() > ends:
            raise TimeoutError(f"this did not come: {what}")
        threading.Event().wait(_LOOK_EVERY)
    return found


class Nursery:
    """A process that forks one child for each life (nursery.py)."""

    def __init__(self, kind: str, log: Path) -> None:
        with log.open("wb") as lines:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.crash_points.nursery", kind],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=lines,
                cwd=ROOT,
                env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
            )
        self._log = log
        self._born: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.ended: dict[int, int] = {}
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def wait_until_ready(self) -> None:
        """Everything is imported."""
        self._next()

    def begin(self, life: Mapping[str, Any]) -> int:
        """Fork; the child's id."""
        assert self._process.stdin is not None
        self._process.stdin.write((json.dumps(life) + "\n").encode())
        self._process.stdin.flush()
        return int(self._next()["child"])

    def close(self) -> None:
        """No more children."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._listener.join()
        self._process.stdout.close()

    def _next(self) -> dict[str, Any]:
        try:
            return self._born.get(timeout=PATIENCE)
        except queue.Empty:
            raise TimeoutError(self._log.read_text("utf-8", "replace")) from None

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said = json.loads(line)
            if "pid" in said:
                self.ended[said["pid"]] = said["status"]
            else:
                self.ended.pop(said.get("child"), None)  # ids come again
                self._born.put(said)


@dataclass
class Life:
    """One process: what it has told, and how it ended."""

    pid: int
    nursery: Nursery
    told_file: Path
    log: Path

    @property
    def told(self) -> list[str]:
        """The lines it has told: points it passed, `!` where it died, `?` beside every site."""
        return self.told_file.read_text("utf-8").splitlines() if self.told_file.exists() else []

    @property
    def has_struck(self) -> bool:
        """Whether its death has come."""
        return any(line.startswith("!") for line in self.told)

    @property
    def status(self) -> int | None:
        """Its exit status, negative for a signal; None while it lives."""
        return self.nursery.ended.get(self.pid)

    @property
    def lines(self) -> str:
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def signal(self, number: signal.Signals) -> None:
        if self.status is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def end(self) -> None:
        """SIGKILL."""
        self.signal(signal.SIGKILL)
        until(lambda: self.status is not None, "the end of a process")
