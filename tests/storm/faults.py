"""Does what the plan says, when it says it, and writes down what was done."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from hub.bootstrap.clock import SystemClock
from tests.processes.house import until
from tests.storm import project
from tests.storm.houses import StormHouse
from tests.storm.pace import Pace
from tests.storm.plan import Fault
from tests.storm.supervisor import tell

_SIGNALS = {"kill": signal.SIGKILL, "terminate": signal.SIGTERM, "stop": signal.SIGSTOP}
_GETS_UP_WITHIN = 12.0  # seconds
_PAUSE = threading.Event()  # never set


@dataclass(frozen=True)
class Applied:
    """What came of a fault. `accepted`: webhooks accepted when it began, of `of` in all."""

    fault: Fault
    began: datetime
    over: datetime
    what: str
    accepted: int
    of: int
    is_done: bool


class Faults:
    """Faults as they fall due; each runs in a thread of its own, beside others that still last."""

    def __init__(
        self, faults: Sequence[Fault], house: StormHouse, progress: Callable[[], tuple[int, int]]
    ) -> None:
        self._faults, self._house, self._progress = faults, house, progress
        self._between = max(progress()[1] // max(len(faults), 1) // 8, 1)
        self._threads: list[threading.Thread] = []
        self.applied: list[Applied] = []

    def run(self, pace: Pace, seconds: float) -> None:
        """All of them, over so many seconds of traffic; returns when the last one is over.

        Each waits until some webhooks were accepted since the one before, but not for ever: what
        is not up again yet may be hit again.
        """
        wanted = 0
        for fault in self._faults:
            pace.wait_until(fault.at * seconds)
            pace.hold_until_accepted(wanted, _GETS_UP_WITHIN)
            wanted = self._progress()[0] + self._between
            thread = threading.Thread(target=self._apply, args=(fault,), name=fault.kind)
            thread.start()
            self._threads.append(thread)
        for thread in self._threads:
            thread.join()
        self.applied.sort(key=lambda each: each.fault.number)

    def _apply(self, fault: Fault) -> None:
        clock = SystemClock()
        accepted, of = self._progress()
        began = clock.now()
        try:
            what, is_done = self._do(fault), True
        except (OSError, ValueError, LookupError, psycopg.Error, AssertionError) as problem:
            what, is_done = f"{type(problem).__name__}: {problem}".splitlines()[0], False
        self.applied.append(Applied(fault, began, clock.now(), what, accepted, of, is_done))

    def _do(self, fault: Fault) -> str:
        whom, _, what = fault.kind.partition(".")
        if whom == "postgres":
            return self._to_postgres(what, fault)
        if whom == "redis":
            return self._to_redis(what, fault)
        if whom == "files":
            return project.save_again(self._house.folder, fault.pick)
        return self._to_process(whom, what, fault)

    def _to_process(self, whom: str, what: str, fault: Fault) -> str:
        role = "child" if what.endswith("_child") else whom
        first = _SIGNALS[what.partition("_")[0]]

        def hit() -> int:
            living = self._house.pids(role)
            pid = living[fault.pick % len(living)] if living else 0
            return pid if pid and tell(pid, first) else 0

        pid = until(hit, f"a {role} lives")
        if first == signal.SIGSTOP:
            _PAUSE.wait(fault.seconds)
            tell(pid, signal.SIGCONT)
        return f"{role} {pid}"

    def _to_redis(self, what: str, fault: Fault) -> str:
        redis = self._house.servers.redis
        if what == "flush":
            return redis.alone(self._house.servers.flush)
        if what == "stop":
            return redis.freeze(fault.seconds)
        if what == "cut":
            return redis.alone(lambda: self._cut("redis", fault.seconds))
        return redis.end(signal.SIGKILL if what == "kill" else signal.SIGTERM, away=fault.seconds)

    def _to_postgres(self, what: str, fault: Fault) -> str:
        postgres = self._house.servers.postgres
        if what == "kill_backend":
            return postgres.alone(lambda: self._kill_backend(fault.pick))
        if what == "end_sessions":
            return postgres.alone(self._house.servers.end_sessions)
        if what == "stop":
            return postgres.freeze(fault.seconds)
        if what == "cut":
            return postgres.alone(lambda: self._cut("postgres", fault.seconds))
        # SIGQUIT is its immediate shutdown: no checkpoint, recovery at the next start.
        return postgres.end(
            signal.SIGKILL if what == "kill" else signal.SIGQUIT, away=fault.seconds
        )

    def _kill_backend(self, pick: int) -> str:
        """The server ends all sessions then, and recovers as after a crash."""
        backends = until(self._house.servers.backends, "the hub has a connection")
        pid = backends[pick % len(backends)]
        os.kill(pid, signal.SIGKILL)
        return f"backend {pid}"

    def _cut(self, name: str, seconds: float) -> str:
        link = self._house.links[name]
        link.cut()
        _PAUSE.wait(seconds)
        link.restore()
        return f"link to {name}"
