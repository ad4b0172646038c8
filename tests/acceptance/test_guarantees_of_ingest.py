"""What taking a request in guarantees, on the project's own flows (I1 … I7)."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from hub.bootstrap import open_hub
from hub.config import Settings
from hub.errors import Misconfigured
from hub.queue import Doorbell
from hub.storage import tables
from tests.acceptance.conftest import OpenStory
from tests.acceptance.messages import SECRETS, sample
from tests.acceptance.story import SAMPLE_LEAD, SAMPLE_TIME, Story

VOICE = {"X-Vapi-Secret": SECRETS["VAPI_WEBHOOK_SECRET"]}
BROKER = {"Authorization": f"Bearer {SECRETS['BROKER_API_TOKEN']}"}


def settings_of(hub: Story, database_url: str, **more: str) -> Settings:
    environment = {**hub.hub.settings.environment, "HUB_DATABASE_URL": database_url, **more}
    return Settings.from_environment(environment, project=hub.hub.settings.project)


# --------------------------------------------------------------------------------- I1: all or none


def test_I1_body_headers_key_version_and_run_are_stored_when_the_answer_leaves(hub: Story):
    raw = json.dumps(sample("hub/vapi-call-ended"), indent=3).encode()

    answer = hub.post("/webhook/vapi-call-ended", raw, headers=VOICE, is_worked=False)

    run = hub.run(answer.run_id)
    delivery = hub.delivery(answer.run_id)
    assert delivery.body == raw
    assert delivery.headers["content-type"] == "application/json"
    assert run.line.status == "queued"
    assert run.line.dedupe_key == "019a9f10-2c4e-7aa1-9d53-0f2b6c1e7d10/appointment_booked"
    assert hub.rows(tables.workflow_versions, hash=run.line.version)
    assert hub.rows(tables.dedupe_keys, run_id=answer.run_id)


def test_I1_a_request_with_several_tool_calls_is_stored_with_all_of_its_runs(hub: Story):
    hub.holder("Zoë", SAMPLE_LEAD)
    body = sample("vapi/tool-calls-multiple")
    first = body["message"]["toolCallList"][1]
    second = json.loads(json.dumps(first).replace("14:00", "15:00").replace("multi_2", "multi_5"))
    body["message"]["toolCallList"] = [first, second]

    answer = hub.voice_agent("vapi-appointment-booked", body)

    assert [sorted(each)[1] for each in answer.json["results"]] == ["result", "result"]
    one, other = hub.runs("vapi-appointment-booked")
    assert hub.delivery(one.id).id == hub.delivery(other.id).id
    assert len(hub.appointments(SAMPLE_LEAD)) == 2


# --------------------------------------------------------------------------------- I2: durability


def test_I2_the_hub_does_not_start_on_a_database_that_may_lose_commits(
    hub: Story, caplog: pytest.LogCaptureFixture
):
    unsafe = make_url(hub.hub.settings.database_url).update_query_dict(
        {"options": "-c synchronous_commit=off"}
    )
    url = unsafe.render_as_string(hide_password=False)

    with pytest.raises(Misconfigured, match="HUB_UNSAFE_DURABILITY"):
        open_hub(settings_of(hub, url), role="web")

    open_hub(settings_of(hub, url, HUB_UNSAFE_DURABILITY="1"), role="web").close()
    assert "synchronous_commit = off" in caplog.text


# ------------------------------------------------------------------- I3, I4: Redis is a doorbell


def test_I3_with_redis_flushed_every_accepted_run_is_found_and_ends(hub: Story):
    lead = hub.holder("Zoë", SAMPLE_LEAD)
    answers = [hub.call_ends(lead, "no_answer", call=f"c{n}", is_worked=False) for n in range(10)]

    with Doorbell(hub.hub.settings.redis_url)._redis as redis:  # noqa: SLF001
        redis.flushall()
    hub.work_all()

    assert {hub.run(answer.run_id).line.status for answer in answers} == {"succeeded"}
    assert len(hub.entries(lead, "call")) == 10


def test_I3_without_redis_requests_are_accepted_answered_and_worked_on(open_story: OpenStory):
    hub = open_story(redis="redis://127.0.0.1:1/0")
    lead = hub.holder("Zoë", SAMPLE_LEAD)

    answer = hub.voice_agent("vapi-appointment-booked", sample("vapi/tool-calls"))

    assert answer.json["results"][0]["result"].startswith("Booked for ")
    assert hub.appointments(lead) == [(SAMPLE_TIME, "scheduled")]


def test_I4_the_bell_rings_after_the_commit(hub: Story, monkeypatch: pytest.MonkeyPatch):
    lead = hub.lead()
    seen: list[str] = []
    is_rung = threading.Event()

    def ring(run_id: UUID) -> bool:
        seen.append(hub.run(run_id).line.status)  # by another connection
        is_rung.set()
        return True

    monkeypatch.setattr(hub.bell, "ring", ring)
    hub.call_ends(lead, "no_answer", is_worked=False)

    assert is_rung.wait(10)  # nobody waits for it but we
    assert seen == ["queued"]


@contextmanager
def silent_redis() -> Iterator[tuple[str, list[socket.socket]]]:
    """Takes connections and never says a word."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def take() -> None:
            with suppress(OSError):
                while True:
                    taken.append(listening.accept()[0])

        thread = threading.Thread(target=take)
        thread.start()
        try:
            yield f"redis://127.0.0.1:{listening.getsockname()[1]}/0", taken
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
            for each in taken:
                each.close()


