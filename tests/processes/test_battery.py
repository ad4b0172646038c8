"""Everything that can be broken about a request, at every kind of endpoint of the real server."""

from __future__ import annotations

import json
import re

from tests.figures import Figure
from tests.processes.battery import CLOSED, Case, cases
from tests.processes.house import House
from tests.processes.kinds import KINDS, wire
from tests.processes.wires import Heard, children, say

TELLS_TOO_MUCH = re.compile(
    rb"Traceback|\.py\b|/hub/|SELECT |INSERT |psycopg|sqlalchemy|<html", re.IGNORECASE
)
LONGEST = 1.0  # seconds (I14)
AT_LEAST = 300


def faults_of(case: Case, heard: Heard) -> list[str]:
    """What is wrong with an answer, whatever the request was."""
    found = []
    if heard.status not in case.wanted:
        found.append(f"{heard.status} {heard.body[:200]!r}, not {sorted(case.wanted)}")
    if heard.seconds >= LONGEST:
        found.append(f"took {heard.seconds:.2f} s")
    if TELLS_TOO_MUCH.search(heard.data):
        found.append(f"tells too much: {heard.data!r}")
    if heard.status >= 400 and not is_problem(heard):
        found.append(f"is no problem document: {heard.data!r}")
    return [f"{case.name}: {each}" for each in found]


def is_problem(heard: Heard) -> bool:
    document = json.loads(heard.body)
    return (
        b"Content-Type: application/problem+json" in heard.head
        and document["status"] == heard.status
        and set(document) <= {"type", "title", "status", "instance", "errors"}
        and len(document.get("errors", ())) <= 20
    )


def test_I5_I14_nothing_malformed_breaks_the_server_or_leaves_a_run(
    counters: House, figure: Figure
):
    web = counters.wait_for_web(counters.start("web", HUB_WEB_PROCESSES="2"))
    processes = children(web.pid)
    battery = cases()
    assert len(battery) >= AT_LEAST

    answers = [say(counters.port, case.data) for case in battery]

    faults = [
        each
        for case, heard in zip(battery, answers, strict=True)
        for each in faults_of(case, heard)
    ]
    assert faults == [], "\n".join(faults)
    stored = counters.rows(
        "SELECT CAST(headers->>'x-case' AS int) AS number FROM deliveries"
        " LEFT JOIN runs ON runs.delivery_id = deliveries.id"
    )
    assert [each.number for each in stored if answers[each.number].status != 200] == []
    assert children(web.pid) == processes
    assert "Traceback" not in web.lines
    for kind in KINDS:
        if kind.status is None:
            data = wire(kind.method, kind.path, kind.headers(kind.good), kind.good)
            assert say(counters.port, data).status in {200, 201, 202}, kind.name
    broken = sum(1 for heard in answers if heard.status >= 500)
    closed = sum(1 for heard in answers if heard.status == CLOSED)
    slowest = max(heard.seconds for heard in answers) * 1000
    figure(
        "I14",
        f"{len(battery)} malformed requests at {len(KINDS)} kinds of endpoints: no 500,"
        f" {closed} closed without a word, slowest {slowest:.0f} ms",
    )
    assert {heard.status for heard in answers if heard.status >= 500} <= {503}, broken
