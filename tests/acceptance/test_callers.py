"""Callers over HTTP, and the rows they leave: acceptance, repeats, waiting, voices, events."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from werkzeug.test import Client

from hub.web import create_app
from hub.web.patience import with_deadline
from tests.acceptance.counter import BROKER, GOOD, SAMPLES, VAPI, Counter, open_counter, sample

PLAIN = "/webhook/plain"


@pytest.fixture
def counter(tmp_path: Path, database: str, redis_url: str) -> Iterator[Counter]:
    with open_counter(tmp_path, database_url=database, redis_url=redis_url) as opened:
        yield opened


def signed(body):
    digest = hmac.new(b"cal-secret", body, hashlib.sha256).hexdigest()
    return {"X-Cal-Signature-256": digest}


def test_I1_I17_an_accepted_request_is_in_the_database_when_the_answer_leaves(counter):
    body = json.dumps(GOOD, indent=2).encode()

    answer = counter.post(PLAIN, body, headers=BROKER)

    (run,), (delivery,) = counter.runs, counter.deliveries
    assert answer.status_code == 202
    assert answer.json == {"status": "accepted", "run_id": str(run["id"])}
    assert delivery["body"] == body
    assert run["delivery_id"] == delivery["id"]
    assert run["status"] == "queued"
    assert run["trigger"]["payload"] == GOOD


@pytest.mark.parametrize(
    ("method", "path", "headers", "sent"),
    [
        ("POST", PLAIN, BROKER, GOOD),
        ("POST", PLAIN, {**BROKER, "Idempotency-Key": "order-1"}, GOOD),
        ("POST", PLAIN, {}, GOOD),
        ("POST", PLAIN, BROKER, {"call_id": "c"}),
        ("POST", PLAIN, {**BROKER, "Content-Encoding": "gzip"}, GOOD),
        ("DELETE", PLAIN, BROKER, None),
        ("POST", f"{PLAIN}/", BROKER, GOOD),
        ("POST", "/webhook/nobody", BROKER, GOOD),
    ],
)
def test_a_request_with_something_special_is_answered_as_any_other(
    counter, method, path, headers, sent
):
    """Only what is plain takes the short way through the web; both end in the same answer."""
    special = {**headers, "Upgrade": "h2c"}

    plain = counter.client.open(path, method=method, json=sent, headers=headers)
    other = counter.client.open(path, method=method, json=sent, headers=special)

    def told(answer):
        document = {**answer.json, "run_id": "", "instance": ""}
        seen = {name: value for name, value in answer.headers if name != "X-Request-Id"}
        return answer.status, document, seen | {"Idempotent-Replayed": ""}

    assert told(plain) == told(other)
    assert plain.headers["X-Request-Id"] != other.headers["X-Request-Id"]
    assert (
        plain.json.get("instance", plain.headers["X-Request-Id"]) == plain.headers["X-Request-Id"]
    )


def test_I17_no_secret_of_the_request_is_stored(counter):
    counter.post(PLAIN, GOOD, headers=BROKER)
    counter.post("/webhook/voice", sample("vapi/tool-calls-inline-secret"), headers=VAPI)

    stored = repr(counter.deliveries) + repr(counter.runs)

    assert "example-bearer-token" not in stored
    assert "example-shared-secret" not in stored
    sealed = counter.deliveries[1]
    assert counter.hub.seal.open(sealed["body"]) == sample("vapi/tool-calls-inline-secret")


def test_I7_a_repeated_key_gets_the_first_answer(counter):
    headers = {**BROKER, "Idempotency-Key": "order-1"}

    first = counter.post(PLAIN, GOOD, headers=headers)
    again = counter.post(PLAIN, GOOD, headers=headers)

    assert (again.status_code, again.data) == (first.status_code, first.data)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert len(counter.runs) == 1
    assert counter.deliveries[0]["repeats"] == 1


def test_I7_many_at_once_make_one_run_and_equal_answers(counter):
    headers = {**BROKER, "Idempotency-Key": "order-1"}

    def post(_: int) -> tuple[int, bytes]:
        client = counter.client.application.test_client()
        answer = client.post(PLAIN, json=GOOD, headers=headers)
        return answer.status_code, answer.data

    with ThreadPoolExecutor(16) as pool:
        answers = set(pool.map(post, range(64)))

    assert len(answers) == 1
    assert len(counter.runs) == 1


def test_I8_the_same_key_with_another_body_is_refused(counter):
    headers = {**BROKER, "Idempotency-Key": "order-1"}
    counter.post(PLAIN, GOOD, headers=headers)

    other = {**GOOD, "appointment_time": "2025-12-04T19:00:00Z"}
    assert counter.post(PLAIN, other, headers=headers).status_code == 422
    assert len(counter.runs) == 1


def test_at_once_says_the_same_to_a_repeat(counter):
    headers = {**BROKER, "Idempotency-Key": "order-1"}

    first = counter.post("/webhook/at-once", GOOD, headers=headers)
    again = counter.post("/webhook/at-once", GOOD, headers=headers)

    assert first.status_code == 201
    assert first.json == {"request": first.headers["X-Request-Id"]}
    assert again.data == first.data


@pytest.mark.parametrize("listens", [True, False])
def test_I13_a_request_that_waits_gets_the_reply(tmp_path, database, redis_url, listens):
    """Also when the signal is lost: the row is looked at now and then."""
    answers = []
    with open_counter(
        tmp_path, database_url=database, redis_url=redis_url, listens=listens
    ) as counter:

        def wait() -> None:
            answers.append(counter.post("/webhook/waits", GOOD, headers=BROKER))

        waiting = threading.Thread(target=wait)
        waiting.start()
        while not counter.runs:
            waiting.join(0.01)
        counter.reply(counter.runs[0]["id"], {"status": "now"})
        waiting.join()

    assert (answers[0].status_code, answers[0].json) == (200, {"status": "now"})


def test_I13_without_a_reply_the_caller_hears_otherwise_and_repeats_hear_the_same(counter):
    headers = {**BROKER, "Idempotency-Key": "order-1"}

    first = counter.post("/webhook/waits", GOOD, headers=headers)
    again = counter.post("/webhook/waits", GOOD, headers=headers)

    assert (first.status_code, first.json) == (202, {"status": "later"})
    assert again.data == first.data
    assert counter.runs[0]["response"]["body"] == {"status": "later"}


def test_E14_who_waits_hears_otherwise_before_the_process_ends(counter):
    """As the server hands a request in that has to stop."""
    told = []

    def to_live() -> float:
        told.append(0.0)
        return told[-1]

    client = Client(with_deadline(counter.client.application, to_live))
    answer = client.post("/webhook/waits", json=GOOD, headers=BROKER)

    assert (answer.status_code, answer.json) == (202, {"status": "later"})
    assert told


def test_H04_several_tool_calls_are_answered_in_their_order(counter):
    answer = counter.post("/webhook/voice", sample("vapi/tool-calls-multiple"), headers=VAPI)

    expected = json.loads((SAMPLES / "vapi/responses/tool-calls-mixed.json").read_bytes())
    assert answer.status_code == 200
    assert [each["toolCallId"] for each in answer.json["results"]] == [
        each["toolCallId"] for each in expected["results"]
    ]
    assert answer.json["results"][2:] == expected["results"][2:]
    assert len(counter.runs) == 1
    assert len(counter.deliveries) == 1


@pytest.mark.parametrize("name", ["hang", "speech-update", "unknown-message-type"])
def test_a_message_that_is_no_tool_call_is_recorded_and_makes_no_run(counter, name):
    answer = counter.post("/webhook/voice", sample(f"vapi/{name}"), headers=VAPI)

    assert (answer.status_code, answer.json) == (200, {})
    assert counter.runs == []
    assert "ignored" in counter.deliveries[0]["notes"]


def test_an_end_of_call_report_comes_once(counter):
    for _ in range(2):
        answer = counter.post("/webhook/reports", sample("vapi/end-of-call-report"), headers=VAPI)
        assert (answer.status_code, answer.json) == (200, {})
    (run,) = counter.runs
    assert run["trigger"]["payload"]["analysis"]["structuredData"]["outcome"]
    assert run["trigger"]["caller"]["phone"] == "+12025550147"


def test_a_signed_calendar_event_makes_a_run_and_an_unsigned_test_does_not(counter):
    body = sample("calcom/BOOKING_RESCHEDULED")

    answer = counter.post("/webhook/events", body, headers=signed(body))
    unsigned = {"X-Cal-Signature-256": "no-secret-provided"}
    refused = counter.post("/webhook/events", sample("calcom/PING"), headers=unsigned)

    assert (answer.status_code, answer.json) == (200, {})
    assert refused.status_code == 401
    assert counter.runs[0]["trigger"]["payload"]["new_start"] == "2025-12-05T15:00:00Z"


@pytest.mark.parametrize(
    ("signature", "reason"),
    [
        (None, "the header X-Cal-Signature-256 is missing"),
        ("no-secret-provided", "the proof has not the form that this `auth` reads"),
        ("00" * 32, "the proof fits none of the secrets that are set"),
    ],
)
def test_S1_only_the_log_tells_why_nobody_was_proved(counter, caplog, signature, reason):
    caplog.set_level("INFO")
    headers = {} if signature is None else {"X-Cal-Signature-256": signature}

    refused = counter.post("/webhook/events", sample("calcom/PING"), headers=headers)

    (line,) = [each for each in caplog.records if each.message == "request"]
    assert (refused.status_code, line.reason) == (401, reason)
    assert refused.json["title"] == "The credentials are missing, wrong or too old."
    assert reason not in refused.text


def test_the_hub_tells_that_it_lives_and_that_it_is_ready(counter):
    assert counter.client.get("/healthz").json == {"status": "alive"}
    ready = counter.client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json["database"] == "ok"


def test_the_document_describes_every_endpoint(counter):
    document = counter.client.get("/openapi.json").json

    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]) == {
        f"/webhook/{name}" for name in ("plain", "voice", "at-once", "waits", "events", "reports")
    }
    operation = document["paths"]["/webhook/plain"]["post"]
    assert {"202", "400", "401", "413", "415", "422", "503"} <= set(operation["responses"])


def test_a_full_queue_sends_new_requests_away(tmp_path, database, redis_url):
    with open_counter(
        tmp_path,
        database_url=database,
        redis_url=redis_url,
        environment={"HUB_MOST_WAITING": "1"},
    ) as counter:
        counter.post(PLAIN, GOOD, headers=BROKER)
        counter.client = create_app(counter.hub).test_client()  # it has not looked yet
        taken = counter.post(PLAIN, GOOD, headers=BROKER)
        refused = counter.post(PLAIN, GOOD, headers=BROKER)

    assert taken.status_code == 202
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "5"


@pytest.mark.parametrize(("proxies", "ip"), [("0", "127.0.0.1"), ("1", "203.0.113.9")])
def test_S21_forwarding_headers_are_believed_only_as_configured(
    tmp_path, database, redis_url, proxies, ip
):
    with open_counter(
        tmp_path,
        database_url=database,
        redis_url=redis_url,
        environment={"HUB_TRUSTED_PROXIES": proxies},
    ) as counter:
        forwarded = {"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}
        counter.post(PLAIN, GOOD, headers={**BROKER, **forwarded})
        assert counter.deliveries[0]["remote_ip"] == ip