def test_I4_a_bell_that_does_not_answer_is_tried_once_and_changes_no_answer(
    open_story: OpenStory,
):
    with silent_redis() as (url, connections):
        hub = open_story(redis=url)
        lead = hub.lead()

        answers = [hub.call_ends(lead, "no_answer", call=f"c{n}") for n in range(3)]

        assert [answer.status for answer in answers] == [202, 202, 202]
        assert len(connections) == 1
    assert len(hub.entries(lead, "call")) == 3


# ------------------------------------------------------------------------- I5: no accept, no run


@pytest.mark.parametrize(
    ("path", "headers", "body", "status"),
    [
        ("vapi-call-ended", {}, b"{}", 401),
        ("vapi-call-ended", VOICE, b"", 400),
        ("vapi-call-ended", VOICE, b'{"callId": "c1"', 400),
        ("vapi-call-ended", VOICE, b'{"callId": "c1", "callId": "c2"}', 400),
        ("vapi-call-ended", VOICE, b'{"callId": "c1"}', 422),
        ("vapi-call-ended", {**VOICE, "Content-Type": "text/plain"}, b"{}", 415),
        ("vapi-call-ended", VOICE, b" " * 300_000, 413),
        ("lead-phone", {**BROKER, "Idempotency-Key": "k" * 256}, b'{"lead_id": "LEAD"}', 400),
        ("nobody", VOICE, b"{}", 404),
    ],
)
def test_I5_what_is_not_accepted_makes_no_run(
    hub: Story, path: str, headers: dict[str, str], body: bytes, status: int
):
    body = body.replace(b"LEAD", str(SAMPLE_LEAD).encode())

    answer = hub.post(f"/webhook/{path}", body, headers=headers)

    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert hub.runs() == []
    assert hub.rows(tables.dedupe_keys) == []


@contextmanager
def read_only(hub: Story) -> Iterator[None]:
    """The database takes no writes, as after a failover."""
    name = hub.hub.database.url.database
    setting = f'ALTER DATABASE "{name}" SET default_transaction_read_only'
    with hub.transaction() as db:
        db.execute(text(f"{setting} = on"))
    hub.hub.database.dispose()
    try:
        yield
    finally:
        with hub.hub.database.connect() as connection:
            connection.execute(text("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE"))
            connection.commit()
            connection.execute(text(f"{setting} = off"))
            connection.commit()
        hub.hub.database.dispose()


def test_I5_what_cannot_be_stored_is_503_and_makes_no_run(hub: Story):
    lead = hub.lead()

    with read_only(hub):
        refused = hub.call_ends(lead, "no_answer", is_worked=False)
        told = hub.voice_agent(
            "vapi-appointment-booked", sample("vapi/tool-calls"), is_worked=False
        )

    assert refused.status == 503
    assert refused.headers["Retry-After"] == "5"
    assert "could not be saved" in told.json["results"][0]["error"]
    assert hub.runs() == []
    assert hub.call_ends(lead, "no_answer").status == 202  # with the same key, without a restart


