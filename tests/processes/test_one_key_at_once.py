"""Sixty-four callers with one key at once, over HTTP, also around a crash: one run (I7)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import UUID

import httpx

from tests.processes.house import House, until

CALLERS = 64
STORED = "FROM deliveries WHERE endpoint = 'vapi-call-ended'"


def at_once(send: Callable[[], httpx.Response]) -> list[httpx.Response | None]:
    """All callers send at the same moment; None for one whose connection broke."""
    start = threading.Barrier(CALLERS)

    def one(_: int) -> httpx.Response | None:
        start.wait()
        try:
            return send()
        except httpx.TransportError:
            return None

    with ThreadPoolExecutor(CALLERS) as threads:
        return list(threads.map(one, range(CALLERS)))


def assert_one_run(house: House, lead: UUID, answers: list[httpx.Response | None]) -> None:
    """Equal answers for all, one run, one line of the lead's history."""
    told = {(each.status_code, each.content) for each in answers if each is not None}
    assert len(told) == 1
    assert answers.count(None) == 0
    ((status, _),) = told
    assert status == 202
    house.wait_for_the_end()
    (run,) = house.rows("SELECT DISTINCT run_id FROM interactions WHERE lead_id = :id", id=lead)
    assert run.run_id is not None


def test_I7_P6_64_at_once_over_http_make_one_run_also_around_a_crash(house: House, figure):
    web, _ = house.start_both()
    ada, bob = house.lead(), house.lead()
    house.do("DELETE FROM interactions")  # of the numbers they were given

    answers = at_once(partial(house.call_ends, ada, "call-1"))

    assert_one_run(house, ada, answers)
    assert house.count("FROM runs") == 1
    replayed = [each.headers.get("Idempotent-Replayed") for each in answers if each is not None]
    assert replayed.count("true") == CALLERS - 1

    with ThreadPoolExecutor(1) as crowd:
        cut_off = crowd.submit(at_once, partial(house.call_ends, bob, "call-2"))
        until(lambda: house.count(STORED) == 2, "the first of the second crowd is stored")
        web.kill()
        cut_off.result()
    house.start_web()
    answers = at_once(partial(house.call_ends, bob, "call-2"))

    assert_one_run(house, bob, answers)
    assert house.count("FROM runs") == 2
    figure("I7", f"{CALLERS} at once over HTTP, twice, once around a SIGKILL: 1 run each, 0 errors")
