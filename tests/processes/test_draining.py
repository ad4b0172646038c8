"""SIGTERM: web answers what it has, a worker hands back what it holds, both exit 0 (E14)."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.fakes.receiver import FakeReceiver
from tests.fakes.services import HANG
from tests.processes.house import House, until

RUNS = 100


def test_E14_a_worker_told_to_stop_loses_nothing_and_leaves_nothing_in_hand(house: House):
    house.wait_for_web(house.start("web", "-m", "hub", "web"))
    leads = [house.lead() for _ in range(10)]
    house.send_all(
        partial(house.call_ends, leads[place % 10], f"call-{place}") for place in range(RUNS)
    )
    worker = house.start("worker", "-m", "hub", "worker")
    until(lambda: house.unfinished() <= RUNS - 10, "the worker is in the middle of its work")

    assert worker.terminate() == 0
    left = house.statuses()
    assert set(left) == {"queued", "succeeded"}
    assert house.count("FROM workers") == 0

    house.start_worker()
    house.wait_for_the_end()
    assert house.statuses() == {"succeeded": RUNS}
    assert house.count("FROM interactions WHERE kind = 'call'") == RUNS
    assert house.count("FROM run_history WHERE why = 'the lease ran out'") == 0


def test_E14_a_worker_told_to_stop_ends_the_step_it_is_in(house: House, receiver: FakeReceiver):
    _, worker = house.start_both()
    receiver.then(HANG)
    house.send_all([partial(house.post, "calls-out", {"lead_id": str(house.lead())})])
    until(lambda: receiver.requests, "the worker is in the call")

    worker.signal(signal.SIGTERM)
    worker.signal(signal.SIGTERM)  # a shell and a supervisor tell it twice
    until(lambda: "the worker stops" in worker.lines, "the worker drains")
    receiver.release()

    assert worker.running.wait(30) == 0
    assert house.statuses() != {"running": 1}
    house.start_worker()
    house.wait_for_the_end()
    assert house.statuses() == {"succeeded": 1}


# The same worker, with less patience than 25 s.
IMPATIENT = """
import sys
from datetime import timedelta
from hub.worker import process
from hub.worker.__main__ import main
process.DRAIN_WITHIN = timedelta(seconds=2)
sys.exit(main())
"""


def test_E14_a_worker_that_cannot_get_out_of_a_call_leaves_the_run_to_another(
    house: House, receiver: FakeReceiver
):
    house.start_web()
    worker = house.wait_for_worker(house.start("worker", "-c", IMPATIENT))
    receiver.then(HANG)
    house.send_all([partial(house.post, "calls-out", {"lead_id": str(house.lead())})])
    until(lambda: receiver.requests, "the worker is in the call")

    assert worker.terminate() == 0
    assert "still in a call" in worker.lines
    assert house.statuses() == {"running": 1}
    house.start_worker()
    house.wait_for_the_end()
    assert house.statuses() == {"succeeded": 1}
    assert len(receiver.effects) == 1  # one key, however often it was sent (E7)


def test_E14_web_told_to_stop_answers_what_it_has(house: House):
    web = house.start_web()
    lead = house.lead()
    with ThreadPoolExecutor(1) as callers:
        waiting = callers.submit(house.post, "lead-phone", {"lead_id": str(lead)})
        until(lambda: house.unfinished() == 1, "the request is stored")
        assert web.terminate() == 0
        answer = waiting.result()

    assert (answer.status_code, answer.json()) == (202, {"success": True, "status": "accepted"})


def test_I13_without_a_worker_the_caller_gets_otherwise_and_the_run_is_done_later(house: House):
    house.start_web()
    lead = house.lead()

    answer = house.post("lead-phone", {"lead_id": str(lead)})

    assert (answer.status_code, answer.json()) == (202, {"success": True, "status": "accepted"})
    assert house.statuses() == {"queued": 1}
    house.start_worker()
    house.wait_for_the_end()
    (run,) = house.rows("SELECT status, response FROM runs")
    assert run.status == "succeeded"
    assert run.response["body"] == answer.json()  # the first answer stays
