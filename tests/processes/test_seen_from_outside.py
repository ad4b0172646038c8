"""Metrics, traces and logs of the real processes, as Prometheus and a collector see them."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.fakes.collector import FakeCollector, attributes
from tests.fakes.receiver import FakeReceiver
from tests.fakes.services import Answer
from tests.figures import Figure
from tests.processes.house import House, Process, free_port, until
from tests.processes.link import Link

TOKEN = "token-of-the-metrics-tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
CANARY = "canary-of-the-traces"
CALLS = 'hub_requests_total{endpoint="vapi-call-ended",status="202"}'
PROCESSES = 'hub_processes{role="web"}'


@pytest.fixture
def collector() -> Iterator[FakeCollector]:
    with FakeCollector() as fake:
        yield fake


def page(house: House, port: int | None = None) -> dict[str, float]:
    """What Prometheus reads: sample → value."""
    answer = house.caller.get(f"http://127.0.0.1:{port or house.port}/metrics", headers=BEARER)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = {}
    for family in text_string_to_metric_families(answer.text):
        for each in family.samples:
            labels = ",".join(f'{key}="{value}"' for key, value in sorted(each.labels.items()))
            found[f"{each.name}{{{labels}}}" if labels else each.name] = each.value
    return found


def balance(found: dict[str, float]) -> dict[str, float]:
    """The books, by account."""
    accounts = ("accepted", "ended", "queued", "waiting", "leased")
    return {name: found[f'hub_books_runs{{account="{name}"}}'] for name in accounts}


def metered(house: House, **changed: str) -> tuple[Process, Process, int]:
    """Two web processes and a worker whose figures may be read; the port of the worker."""
    port = free_port()
    given = {"HUB_METRICS_TOKEN": TOKEN, "HUB_METRICS_PORT": str(port), **changed}
    web = house.start("web", **{**given, "HUB_WEB_PROCESSES": "2"})
    worker = house.start("worker", **given)
    return house.wait_for_web(web), house.wait_for_worker(worker), port


def test_E18_one_page_tells_of_all_processes_and_a_kill_takes_nothing_from_it(
    house: House, figure: Figure
):
    web, worker, port = metered(house)
    lead = house.lead()
    until(lambda: page(house)[PROCESSES] == 2, "both web processes keep figures")
    house.send_all(partial(house.call_ends, lead, f"call-{number}") for number in range(24))
    house.call_ends(lead, "call-0")
    house.wait_for_the_end()

    def ended() -> dict[str, float]:
        found = page(house)
        done = 'hub_runs_ended_total{status="succeeded",workflow="vapi-call-ended"}'
        return found if found.get(done) == 24 else {}

    before: dict[str, float] = until(ended, "the worker has counted its runs")
    assert before[CALLS] == 25
    assert before['hub_dedupe_replays_total{endpoint="vapi-call-ended"}'] == 1
    assert before['hub_runs_accepted_total{by="request",workflow="vapi-call-ended"}'] == 24
    assert before['hub_request_seconds_count{endpoint="vapi-call-ended"}'] == 25
    assert balance(before) == {
        "accepted": 24, "ended": 24, "queued": 0, "waiting": 0, "leased": 0,
    }  # fmt: skip
    assert (before["hub_database_up"], before["hub_workers"], before["hub_redis_up"]) == (1, 1, 1)
    assert before["hub_books_missing_runs"] == 0

    child = _child_of(web)
    os.kill(child, signal.SIGKILL)
    until(lambda: f"-{child}-" not in _alive(house), "the dead process is noticed")
    until(lambda: page(house, port)[PROCESSES] == 2, "another web process took its place")
    after = page(house, port)

    assert after[CALLS] == 25
    assert after["hub_requests_in_progress"] == 0
    lost = [name for name, value in before.items() if "_total" in name and after[name] < value]
    assert lost == []
    worker.kill()
    web.kill()
    metered(house)
    assert page(house)[CALLS] == 25
    figure("E18", "metrics: 25 calls over 2 web processes, one killed, all restarted: still 25")


def test_S21_a_dead_database_costs_the_page_its_own_figures_only(house: House, database_link: Link):
    url = database_link.database_url(house.environment["HUB_DATABASE_URL"])
    _, _, port = metered(house, HUB_DATABASE_URL=url)
    without = house.caller.get(f"http://127.0.0.1:{port}/metrics")
    assert (without.status_code, without.headers["www-authenticate"]) == (401, "Bearer")
    assert house.caller.get(f"http://127.0.0.1:{port}/healthz").status_code == 404
    house.call_ends(house.lead(), "call-0")
    database_link.cut()

    for each in (house.port, port):
        found = page(house, each)
        assert found["hub_database_up"] == 0
        assert found[CALLS] == 1
        assert [name for name in found if name.startswith("hub_books")] == []


def test_S6_a_trace_leads_from_the_caller_to_the_receiver_and_holds_no_data(
    house: House, receiver: FakeReceiver, collector: FakeCollector
):
    traced = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "50",
    }
    web, worker = house.start("web", **traced), house.start("worker", **traced)
    house.wait_for_web(web)
    house.wait_for_worker(worker)
    receiver.then(Answer.of({"secret": CANARY}))
    body = {"lead_id": str(house.lead())}
    headers = {"traceparent": PARENT, "X-Note": CANARY}
    answer = house.post(f"calls-out?{CANARY}=1", body, headers)
    assert answer.status_code == 202, answer.text
    house.wait_for_the_end()
    until(lambda: collector.named("run calls-out"), "the worker has sent its spans")
    until(lambda: collector.named("receive calls-out"), "the web has sent its spans")

    (receive,) = collector.named("receive calls-out")
    (run,) = collector.named("run calls-out")
    (step,) = collector.named("step told")
    (call,) = collector.named("call http.put")
    (put,) = collector.named("PUT")
    trace = bytes.fromhex("0af7651916cd43dd8448eb211c80319c")
    assert {span.trace_id for span in (receive, run, step, call, put)} == {trace}
    assert receive.parent_span_id == bytes.fromhex("b7ad6b7169203331")
    assert run.parent_span_id == receive.span_id
    assert step.parent_span_id == run.span_id
    assert call.parent_span_id == step.span_id
    assert put.parent_span_id == call.span_id
    (told,) = receiver.requests
    assert told.headers["traceparent"] == f"00-{trace.hex()}-{put.span_id.hex()}-01"
    assert attributes(receive)["hub.request.id"] == answer.headers["X-Request-Id"]
    assert attributes(run)["hub.run.id"] == answer.json()["run_id"]
    assert attributes(run)["hub.run.status"] == "succeeded"
    assert attributes(put) == {  # of the address the host alone
        "http.request.method": "PUT",
        "server.address": "127.0.0.1",
        "http.response.status_code": "200",
    }
    secrets = (house.environment["BROKER_API_TOKEN"], house.environment["HUB_ENCRYPTION_KEY"])
    for hidden in (CANARY, body["lead_id"], *secrets):
        assert hidden.encode() not in collector.bytes


def test_from_the_callers_request_id_to_the_run_and_every_line_about_it(
    house: House, receiver: FakeReceiver
):
    web, worker = house.start_both()
    receiver.always(Answer(500))
    answer = house.post("calls-out", {"lead_id": str(house.lead())})
    request_id, run_id = answer.headers["X-Request-Id"], answer.json()["run_id"]

    def said(process: Process) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in process.lines.splitlines()]
        return [line for line in found if line.get("request_id") == request_id]

    (asked,) = until(lambda: said(web), "the web has told of the request")
    assert asked["runs"] == run_id
    stored = house.rows("SELECT delivery_id FROM runs WHERE id = :id", id=run_id)
    assert str(stored[0].delivery_id) == request_id
    refused = house.post("calls-out", {"lead_id": "nobody"})
    assert refused.json()["instance"] == refused.headers["X-Request-Id"]
    assert {line["run_id"] for line in said(worker)} <= {run_id}


def _child_of(web: Process) -> int:
    """One of the processes that the main one supervises."""
    children = Path(f"/proc/{web.pid}/task/{web.pid}/children").read_text("ascii")
    return int(children.split()[0])


def _alive(house: House) -> str:
    return " ".join(path.name for path in (house.project / ".hub" / "metrics").glob("*.alive"))
