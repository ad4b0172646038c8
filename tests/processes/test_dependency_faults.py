"""The table "When something is down": every fault, before, during and after a request (I11, P7)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic
from typing import Any

import httpx
import pytest
from sqlalchemy.engine import make_url

from tests.acceptance.counter import BROKER, VAPI, sample
from tests.figures import Figure
from tests.processes.house import House, until
from tests.processes.kinds import KINDS
from tests.processes.link import Link

WITHIN = 2.0  # seconds: the answer (I11)
BACK_WITHIN = 5.0  # seconds: accepts again
BUSY = 1.0  # seconds more for a busy machine
LEAD = "5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21"
ALL = {kind.name: kind for kind in KINDS}

Fault = Callable[[Link], None]
FAULTS: dict[str, Fault] = {
    "refuses": Link.cut,
    "hangs": Link.hang,
    "resets": Link.reset,
}


@dataclass
class Counter:
    """Callers of a web whose way to the database can fail."""

    house: House
    link: Link

    def send(self, mark: str, *, path: str = "plain", key: str | None = None) -> Any:
        """One request with a mark in its body that can be seen on the way to the database."""
        body = {"lead_id": LEAD, "appointment_time": "2025-12-03T19:00:00Z", "mark": mark}
        headers = {**BROKER, "Idempotency-Key": key} if key else BROKER
        return self._timed(path, json.dumps(body).encode(), headers)

    def call_tool(self) -> Any:
        """A voice agent calls its tool."""
        return self._timed("voice", sample("vapi/tool-calls"), VAPI)

    def call_tools(self, count: int) -> Any:
        """A voice agent calls its tool so many times in one request."""
        body = json.loads(sample("vapi/tool-calls"))
        (call,) = body["message"]["toolCallList"]
        body["message"]["toolCallList"] = [{**call, "id": f"call-{n}"} for n in range(count)]
        return self._timed("voice", json.dumps(body).encode(), VAPI)

    def _timed(self, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        begun = monotonic()
        answer = self.house.caller.post(
            f"{self.house.url}/webhook/{path}",
            content=body,
            headers={**headers, "Content-Type": "application/json"},
        )
        assert monotonic() - begun < WITHIN + BUSY, answer
        return answer

    def accepts_again(self) -> None:
        """In time and without a restart."""
        until(lambda: self.send("again").status_code == 202, "it accepts again", within=BACK_WITHIN)

    def marked(self, mark: str) -> int:
        """How many runs there are of requests with this mark."""
        return self.house.count(
            "FROM runs JOIN deliveries ON deliveries.id = runs.delivery_id"
            " WHERE position(CAST(:mark AS bytea) IN body) > 0",
            mark=mark.encode(),
        )


def through(link: Link, url: str) -> str:
    """The database's address behind the link."""
    linked = make_url(url).set(host="127.0.0.1", port=link.port, query={})
    return linked.render_as_string(hide_password=False)


@pytest.fixture
def counter(counters: House, database_link: Link) -> Iterator[Counter]:
    """A web behind a link that works, and has worked."""
    url = through(database_link, counters.environment["HUB_DATABASE_URL"])
    web = counters.wait_for_web(counters.start("web", HUB_DATABASE_URL=url))
    opened = Counter(counters, database_link)
    for _ in range(3):
        assert opened.send("before").status_code == 202
    yield opened
    assert "Traceback" not in web.lines
    assert web.running.poll() is None


def is_refused(answer: httpx.Response) -> None:
    """503, when to come back, and nothing about the reason."""
    assert answer.status_code == 503, answer.text
    assert answer.headers["Retry-After"] == "5"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(answer.json()) == {"type", "title", "status", "instance"}


def is_told(answer: httpx.Response) -> None:
    """The error form of a tool, and no success sentence."""
    (result,) = answer.json()["results"]
    assert "could not be saved" in result["error"]
    assert "result" not in result


