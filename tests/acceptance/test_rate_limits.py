"""Limits of endpoints over HTTP, with several web processes and without Redis."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.counter import BROKER, VAPI, Counter, open_counter, sample

FILES = {
    "workflows/limited.yaml": """
hub: 1
title: Is called too often
endpoint:
  auth: broker
  rate_limit: 3 per hour
steps:
  - return: done
""",
    "workflows/page.yaml": """
hub: 1
title: Is called by anybody
endpoint:
  auth: public
  rate_limit: 1 per minute per ip
steps:
  - return: done
""",
    "workflows/spoken.yaml": """
hub: 1
title: Is called by a voice agent
endpoint:
  auth: vapi
  dialect: vapi.tool
  tool: book_appointment
  rate_limit: 1 per day per caller
steps:
  - return: done
""",
}
NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def open_process(tmp_path: Path, database: str, redis_url: str):
    @contextmanager
    def opening(redis: str = redis_url, proxies: str = "0") -> Iterator[Counter]:
        environment = {"HUB_TRUSTED_PROXIES": proxies}
        with open_counter(
            tmp_path, database_url=database, redis_url=redis, files=FILES, environment=environment
        ) as opened:
            yield opened

    return opening


def test_a_limit_holds_over_several_web_processes(open_process):
    with open_process() as one, open_process() as other:
        answers = [each.post("/webhook/limited", {}, headers=BROKER) for each in (one, other) * 4]
        runs = one.runs

    assert [each.status_code for each in answers] == [202] * 3 + [429] * 5
    assert len(runs) == 3
    refused = answers[-1]
    assert refused.content_type == "application/problem+json"
    assert 3500 < int(refused.headers["Retry-After"]) <= 3600
    assert json.loads(refused.data)["title"].startswith(
        "Too many requests: this endpoint takes 3 per hour. Try again in"
    )


def test_I5_a_request_too_many_leaves_no_row(open_process):
    with open_process() as counter:
        for _ in range(5):
            counter.post("/webhook/limited", {}, headers=BROKER)
        assert len(counter.deliveries) == len(counter.runs) == 3


@pytest.mark.parametrize("proxies", ["0", "1"])
def test_S21_an_address_is_counted_as_far_as_proxies_are_trusted(open_process, proxies):
    with open_process(proxies=proxies) as counter:
        statuses = [
            counter.post("/webhook/page", {}, headers={"X-Forwarded-For": ip}).status_code
            for ip in ("203.0.113.9", "203.0.113.10", "203.0.113.9")
        ]

    assert statuses == ([202, 202, 429] if proxies == "1" else [202, 429, 429])


def test_a_tool_call_too_many_hears_a_sentence(open_process):
    with open_process() as counter:
        counter.post("/webhook/spoken", sample("vapi/tool-calls-minimal"), headers=VAPI)
        answer = counter.post("/webhook/spoken", sample("vapi/tool-calls-minimal"), headers=VAPI)

    assert answer.status_code == 200
    assert "Too many requests" in answer.json["results"][0]["error"]
    assert int(answer.headers["Retry-After"]) <= 86_400


def test_I3_without_redis_requests_are_taken_and_the_process_counts_by_itself(open_process):
    with open_process(NOWHERE) as counter:
        answers = [counter.post("/webhook/limited", {}, headers=BROKER) for _ in range(4)]

    assert [each.status_code for each in answers] == [202, 202, 202, 429]


def test_a_request_too_many_is_in_the_log_with_its_workflow(open_process, caplog):
    caplog.set_level("INFO")
    with open_process() as counter:
        for _ in range(2):
            counter.post("/webhook/page", {})

    told = [each for each in caplog.records if each.message == "too many requests"]
    assert [(each.workflow, each.rate_limit) for each in told] == [("page", "1 per minute per ip")]
    lines = [each for each in caplog.records if each.message == "request"]
    assert [(each.status, each.workflow) for each in lines] == [(202, "page"), (429, "page")]
