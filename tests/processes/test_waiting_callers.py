"""Callers who wait are answered at their deadline, whatever the workers do meanwhile (I13)."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic
from uuid import UUID

import httpx
from sqlalchemy import text

from tests.fakes.receiver import FakeReceiver
from tests.fakes.services import HANG
from tests.figures import Figure
from tests.processes.house import House, until
from tests.processes.test_dependency_faults import BUSY

DEADLINE = 1.0  # seconds, as the project of these tests says
WITHIN = DEADLINE + 0.25 + BUSY
CALLERS = 4
LATER = (202, {"success": True, "status": "accepted"})
OWN = '{"status": 200, "body": {"success": true}, "headers": {}, "failed": false}'


def ask(house: House, lead: UUID) -> tuple[httpx.Response, float]:
    """One request that waits, and how long it took."""
    begun = monotonic()
    return house.post("lead-phone", {"lead_id": str(lead)}), monotonic() - begun


def test_I7_I13_what_a_caller_heard_while_the_row_could_not_be_asked_is_what_repeats_hear(
    house: House,
):
    """The run answers in time, but its commit is not there at the deadline."""
    house.start_web()
    call, key = {"lead_id": str(house.lead())}, {"Idempotency-Key": "one"}
    with ThreadPoolExecutor(1) as callers:
        first = callers.submit(house.post, "lead-phone", call, key)
        until(lambda: house.unfinished() == 1, "the run")
        with house.database.begin() as connection:
            connection.execute(text("UPDATE runs SET response = CAST(:own AS json)"), {"own": OWN})
            heard = first.result()

    assert (heard.status_code, heard.json()) == LATER
    until(lambda: house.count("FROM runs WHERE response ->> 'status' = '202'") == 1, "it is stored")
    again = house.post("lead-phone", call, key)
    assert (again.status_code, again.content) == (202, heard.content)
    assert again.headers["Idempotent-Replayed"] == "true"


def test_E2_I13_with_all_workers_busy_and_then_killed_callers_hear_otherwise_in_time(
    house: House, receiver: FakeReceiver, figure: Figure
):
    house.start_web()
    workers = [house.start("worker", HUB_WORKER_RUNS="1") for _ in range(2)]
    for worker in workers:
        house.wait_for_worker(worker)
    lead = house.lead()
    receiver.always(HANG)
    busy = [house.post("calls-out", {"lead_id": str(lead)}) for _ in workers]
    assert [answer.status_code for answer in busy] == [202] * 2
    until(lambda: len(receiver.requests) == 2, "every worker is busy")

    answers: list[Future[tuple[httpx.Response, float]]] = []
    with ThreadPoolExecutor(2 * CALLERS) as callers:
        answers += [callers.submit(ask, house, lead) for _ in range(CALLERS)]
        for answer in answers:
            answer.result()
        answers += [callers.submit(ask, house, lead) for _ in range(CALLERS)]
        until(lambda: house.unfinished() == 2 + 2 * CALLERS, "the next ones are stored and wait")
        for worker in workers:
            worker.kill()

    heard = [answer.result() for answer in answers]
    assert [(answer.status_code, answer.json()) for answer, _ in heard] == [LATER] * 2 * CALLERS
    longest = max(lasted for _, lasted in heard)
    assert longest < WITHIN

    receiver.always(None)
    receiver.release()
    house.start_worker()
    house.wait_for_the_end()
    assert house.statuses() == {"succeeded": 2 + 2 * CALLERS}
    assert len(receiver.effects) == 2  # one for each run that was in a call (E7)
    figure("I13", f"{len(heard)} callers of busy and of killed workers: answered at their deadline")