def test_I11_P7_a_database_that_refuses_hangs_or_resets_is_503_in_time_until_it_is_back(
    counter: Counter, figure: Figure
):
    asked = 0
    for name, fault in FAULTS.items():
        fault(counter.link)
        for place in range(3):
            is_refused(counter.send(f"{name}-{place}"))
            asked += 1
        is_told(counter.call_tool())
        assert counter.house.caller.get(f"{counter.house.url}/healthz").status_code == 200
        assert counter.house.caller.get(f"{counter.house.url}/readyz").status_code == 503
        counter.link.restore()
        counter.accepts_again()
        if (
            name != "hangs"
        ):  # what hung may be carried out when the server wakes: its key settles it
            assert [counter.marked(f"{name}-{place}") for place in range(3)] == [0, 0, 0]
    figure(
        "P7", f"{len(FAULTS)} faults of the database, {asked} requests: 503 in time, then accepted"
    )


def test_I11_a_slow_link_is_waited_for_and_one_that_is_too_slow_is_503(counter: Counter):
    counter.link.delay(0.1)
    assert counter.send("slow").status_code == 202
    counter.link.delay(1.0)
    is_refused(counter.send("slower"))
    counter.link.restore()
    counter.accepts_again()


@pytest.mark.parametrize("key", [None, "settled"])
@pytest.mark.parametrize("silently", [False, True])
def test_I11_P7_when_the_answer_to_the_commit_is_lost_the_run_is_looked_up(
    counter: Counter, key: str | None, *, silently: bool
):
    counter.link.lose_answer(b"lost", silently=silently)

    answer = counter.send("lost", key=key)

    assert counter.link.sprung.is_set()
    assert counter.marked("lost") == 1  # it was committed
    assert answer.status_code in {202, 503} if silently else {202}
    counter.link.restore()
    counter.accepts_again()
    if key is not None:
        again = counter.send("lost", key=key)
        assert (again.status_code, counter.marked("lost")) == (202, 1)
        if answer.status_code == 202:
            assert again.json() == answer.json()


def test_I5_P7_a_request_that_broke_on_its_way_to_the_database_is_503_and_nothing_is_stored(
    counter: Counter,
):
    counter.link.break_at(b"halved")

    is_refused(counter.send("halved", key="halved"))

    assert counter.link.sprung.is_set()
    assert counter.marked("halved") == 0
    assert counter.send("halved", key="halved").status_code == 202
    assert counter.marked("halved") == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_I11_I13_a_fault_behind_the_acceptance_changes_no_answer(counter: Counter, fault: str):
    """The waiting caller hears `otherwise` at its deadline, though the database is gone."""
    with ThreadPoolExecutor(4) as callers:
        begun = monotonic()
        waiting = [callers.submit(counter.send, f"{fault}-{n}", path="waits") for n in range(4)]
        names = [f"{fault}-{n}" for n in range(4)]
        until(lambda: all(counter.marked(name) == 1 for name in names), "all are stored")
        FAULTS[fault](counter.link)
        answers = [each.result() for each in waiting]
        lasted = monotonic() - begun
    assert {answer.status_code for answer in answers} == {202}
    assert [answer.json() for answer in answers] == [{"status": "later"}] * 4
    assert lasted < 1.0 + 0.25 + BUSY
    counter.link.restore()
    counter.accepts_again()


def test_I13_many_calls_in_one_request_hear_otherwise_in_time_though_the_database_hangs(
    counter: Counter,
):
    """They share the quarter of a second behind their deadline."""
    with ThreadPoolExecutor(1) as caller:
        before, begun = counter.house.count("FROM runs"), monotonic()
        waiting = caller.submit(counter.call_tools, 60)
        until(lambda: counter.house.count("FROM runs") == before + 60, "all are stored")
        counter.link.hang()
        results = waiting.result().json()["results"]
        lasted = monotonic() - begun
    assert [each["result"] for each in results] == ["The appointment is being saved."] * 60
    assert lasted < 1.0 + 0.25 + BUSY
    counter.link.restore()
    counter.accepts_again()