# ------------------------------------------------------------------------------------- I6: keys


def test_I6_the_flows_key_comes_before_the_header(hub: Story):
    lead = hub.lead()
    body = {"callId": "c1", "leadId": str(lead), "outcome": "no_answer"}

    for key in ("one", "two"):
        hub.post("/webhook/vapi-call-ended", body, headers={**VOICE, "Idempotency-Key": key})

    assert len(hub.runs("vapi-call-ended")) == 1


def test_I6_the_header_counts_where_the_flow_has_no_key(hub: Story):
    lead = hub.holder()
    first = hub.broker("lead-phone", {"lead_id": str(lead)}, headers={"Idempotency-Key": "a"})
    again = hub.broker("lead-phone", {"lead_id": str(lead)}, headers={"Idempotency-Key": "a"})
    hub.broker("lead-phone", {"lead_id": str(lead)}, headers={"Idempotency-Key": "b"})

    assert again.body == first.body
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(hub.runs("lead-phone")) == 3  # one of them gave the number


@pytest.mark.parametrize("key", ["", "k" * 256, "with space", "ümlaut"])
def test_I6_a_header_that_is_no_key_is_400(hub: Story, key: str):
    body = {"lead_id": str(SAMPLE_LEAD)}

    assert hub.broker("lead-phone", body, headers={"Idempotency-Key": key}).status == 400


@pytest.mark.parametrize("call", ["c" * 10_000, "電話/🙂", "a/b"])
def test_I6_computed_keys_may_have_any_length_and_alphabet(hub: Story, call: str):
    lead = hub.lead()

    for _ in range(2):
        assert hub.call_ends(lead, "no_answer", call=call).status == 202

    assert len(hub.runs("vapi-call-ended")) == 1


def test_I6_a_key_belongs_to_its_endpoint(hub: Story):
    lead = hub.holder()
    key = {"Idempotency-Key": "same"}

    hub.broker("lead-phone", {"lead_id": str(lead)}, headers=key)
    hub.broker("appointment-outcome", {"lead_id": str(lead), "outcome": "showed"}, headers=key)

    assert len(hub.runs("appointment-outcome")) == 1


# -------------------------------------------------------------------------- I7: one run for a key


def test_I7_64_at_once_with_one_key_are_one_run_and_64_equal_answers(hub: Story):
    hub.holder("Zoë", SAMPLE_LEAD)
    raw = json.dumps(sample("vapi/tool-calls")).encode()
    headers = {**VOICE, "Content-Type": "application/json"}
    answers: list[tuple[int, bytes]] = []
    start = threading.Barrier(64)

    def send() -> None:
        client = hub.client.application.test_client()
        start.wait()
        got = client.post("/webhook/vapi-appointment-booked", data=raw, headers=headers)
        answers.append((got.status_code, got.data))

    senders = [threading.Thread(target=send) for _ in range(64)]
    with hub.worker_at_work():
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()

    assert len(answers) == 64
    assert len(set(answers)) == 1
    assert b"Booked for" in answers[0][1]
    assert len(hub.runs("vapi-appointment-booked")) == 1
    assert len(hub.slack.messages) == 1


def test_I7_a_repeat_after_a_restart_gets_the_same_answer(hub: Story, open_story: OpenStory):
    hub.holder("Zoë", SAMPLE_LEAD)
    first = hub.voice_agent("vapi-appointment-booked", sample("vapi/tool-calls"))

    restarted = open_story()
    again = restarted.voice_agent("vapi-appointment-booked", sample("vapi/tool-calls"))

    assert again.body == first.body
    assert len(hub.runs("vapi-appointment-booked")) == 1


def test_I7_a_failed_run_frees_its_key(hub: Story):
    lead = uuid4()
    assert hub.outcome(lead, "showed").status == 404

    hub.lead(lead_id=lead)
    hub.number()
    hub.gives_phone(lead)
    hub.books(lead, hub.now())

    answer: Any = hub.outcome(lead, "showed")
    assert answer.status == 200
