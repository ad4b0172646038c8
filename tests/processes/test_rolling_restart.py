"""Everything is restarted under load, one after the other: nobody is refused (E14, I11)."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from tests.figures import Figure
from tests.processes.house import House, Process, until
from tests.processes.wires import children

CALLERS = 2
_BREATH = 0.02  # seconds between the requests of a caller: the processes need the machine as well
BETWEEN = 20  # accepted requests between two restarts
LEADS = 5
READY = "the web process is ready"


@dataclass
class Load:
    """Callers who never try again, each request on a connection of its own."""

    house: House
    leads: list[UUID]
    ends_when_refused: bool = False
    accepted: set[str] = field(default_factory=set)
    faults: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    numbers: Iterator[int] = field(default_factory=count)
    is_over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        callers = [threading.Thread(target=self._send_until_it_is_over) for _ in range(CALLERS)]
        for caller in callers:
            caller.start()
        try:
            yield
        finally:
            self.is_over.set()
            for caller in callers:
                caller.join()

    def goes_on(self) -> None:
        """Until so many more were accepted."""
        wanted = len(self.accepted) + BETWEEN
        until(lambda: self.faults or len(self.accepted) >= wanted, "requests go on")
        assert self.faults == {}

    def _send_until_it_is_over(self) -> None:
        while not self.is_over.wait(_BREATH):
            place = next(self.numbers)
            try:
                answer = self.house.call_ends(self.leads[place % len(self.leads)], f"call-{place}")
            except httpx.ConnectError as problem:
                self.refused += 1
                if not self.ends_when_refused:
                    self.faults[repr(problem)] += 1
                return
            except httpx.TransportError as problem:
                self.faults[repr(problem)] += 1
            else:
                if answer.status_code == 202:
                    self.accepted.add(answer.json()["run_id"])
                else:
                    self.faults[f"{answer.status_code} {answer.text}"] += 1


@pytest.fixture
def load(house: House) -> Load:
    return Load(house, [house.lead() for _ in range(LEADS)])


@contextmanager
def successor_of(web: Process) -> Iterator[int]:
    """SIGUSR2: the main process of the new web, once all its processes are ready."""
    before = web.lines.count(READY)
    web.signal(signal.SIGUSR2)
    until(lambda: web.lines.count(READY) == 2 * before, "the new web is ready")
    (told,) = [line for line in web.lines.splitlines() if '"successor":' in line]
    pid = json.loads(told)["successor"]
    try:
        yield pid
    finally:
        with suppress(ProcessLookupError):
            os.killpg(web.pid, signal.SIGKILL)


def assert_nothing_is_lost_or_done_twice(house: House, accepted: set[str]) -> None:
    house.wait_for_the_end()
    assert {str(row.id) for row in house.rows("SELECT id FROM runs")} == accepted
    assert house.statuses() == {"succeeded": len(accepted)}
    calls = house.rows(
        "SELECT run_id, count(*) AS n FROM interactions WHERE kind = 'call' GROUP BY 1"
    )
    assert {str(row.run_id): row.n for row in calls} == dict.fromkeys(accepted, 1)


def is_gone(pid: int) -> bool:
    """Whether the process has ended; who was its child waits for nobody to ask."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


@pytest.mark.long
def test_E14_a_rolling_restart_under_load_loses_nothing_and_refuses_no_request(
    house: House, load: Load, figure: Figure
):
    web = house.wait_for_web(house.start("web", "-m", "hub", "web", HUB_WEB_PROCESSES="2"))
    workers = [house.start_worker(), house.start_worker()]
    until(lambda: web.lines.count(READY) == 2, "both processes of the web are ready")

    with ExitStack() as stack:
        with load.running():  # it ends first: nobody would take a caller who had just begun
            load.goes_on()
            successor = stack.enter_context(successor_of(web))
            load.goes_on()
            assert web.terminate() == 0, web.lines
            load.goes_on()
            for worker in workers:
                assert worker.terminate() == 0, worker.lines
                house.start_worker()
                load.goes_on()
        os.kill(successor, signal.SIGTERM)
        until(lambda: is_gone(successor), "the new web ends as well")

    assert (load.faults, load.refused) == ({}, 0)
    assert_nothing_is_lost_or_done_twice(house, load.accepted)
    figure(
        "E14",
        f"web of 2 processes and 2 workers restarted, {len(load.accepted)} requests: none lost",
    )


def test_I11_E14_a_web_told_to_stop_under_load_refuses_newcomers_and_drops_nobody(
    house: House, load: Load, figure: Figure
):
    web = house.wait_for_web(house.start("web", HUB_WEB_PROCESSES="2"))
    load.ends_when_refused = True

    with load.running():
        load.goes_on()
        assert web.terminate() == 0
        until(lambda: load.refused == CALLERS, "all callers are refused")

    assert load.faults == {}
    stored = {str(row.id) for row in house.rows("SELECT id FROM runs")}
    assert stored == load.accepted
    figure(
        "I11 stop", f"SIGTERM under load: {len(stored)} answered, {load.refused} refused, 0 dropped"
    )


def test_E14_what_is_left_of_a_killed_web_answers_what_it_has_and_lets_go_of_the_port(house: House):
    web = house.start_web()
    (orphan,) = children(web.pid)
    lead = str(house.lead())
    load = threading.Thread(
        target=lambda: answers.append(house.post("lead-phone", {"lead_id": lead}))
    )
    answers: list[httpx.Response] = []
    load.start()
    until(lambda: house.unfinished() == 1, "the request is stored")

    web.running.send_signal(signal.SIGKILL)
    web.running.wait()
    again = house.start("web", "-m", "hub", "web")

    load.join()
    assert [answer.status_code for answer in answers] == [202]
    house.wait_for_web(again)
    until(lambda: is_gone(orphan), "nothing is left of the killed one", within=10)
    house.wait_for_web(again)  # until now the orphan may have answered
    with socket.create_connection(("127.0.0.1", house.port)):
        assert again.terminate() == 0
