"""A saved file serves the next request within two seconds, in all processes, without a restart."""

from __future__ import annotations

from functools import partial

from tests.fakes.receiver import FakeReceiver
from tests.fakes.services import HANG
from tests.processes.house import House, Process, until

WITHIN = 2.0 + 4.0  # seconds from the save to the answer, and what a busy machine needs
TAKEN_UP = "in force as they are saved now: calls-out"
ASKS = """
hub: 1
title: Says what its file says
endpoint:
  auth: broker
  respond:
    within: 10s
    otherwise: {web: WORD}
steps:
  - reply: {worker: WORD}
"""
AT_ONCE = """
hub: 1
title: Says what its file says
endpoint:
  auth: broker
  respond:
    at_once: {web: WORD}
steps:
  - log: WORD
"""


def save(house: House, name: str, text: str) -> None:
    """As an editor does it: another file, renamed."""
    place = house.project / "workflows" / f"{name}.yaml"
    draft = place.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(place)


def answer(house: House, name: str) -> object:
    """What a caller gets."""
    got = house.post(name, {})
    return got.json() if got.status_code < 300 else got.status_code


def tells(process: Process, words: str, *, times: int = 1) -> None:
    """Until its log says so, so many times."""
    until(lambda: process.lines.count(words) >= times, words)


def in_time(house: House, name: str, wanted: object) -> None:
    """Until every one of several web processes says so; in time."""
    until(
        lambda: [answer(house, name) for _ in range(6)] == [wanted] * 6,
        f"{name} says {wanted}",
        within=WITHIN,
    )


def test_a_saved_file_serves_the_next_requests_and_a_broken_one_changes_nothing(house: House):
    web, worker = house.start("web", HUB_WEB_PROCESSES="2"), house.start("worker")
    house.wait_for_web(web)
    house.wait_for_worker(worker)

    save(house, "at-once", AT_ONCE.replace("WORD", "one"))
    save(house, "asks", ASKS.replace("WORD", "one"))
    in_time(house, "at-once", {"web": "one"})
    in_time(house, "asks", {"worker": "one"})

    save(house, "asks", ASKS.replace("WORD", "two"))
    save(house, "at-once", AT_ONCE.replace("WORD", "two"))
    in_time(house, "at-once", {"web": "two"})
    in_time(house, "asks", {"worker": "two"})

    save(house, "asks", ASKS.replace("WORD", "three").replace("reply", "replay"))
    tells(worker, "stays in force")
    tells(web, "stays in force", times=2)  # each of its processes
    assert answer(house, "asks") == {"worker": "two"}
    found = house.caller.get(f"{house.url}/readyz").json()
    assert (found["broken_workflows"], found["earlier_versions"]) == (["asks"], ["asks"])

    save(house, "asks", ASKS.replace("WORD", "four"))
    in_time(house, "asks", {"worker": "four"})

    save(house, "new", ASKS.replace("reply", "replay"))
    in_time(house, "new", 503)
    refused = house.post("new", {})
    assert refused.headers["content-type"] == "application/problem+json"
    assert "the file of its workflow has errors" in refused.json()["title"]

    (house.project / "workflows" / "asks.yaml").unlink()
    in_time(house, "asks", 404)
    assert worker.lines.count("stays in force") == 1
    assert web.lines.count("stays in force") == 2
    assert worker.terminate() == web.terminate() == 0


def test_E15_a_run_in_hand_keeps_its_version_while_its_file_changes(
    house: House, receiver: FakeReceiver
):
    processes = house.start_both()
    lead = str(house.lead())
    place = house.project / "workflows" / "calls-out.yaml"
    receiver.then(HANG)
    house.send_all([partial(house.post, "calls-out", {"lead_id": lead})])
    until(lambda: receiver.requests, "the worker is in the call")

    save(house, "calls-out", place.read_text().replace("outcome: told", "outcome: changed"))
    for process in processes:
        tells(process, TAKEN_UP)
    receiver.release()
    house.wait_for_the_end()
    house.send_all([partial(house.post, "calls-out", {"lead_id": lead})])
    house.wait_for_the_end()

    rows = house.rows("SELECT outcome FROM interactions WHERE kind = 'call' ORDER BY at")
    assert [row.outcome for row in rows] == ["told", "changed"]
