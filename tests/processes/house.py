"""The real processes: `hub web` and `hub worker` on the suite's servers, seen from outside.

Nothing here sleeps for a fixed time: `until` looks again and again, up to a deadline.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import Engine, text

from hub.action import Attempt
from hub.bootstrap.clock import SystemClock
from hub.bootstrap.secrets import new_key
from hub.domain import leads, phones
from tests.processes.canaries import Canaries, of_database, of_texts

ROOT = Path(__file__).parents[2]
LOOPBACK_ONLY = Path(__file__).parent / "loopback"  # its sitecustomize guards every process
OUTSIDE = "outside.log"  # what was tried to reach beyond this machine
PATIENCE = 45.0
LEASE_SECONDS = 5
_LOOK_EVERY = 0.01
_BECOMES = {"web": ("-m", "hub.web.server"), "worker": ("-m", "hub.worker")}
_SENDERS = 8
_SECRET = "secret-of-the-process-tests"
_VAPI = {"X-Vapi-Secret": _SECRET}
_BROKER = {"Authorization": f"Bearer {_SECRET}"}
SIGNED = {**_VAPI, **_BROKER}  # what proves every caller of these tests


def until(is_so: Callable[[], Any], what: str, *, within: float = PATIENCE) -> Any:
    """What `is_so` gives once it is true; an AssertionError when that does not come."""
    deadline = monotonic() + within
    while monotonic() < deadline:
        if found := is_so():
            return found
        threading.Event().wait(_LOOK_EVERY)
    raise AssertionError(f"this did not come: {what}")


@dataclass
class Process:
    """One `hub web` or `hub worker`, with the children it has."""

    running: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.running.pid

    def signal(self, number: signal.Signals) -> None:
        """To the process that was started, as a supervisor does it."""
        self.running.send_signal(number)

    def kill(self) -> None:
        """SIGKILL for it and all its children."""
        os.killpg(self.pid, signal.SIGKILL)
        self.running.wait()

    def terminate(self) -> int:
        """SIGTERM; the exit code, which must come within 30 s (E14)."""
        self.signal(signal.SIGTERM)
        return self.running.wait(30)

    @property
    def lines(self) -> str:
        """What it has written so far."""
        return self.log.read_text("utf-8", errors="replace")


@dataclass
class House:
    """The processes of one test, their database, and a caller."""

    project: Path
    database: Engine
    environment: Mapping[str, str]
    port: int
    caller: httpx.Client
    started: list[Process] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # ---------------------------------------------------------------------------------- processes

    def start(self, name: str, *command: str, **changed: str) -> Process:
        """What `hub web` or `hub worker` becomes, or another command; it is not ready yet.

        `changed`: variables of its environment.
        """
        log = self.project / f"{name}-{len(self.started)}.log"
        with log.open("wb") as lines:
            running = subprocess.Popen(
                [sys.executable, *(command or _BECOMES[name])],
                env={**self.environment, **changed},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=lines,
                stderr=lines,
                start_new_session=True,
            )
        process = Process(running, log)
        self.started.append(process)
        return process

    def start_web(self) -> Process:
        """`hub web`, once it takes requests."""
        return self.wait_for_web(self.start("web"))

    def start_worker(self) -> Process:
        """`hub worker`, once it works."""
        return self.wait_for_worker(self.start("worker"))

    def start_both(self) -> tuple[Process, Process]:
        """Web and worker, once they are ready."""
        web, worker = self.start("web"), self.start("worker")
        return self.wait_for_web(web), self.wait_for_worker(worker)

    def wait_for_web(self, web: Process) -> Process:
        """Until it takes requests."""
        until(lambda: self._is_ready(web), "the web process is ready")
        return web

    def wait_for_worker(self, worker: Process) -> Process:
        """Until it works."""
        until(lambda: self._is_working(worker), "the worker is ready")
        return worker

    def stop(self) -> None:
        """Nothing of this test stays."""
        for process in self.started:
            if process.running.poll() is None:
                process.kill()

    def _is_ready(self, web: Process) -> bool:
        assert web.running.poll() is None, web.lines
        try:
            return self.caller.get(f"{self.url}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def _is_working(self, worker: Process) -> bool:
        assert worker.running.poll() is None, worker.lines
        return bool(self.rows("SELECT id FROM workers WHERE pid = :pid", pid=worker.pid))

    # -------------------------------------------------------------------------------------- rows

    def rows(self, question: str, **values: Any) -> list[Any]:
        """What the database says."""
        with self.database.connect() as connection:
            return list(connection.execute(text(question), values))

    def count(self, question: str, **values: Any) -> int:
        """The number of rows that a question finds."""
        return int(self.rows(f"SELECT count(*) {question}", **values)[0][0])

    def do(self, statement: str, **values: Any) -> None:
        """Change rows."""
        with self.database.begin() as connection:
            connection.execute(text(statement), values)

    def unfinished(self) -> int:
        """Runs that go on."""
        return self.count("FROM runs WHERE ended_at IS NULL")

    def wait_for_the_end(self) -> None:
        """Until no run goes on."""
        until(lambda: self.unfinished() == 0, "the end of all runs")

    def statuses(self) -> dict[str, int]:
        """How many runs are in which state."""
        return {row.status: row.n for row in self.rows(_STATUSES)}

    def run(self, run_id: UUID | str) -> Any:
        """The row of a run."""
        (row,) = self.rows("SELECT * FROM runs WHERE id = :id", id=run_id)
        return row

    def history(self, run_id: UUID | str) -> list[tuple[str, int]]:
        """Each state of a run with the token of its owner."""
        found = self.rows(
            "SELECT status, token FROM run_history WHERE run_id = :id ORDER BY id", id=run_id
        )
        return [(row.status, row.token) for row in found]

    def lead(self) -> UUID:
        """Somebody who holds a number."""
        clock = SystemClock()
        attempt = Attempt(run_id=uuid4(), workflow="tests", key=uuid4().hex, mode="live")
        with self.database.begin() as db:
            lead = leads.create(db, clock, attempt, first_name="Ada", last_name="Byron").lead_id
            phones.add_numbers(db, clock, numbers=[f"+1415555{next(self._numbers):04}"])
            phones.assign(db, clock, attempt, lead_id=lead)
        return lead

    # ------------------------------------------------------------------------------------- callers

    def post(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """One signed request."""
        proved = {**SIGNED, **(headers or {})}
        return self.caller.post(f"{self.url}/webhook/{path}", json=body, headers=proved)

    def call_ends(self, lead: UUID, call: str, **more: str) -> httpx.Response:
        """The voice platform reports the end of a phone call."""
        body = {"callId": call, "leadId": str(lead), "outcome": "no_answer", **more}
        return self.post("vapi-call-ended", body)

    def send_all(self, sends: Iterable[Callable[[], httpx.Response]]) -> list[str]:
        """Send side by side; the ids of the runs, all of which were accepted."""
        with ThreadPoolExecutor(_SENDERS) as senders:
            answers = [each.result() for each in [senders.submit(send) for send in sends]]
        assert {answer.status_code for answer in answers} == {202}
        return [answer.json()["run_id"] for answer in answers]


_STATUSES = "SELECT status, count(*) AS n FROM runs GROUP BY status"


def environment_for(project: Path, *, database_url: str, redis_url: str) -> dict[str, str]:
    """What the processes get; nothing of the suite's own environment."""
    return {
        "PATH": os.defpath,
        "HOME": str(project),
        "PYTHONPATH": os.pathsep.join([str(LOOPBACK_ONLY), *sys.path]),
        "HUB_TESTS_OUTSIDE": str(project / OUTSIDE),
        "HUB_DATABASE_URL": database_url,
        "HUB_REDIS_URL": redis_url,
        "HUB_PROJECT": str(project),
        "HUB_PORT": str(free_port()),
        "HUB_ENCRYPTION_KEY": new_key(),
        "HUB_WEB_PROCESSES": "1",
        "HUB_LEASE_SECONDS": str(LEASE_SECONDS),
        "VAPI_WEBHOOK_SECRET": _SECRET,
        "BROKER_API_TOKEN": _SECRET,
    }


def reached_outside(house: House) -> list[str]:
    """Connections and lookups beyond this machine that any process has tried (D10)."""
    told = house.project / OUTSIDE
    return told.read_text("utf-8").splitlines() if told.exists() else []


def shown_secrets(house: House) -> list[str]:
    """Where a secret of the suite's own processes can be read: logs, and what is in the rows."""
    canaries = Canaries()
    canaries.keep("the callers' secret", _SECRET)
    canaries.keep("HUB_ENCRYPTION_KEY", house.environment["HUB_ENCRYPTION_KEY"])
    logs = of_texts({each.log.name: each.log.read_bytes() for each in house.started})
    return canaries.seen_in(chain(logs, of_database(house.database)))


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
