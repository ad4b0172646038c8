"""Everything is restarted under load, one after the other: nothing is lost or refused (E14)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count

import httpx
import pytest

from tests.figures import Figure
from tests.processes.house import House, Process, environment_for, until

CALLERS = 4
BETWEEN = 40  # requests between two restarts
LEADS = 5


@dataclass
class Balancer:
    """What stands before two webs: who is refused by one asks the other."""

    houses: tuple[House, House]
    accepted: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)
    is_over: threading.Event = field(default_factory=threading.Event)

    def send_until_it_is_over(self, lead: object) -> None:
        while not self.is_over.is_set() and not self.faults:
            place = next(self.numbers)
            try:
                answer = self._send(place, lead)
            except httpx.TransportError as problem:
                self.faults.append(f"{place}: {problem!r}")
                return
            if answer.status_code == 202:
                self.accepted.add(answer.json()["run_id"])
            else:
                self.faults.append(f"{place}: {answer.status_code} {answer.text}")

    def _send(self, place: int, lead: object) -> httpx.Response:
        one, other = self.houses if place % 2 else self.houses[::-1]
        try:
            return one.call_ends(lead, f"call-{place}")  # type: ignore[arg-type]
        except httpx.ConnectError:  # refused: nothing was sent
            return other.call_ends(lead, f"call-{place}")  # type: ignore[arg-type]

    def goes_on(self) -> None:
        """Until so many more were accepted."""
        wanted = len(self.accepted) + BETWEEN
        until(lambda: self.faults or len(self.accepted) >= wanted, "requests go on")


@pytest.fixture
def second(house: House) -> House:
    """Another web of the same hub, on a port of its own."""
    fresh = environment_for(house.project, database_url="", redis_url="")["HUB_PORT"]
    return replace(house, environment={**house.environment, "HUB_PORT": fresh}, port=int(fresh))


def restart(old: Process, house: House, name: str) -> Process:
    """As an operator does it: told to stop, ended in order, started again."""
    assert old.terminate() == 0, old.lines
    new = house.start(name)
    return house.wait_for_web(new) if name == "web" else house.wait_for_worker(new)


def test_E14_a_rolling_restart_under_load_loses_nothing_and_refuses_no_request(
    house: House, second: House, figure: Figure
):
    webs = [house.start_web(), second.start_web()]
    workers = [house.start_worker(), house.start_worker()]
    leads = [house.lead() for _ in range(LEADS)]
    balancer = Balancer((house, second))
    callers = [
        threading.Thread(target=balancer.send_until_it_is_over, args=(leads[place % LEADS],))
        for place in range(CALLERS)
    ]
    for caller in callers:
        caller.start()
    try:
        balancer.goes_on()
        restart(webs[0], house, "web")
        balancer.goes_on()
        restart(workers[0], house, "worker")
        balancer.goes_on()
        restart(webs[1], second, "web")
        restart(workers[1], house, "worker")
        balancer.goes_on()
    finally:
        balancer.is_over.set()
        for caller in callers:
            caller.join()

    assert balancer.faults == []
    house.wait_for_the_end()
    assert {str(row.id) for row in house.rows("SELECT id FROM runs")} == balancer.accepted
    assert house.statuses() == {"succeeded": len(balancer.accepted)}
    assert house.count("FROM interactions WHERE kind = 'call'") == len(balancer.accepted)
    figure("E14", f"4 processes restarted, {len(balancer.accepted)} requests: none refused or lost")
