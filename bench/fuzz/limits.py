"""One case within its limits: at most a second of the processor, at most 256 MiB (P5)."""

from __future__ import annotations

import resource
import signal
import time
import traceback
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.fuzz.target import Target, Wrong

MOST_SECONDS = 1.0  # of the processor: a busy machine is no fault of the case
MOST_MEMORY = 256 * 1024 * 1024
_LAST_LINES = -4


class TooSlow(BaseException):
    """The case took more than its time: no `except Exception` shall hide that."""


@dataclass(frozen=True)
class Verdict:
    """What became of a case. `fault` is None when all is well; `kind` tells faults apart."""

    seconds: float
    fault: str | None = None
    kind: str = ""


def judge(target: Target, case: bytes) -> Verdict:
    """Try one case; belongs into the main thread."""
    began = time.process_time()
    fault, kind = None, ""
    try:
        with _stopped_after(MOST_SECONDS):
            target.check(case)
    except Wrong as wrong:
        fault, kind = str(wrong), f"wrong: {wrong}"
    except TooSlow:
        fault = kind = f"more than {MOST_SECONDS:g} s"
    except MemoryError:
        fault = kind = f"more than {MOST_MEMORY >> 20} MiB"
    except BaseException as bug:  # noqa: BLE001 - this is what is looked for
        fault, kind = traceback.format_exc(limit=_LAST_LINES), _place(bug)
    return Verdict(time.process_time() - began, fault, kind)


def peak_memory(target: Target, case: bytes) -> int:
    """The most bytes that Python held for one case; slow, so only some cases are asked."""
    tracemalloc.start()
    try:
        judge(target, case)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def bound_memory() -> None:
    """From now on this process may take 256 MiB more than it has."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + MOST_MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


@contextmanager
def _stopped_after(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _place(bug: BaseException) -> str:
    last = traceback.extract_tb(bug.__traceback__)[-1]
    return f"{type(bug).__name__} at {last.filename}:{last.lineno}"
