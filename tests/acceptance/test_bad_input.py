"""The bad-input table of the guarantees over HTTP: problem documents, no run left (I5, I14)."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.errors import Unavailable
from tests.acceptance.counter import BROKER, FILES, GOOD, VAPI, Counter, open_counter, sample

PLAIN = "/webhook/plain"


@pytest.fixture
def counter(tmp_path: Path, database: str, redis_url: str) -> Iterator[Counter]:
    with open_counter(tmp_path, database_url=database, redis_url=redis_url) as opened:
        yield opened


def assert_problem(answer, status):
    document = json.loads(answer.data)
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert document["status"] == status
    assert document["instance"] == answer.headers["X-Request-Id"]
    assert set(document) <= {"type", "title", "status", "instance", "errors"}
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return document


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b'{"lead_id": NaN}', 400),
        (b'{"a": 1, "a": 2}', 400),
        (b"[" * 100_000, 400),
        (json.dumps(GOOD).encode("utf-16"), 400),
        (b'{"lead_id": "\xff"}', 400),
        (b'{"lead_id": "\\u0000"}', 422),
        (b'{"lead_id": "\\ud800"}', 422),
        (b'{"lead_id": 9223372036854775808}', 422),
        (b'{"lead_id": 1e999}', 422),
        (b"[]", 422),
        (b'"text"', 422),
        (b"null", 422),
        (b"{}", 422),
        (b'{"lead_id": "x", "appointment_time": "tomorrow"}', 422),
    ],
)
def test_a_body_that_cannot_be_used_is_refused_and_leaves_nothing(counter, body, status):
    assert_problem(counter.post(PLAIN, body, headers=BROKER), status)
    assert counter.runs == []
    assert counter.deliveries == []


def test_every_error_of_the_schema_is_listed_with_its_place(counter):
    document = assert_problem(
        counter.post(PLAIN, sample("hub/appointment-booked-missing-lead"), headers=BROKER), 422
    )
    assert document["errors"] == [{"pointer": "/lead_id", "message": "is missing"}]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "é"}])
def test_who_cannot_prove_himself_is_refused_before_the_body_is_read(counter, headers):
    assert_problem(counter.post(PLAIN, b"{not json", headers=headers), 401)


def test_a_body_that_is_too_large_is_refused(counter):
    assert_problem(counter.post(PLAIN, b" " * 262_145, headers=BROKER), 413)
    assert counter.post(PLAIN, b" " * 262_144, headers=BROKER).status_code == 400


def test_an_endpoint_says_how_large_a_body_may_be(tmp_path, database, redis_url):
    text = FILES["workflows/plain.yaml"].replace(
        "  auth: broker", "  auth: broker\n  max_body: 1KB"
    )
    with open_counter(
        tmp_path, database_url=database, redis_url=redis_url, files={"workflows/small.yaml": text}
    ) as counter:
        answer = counter.post("/webhook/small", b" " * 1025, headers=BROKER)
        assert_problem(answer, 413)
        assert counter.post("/webhook/small", b" " * 1024, headers=BROKER).status_code == 400
        assert counter.post("/webhook/small", b" " * 1025).status_code == 413  # before credentials


@pytest.mark.parametrize(
    "media_type", [None, "text/json", "text/plain", "multipart/form-data; boundary=x"]
)
def test_another_media_type_is_refused(counter, media_type):
    assert_problem(counter.post(PLAIN, GOOD, headers=BROKER, media_type=media_type), 415)


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate, gzip"])
def test_nothing_is_ever_decompressed(counter, coding):
    headers = {**BROKER, "Content-Encoding": coding}
    assert_problem(counter.post(PLAIN, b"\x1f\x8b", headers=headers), 415)


def test_a_content_encoding_of_identity_is_none(counter):
    headers = {**BROKER, "Content-Encoding": "identity"}
    assert counter.post(PLAIN, GOOD, headers=headers).status_code == 202


def test_framing_that_only_looks_right_is_refused(counter):
    headers = {**BROKER, "Transfer-Encoding": "gzip, chunked"}
    assert_problem(counter.post(PLAIN, GOOD, headers=headers), 400)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/webhook",
        "/webhook/none",
        "/webhook/plain/",
        "/webhook//plain",
        "//webhook/plain",
        "/webhook/..%2fplain",
        "/webhook/PLAIN",
        "/webhook/%00",
        "/%ff%fe",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_address_is_404(counter, path, method):
    assert_problem(counter.post(path, GOOD, method=method, headers=BROKER), 404)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_another_method_is_405_and_says_which_are_taken(counter, method):
    answer = counter.post(PLAIN, GOOD, method=method, headers=BROKER)
    assert_problem(answer, 405)
    assert answer.headers["Allow"] == "POST"


def test_a_bad_idempotency_key_is_400(counter):
    headers = {**BROKER, "Idempotency-Key": "k" * 256}
    assert_problem(counter.post(PLAIN, GOOD, headers=headers), 400)


def test_a_fault_of_ours_is_500_without_a_trace(counter, monkeypatch):
    def broken(*_: object, **__: object):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(counter.hub.reception, "receive", broken)
    answer = counter.post(PLAIN, GOOD, headers=BROKER)
    assert_problem(answer, 500)
    assert b"secret detail" not in answer.data


def test_a_database_that_is_down_is_503_and_says_when_to_come_back(counter, monkeypatch):
    def down(*_: object):
        raise Unavailable("down")

    monkeypatch.setattr(counter.hub.reception, "_record", down)
    answer = counter.post(PLAIN, GOOD, headers=BROKER)
    assert_problem(answer, 503)
    assert answer.headers["Retry-After"] == "5"
    voice = counter.post("/webhook/voice", sample("vapi/tool-calls"), headers=VAPI)
    assert "error" in json.loads(voice.data)["results"][0]


def test_a_tool_call_that_does_not_fit_is_told_and_leaves_no_run(counter):
    answer = counter.post(
        "/webhook/voice", sample("vapi/tool-calls-truncated-arguments"), headers=VAPI
    )
    assert answer.status_code == 200
    assert "error" in json.loads(answer.data)["results"][0]
    assert counter.runs == []
    assert len(counter.deliveries) == 1


def test_after_all_of_it_a_good_request_is_taken(counter):
    assert counter.post(PLAIN, b"[" * 100_000, headers=BROKER).status_code == 400
    assert counter.post(PLAIN, GOOD, headers=BROKER).status_code == 202
    assert len(counter.runs) == 1
