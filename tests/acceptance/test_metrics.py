"""`/metrics` of a web process: who may read it, and what can never be in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from hub.bootstrap.metrics_page import MetricsPage
from hub.metrics import keep
from hub.web import create_app
from tests.acceptance.conftest import OpenStory
from tests.acceptance.story import Story

TOKEN = "token-of-the-metrics-tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
CANARY = "canary-of-the-metrics"


@pytest.fixture
def story(open_story: OpenStory, project: Path) -> Story:
    waits = project / "workflows" / "lead-phone.yaml"
    waits.write_text(waits.read_text().replace("within: 5s", "within: 1s"))
    return open_story(HUB_METRICS_TOKEN=TOKEN)


@pytest.fixture
def client(story: Story) -> Iterator[FlaskClient]:
    """A web process that keeps figures."""
    settings = story.hub.settings
    keeper = keep(settings.metrics_dir, role="web")
    yield create_app(story.hub, MetricsPage(settings, keeper, story.hub)).test_client()
    keeper.close()


def samples(client: FlaskClient) -> dict[str, float]:
    lines = client.get("/metrics", headers=BEARER).get_data(as_text=True).splitlines()
    pairs = [line.rpartition(" ") for line in lines if not line.startswith("#")]
    return {name: float(value) for name, _, value in pairs}


def test_S1_S21_the_page_is_for_who_has_the_token_and_nobody_else(client: FlaskClient):
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
        refused = client.get("/metrics", headers=headers)
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"] == "Bearer"
        assert "hub_" not in refused.text
    answer = client.get("/metrics", headers=BEARER)
    assert answer.status_code == 200
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"


def test_S21_without_a_token_there_is_no_such_page(hub: Story):
    client = create_app(hub.hub).test_client()

    assert client.get("/metrics", headers=BEARER).status_code == 404
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "127.0.0.1"}).status_code == 404


def test_S6_what_strangers_send_makes_no_labels(client: FlaskClient):
    for number in range(30):
        client.get(f"/{CANARY}-{number}", headers={CANARY: CANARY})
        client.open("/webhook/vapi-call-ended", method=f"X{number}")
        client.post("/webhook/vapi-call-ended", json={CANARY: CANARY})

    found = samples(client)

    assert [name for name in found if CANARY in name or "X1" in name] == []
    assert found['hub_requests_total{endpoint="-",status="404"}'] == 30
    assert found['hub_requests_total{endpoint="vapi-call-ended",status="401"}'] == 30
    assert found['hub_auth_failures_total{endpoint="vapi-call-ended"}'] == 30
    assert len([name for name in found if name.startswith("hub_requests_total")]) <= 4


def test_who_waits_for_a_run_is_counted_by_who_answered(client: FlaskClient, story: Story):
    at_the_door = replace(story, client=client)
    lead = at_the_door.holder()
    at_the_door.broker("lead-phone", {"lead_id": str(lead)}, is_worked=False)

    found = samples(client)
    answers = {
        each: f'hub_answers_total{{by="{each}",endpoint="lead-phone"}}'
        for each in ("run", "otherwise")
    }
    assert {each: found[name] for each, name in answers.items()} == {"run": 1, "otherwise": 1}
    assert found['hub_answer_seconds_count{endpoint="lead-phone"}'] == 2
    assert found['hub_books_runs{account="accepted"}'] == 2
    assert found['hub_books_runs{account="ended"}'] == 1
    assert found["hub_queue_length"] == 1
    assert found['hub_runs{status="queued",workflow="lead-phone"}'] == 1
    assert found["hub_queue_oldest_seconds"] > 0
