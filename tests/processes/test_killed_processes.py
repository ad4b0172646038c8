"""SIGKILL and SIGSTOP at any time: every accepted run ends, no local effect happens twice."""

from __future__ import annotations

import signal
import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from uuid import UUID

import httpx

from tests.fakes.receiver import FakeReceiver
from tests.fakes.services import HANG
from tests.processes.house import House, until

RUNS = 200
LEADS = 20


def reports(house: House, leads: list[UUID], number: int) -> list[partial[httpx.Response]]:
    """So many ends of calls; every second one booked an appointment of its own."""
    first = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)  # noqa: TID251 - callers
    made = []
    for place in range(number):
        at = (first + timedelta(hours=place)).isoformat()
        booked = {"outcome": "appointment_booked", "appointmentTime": at} if place % 2 else {}
        made.append(partial(house.call_ends, leads[place % len(leads)], f"call-{place}", **booked))
    return made


def assert_each_happened_once(house: House, number: int) -> None:
    """One call is one line of the lead's history; one booking is one appointment."""
    calls = house.rows(
        "SELECT run_id, count(*) AS n FROM interactions WHERE kind = 'call' GROUP BY 1"
    )
    assert len(calls) == number
    assert {row.n for row in calls} == {1}
    booked = house.rows("SELECT run_id, count(*) AS n FROM appointments GROUP BY 1")
    assert len(booked) == number // 2
    assert {row.n for row in booked} == {1}


def test_E2_E5_E6_a_worker_killed_in_the_middle_of_200_runs_loses_and_repeats_nothing(house: House):
    house.start_web()
    leads = [house.lead() for _ in range(LEADS)]
    accepted = house.send_all(reports(house, leads, RUNS))

    killed = house.start("worker")
    until(lambda: house.unfinished() <= RUNS - 20, "the worker is in the middle of its work")
    killed.kill()
    left = house.unfinished()
    assert left > 0, "it was killed too late to prove anything"
    house.start_worker()
    house.wait_for_the_end()

    assert house.statuses() == {"succeeded": RUNS}
    assert {str(row.id) for row in house.rows("SELECT id FROM runs")} == set(accepted)
    assert_each_happened_once(house, RUNS)
    taken_over = house.count("FROM run_history WHERE why = 'the lease ran out'")
    assert 0 < taken_over <= left


def test_I1_what_web_answered_before_it_was_killed_is_stored_and_ends(house: House):
    web, _ = house.start_both()
    leads = [house.lead() for _ in range(LEADS)]
    accepted: set[str] = set()
    is_enough = threading.Event()

    def report_until_it_dies(numbers: count[int]) -> None:
        while True:
            place = next(numbers)
            try:
                answer = house.call_ends(leads[place % LEADS], f"call-{place}")
            except httpx.TransportError:
                return
            if answer.status_code == 202:
                accepted.add(answer.json()["run_id"])
            if len(accepted) >= 40:
                is_enough.set()

    numbers = count()
    callers = [threading.Thread(target=report_until_it_dies, args=(numbers,)) for _ in range(8)]
    for caller in callers:
        caller.start()
    assert is_enough.wait(30)
    web.kill()
    for caller in callers:
        caller.join()
    house.wait_for_the_end()

    stored = {str(row.id) for row in house.rows("SELECT id FROM runs")}
    assert accepted <= stored
    assert house.statuses() == {"succeeded": len(stored)}
    calls = house.rows(
        "SELECT run_id, count(*) AS n FROM interactions WHERE kind = 'call' GROUP BY 1"
    )
    assert {str(row.run_id): row.n for row in calls} == dict.fromkeys(stored, 1)


def test_E4_a_worker_stopped_beyond_its_lease_changes_nothing_when_it_wakes(
    house: House, receiver: FakeReceiver
):
    _, stopped = house.start_both()
    lead = house.lead()
    receiver.then(HANG)
    (run_id,) = house.send_all([lambda: house.post("calls-out", {"lead_id": str(lead)})])
    until(lambda: receiver.requests, "the first worker is in the call")

    stopped.signal(signal.SIGSTOP)
    house.start_worker()
    house.wait_for_the_end()
    ended = house.run(run_id)
    steps = house.rows("SELECT * FROM steps ORDER BY seq")
    receiver.release()
    stopped.signal(signal.SIGCONT)
    until(lambda: "belongs to another worker" in stopped.lines, "the woken worker drops the run")

    assert ended.status == "succeeded"
    assert house.run(run_id) == ended
    assert house.rows("SELECT * FROM steps ORDER BY seq") == steps
    assert house.history(run_id) == [
        ("queued", 0),
        ("running", 1),
        ("queued", 1),
        ("running", 2),
        ("succeeded", 2),
    ]
    keys = {request.headers["idempotency-key"] for request in receiver.requests}
    assert keys == {f"{run_id}/told"}
    assert (
        len(
            house.rows(
                "SELECT id FROM interactions WHERE run_id = :id AND kind = 'call'", id=run_id
            )
        )
        == 1
    )
    assert stopped.running.poll() is None
    house.send_all([lambda: house.call_ends(lead, "call-afterwards")])
    house.wait_for_the_end()
