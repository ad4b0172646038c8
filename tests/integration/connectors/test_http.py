"""The way out, against a receiver on loopback."""

from __future__ import annotations

import socket
import ssl
from dataclasses import replace
from datetime import timedelta
from gzip import compress
from threading import Event, Thread

import pytest

from hub.connectors.http import Http, OutboundPolicy, delete, get, post, put
from hub.errors import Permanent, StepFailed, Transient
from tests.fakes.certificates import loopback_certificate, server_context
from tests.fakes.receiver import FakeReceiver
from tests.fakes.services import CUT, HANG, TRICKLE, Answer

SECOND = timedelta(seconds=1)
SOON = timedelta(seconds=0.3)
MEBIBYTE = 1024 * 1024


@pytest.fixture
def brief(attempt):
    return replace(attempt, timeout=SOON)


def failure_of(function, *given, **inputs):
    with pytest.raises(StepFailed) as failure:
        function(*given, **inputs)
    found = failure.value
    return type(found), found.code, found.maybe_done


def test_a_post_carries_json_headers_query_and_the_key_of_the_step(http, attempt, receiver):
    result = post(
        http,
        attempt,
        url=f"{receiver.url}/sessions?a=1",
        headers={"X-Name": "Zoë"},
        bearer="token",
        query={"b": "x y"},
        json={"id": 1},
    )

    (request,) = receiver.requests
    assert (result.status, result.json) == (200, {"ok": True, "path": "/sessions"})
    assert (request.method, request.path, request.json) == ("POST", "/sessions", {"id": 1})
    assert request.query == {"a": ["1"], "b": ["x y"]}
    assert request.headers["authorization"] == "Bearer token"
    assert request.headers["x-name"].encode("latin-1").decode() == "Zoë"
    assert request.headers["idempotency-key"] == attempt.key
    assert request.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(("function", "method"), [(put, "PUT"), (delete, "DELETE"), (post, "POST")])
def test_E7_every_attempt_sends_the_same_key_so_the_receiver_does_it_once(
    http, attempt, receiver, function, method
):
    receiver.then(Answer.of({}, 500))

    with pytest.raises(Transient):
        function(http, attempt, url=receiver.url)
    function(http, replace(attempt, number=2), url=receiver.url)

    assert [each.method for each in receiver.requests] == [method, method]
    assert len(receiver.effects) == 1


def test_a_get_sends_no_key(http, attempt, receiver):
    assert get(http, attempt, url=receiver.url).status == 200
    assert "idempotency-key" not in receiver.requests[0].headers


def test_a_key_that_the_author_wrote_stays(http, attempt, receiver):
    post(http, attempt, url=receiver.url, headers={"idempotency-key": "mine"})

    assert receiver.requests[0].headers["idempotency-key"] == "mine"


def test_two_credentials_at_once_are_refused(http, attempt, receiver):
    found = failure_of(
        get, http, attempt, url=receiver.url, bearer="x", headers={"authorization": "y"}
    )

    assert found == (Permanent, "invalid_input", False)
    assert receiver.nothing_was_sent


@pytest.mark.parametrize(
    ("answer", "json", "text"),
    [
        (Answer.of([1, 2]), [1, 2], None),
        (Answer(200, b"fine", {"Content-Type": "text/plain"}), {}, "fine"),
        (Answer(204), {}, None),
        (Answer(200, compress(b'{"a": 1}'), {"Content-Encoding": "gzip"}), {"a": 1}, None),
    ],
)
def test_an_answer_is_json_or_text(http, attempt, receiver, *, answer, json, text):
    receiver.then(answer)

    result = get(http, attempt, url=receiver.url)

    assert (result.json, result.text) == (json, text)


def test_S6_a_failure_tells_what_the_receiver_said_and_no_secret(http, attempt, receiver):
    receiver.then(Answer(422, b"the token s3cr3t-token is fine, the date is not"))

    with pytest.raises(Permanent) as failure:
        post(http, attempt, url=f"{receiver.url}/t0ken", bearer="s3cr3t-token")

    assert failure.value.message == (
        "POST to 127.0.0.1 was answered with 422: the token [secret] is fine, the date is not"
    )


def test_E9_retry_after_is_kept(http, attempt, receiver):
    receiver.then(Answer(429, b"", {"Retry-After": "7"}))

    with pytest.raises(Transient) as failure:
        post(http, attempt, url=receiver.url)

    assert (failure.value.code, failure.value.maybe_done) == ("rate_limited", False)
    assert failure.value.retry_after == timedelta(seconds=7)


@pytest.mark.parametrize("behaviour", [HANG, TRICKLE])
def test_E9_S3_an_attempt_ends_at_its_timeout_whatever_the_far_side_does(
    http, brief, receiver, behaviour
):
    receiver.always(behaviour)

    assert failure_of(post, http, brief, url=receiver.url) == (Transient, "timeout", True)


def test_E9_S3_an_answer_that_trickles_after_its_headers_ends_as_well(http, brief, receiver):
    receiver.then(Answer(200, b"x", {"Content-Length": "100"}))
    with FakeReceiver() as slow:
        slow.always(TRICKLE)

        assert failure_of(get, http, brief, url=slow.url) == (Transient, "timeout", True)


def test_a_connection_cut_after_the_request_may_have_had_its_effect(http, attempt, receiver):
    receiver.then(CUT)

    assert failure_of(post, http, attempt, url=receiver.url) == (Transient, "unavailable", True)
    assert len(receiver.effects) == 1


def test_an_answer_cut_in_the_middle_may_have_had_its_effect(http, attempt, receiver):
    receiver.then(Answer(200, b"{", {"Content-Length": "100"}))

    assert failure_of(post, http, attempt, url=receiver.url) == (Transient, "unavailable", True)


def test_a_refusal_cut_in_the_middle_is_still_a_refusal(http, attempt, receiver):
    receiver.then(Answer(409, b"taken", {"Content-Length": "100"}))

    assert failure_of(post, http, attempt, url=receiver.url) == (Permanent, "conflict", False)


def test_a_refused_connection_had_no_effect(http, attempt, receiver):
    receiver.refuse()

    assert failure_of(post, http, attempt, url=receiver.url) == (Transient, "unavailable", False)


def test_a_receiver_that_comes_back_is_used_again(http, attempt, receiver):
    assert get(http, attempt, url=receiver.url).status == 200
    receiver.refuse()
    with pytest.raises(Transient):
        get(http, attempt, url=receiver.url)
    receiver.listen()

    assert get(http, attempt, url=receiver.url).status == 200


def test_S3_a_redirect_is_not_followed(http, attempt, receiver):
    receiver.then(Answer(302, b"", {"Location": "http://169.254.169.254/"}))

    assert failure_of(post, http, attempt, url=receiver.url) == (Permanent, "rejected", True)
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(200, bytes(MEBIBYTE + 1)), "answer_too_large"),
        (
            Answer(200, compress(bytes(10 * MEBIBYTE)), {"Content-Encoding": "gzip"}),
            "answer_too_large",
        ),
        (Answer(200, b"packed", {"Content-Encoding": "br"}), "answer_unreadable"),
    ],
)
def test_S3_an_answer_over_the_limit_is_refused(http, attempt, receiver, answer, code):
    receiver.then(answer)

    assert failure_of(get, http, attempt, url=receiver.url) == (Permanent, code, True)


def test_S3_an_answer_of_exactly_one_mebibyte_is_read(http, attempt, receiver):
    receiver.then(Answer(200, b"x" * MEBIBYTE, {"Content-Type": "text/plain"}))

    assert len(get(http, attempt, url=receiver.url).text or "") == MEBIBYTE


def test_a_name_that_is_not_found_had_no_effect(attempt):
    def unknown(_host, _port):
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    http = Http(OutboundPolicy(), unknown)

    assert failure_of(post, http, attempt, url="http://nowhere.example/") == (
        Transient,
        "unavailable",
        False,
    )


def test_E9_a_lookup_that_hangs_ends_at_the_timeout(brief):
    asked = Event()

    def never(_host, _port):
        asked.wait()
        return []

    http = Http(OutboundPolicy(), never)

    found = failure_of(post, http, brief, url="http://slow.example/")

    assert found == (Transient, "unavailable", False)
    asked.set()


def test_a_second_request_uses_the_same_connection_and_leaves_no_cookie(http, attempt, receiver):
    receiver.then(Answer(200, b"", {"Set-Cookie": "session=1; Path=/"}))

    get(http, attempt, url=receiver.url)
    get(http, attempt, url=receiver.url)

    assert "cookie" not in receiver.requests[1].headers


def test_many_threads_share_the_pool(http, attempt, receiver):
    results = []

    def ask(number):
        answer = post(
            http, attempt, url=f"{receiver.url}/{number}", headers={"idempotency-key": ""}
        )
        results.append((number, answer.json["path"]))

    threads = [Thread(target=ask, args=[number]) for number in range(40)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert sorted(results) == [(number, f"/{number}") for number in range(40)]


def test_https_is_checked_against_the_name(attempt, tmp_path):
    file = loopback_certificate(tmp_path)
    trusting = ssl.create_default_context(cafile=str(file))
    policy = OutboundPolicy.of(("127.0.0.1/32", []))
    with FakeReceiver(server_context(file)) as receiver:
        known = Http(policy, lambda _host, _port: ["127.0.0.1"], tls=trusting)

        assert post(known, attempt, url=receiver.url, json={"a": 1}).status == 200
        assert failure_of(get, known, attempt, url=f"https://other.example:{receiver.port}/") == (
            Transient,
            "unavailable",
            False,
        )
        assert failure_of(get, Http(policy), attempt, url=receiver.url) == (
            Transient,
            "unavailable",
            False,
        )
        known.close()
        assert len(receiver.requests) == 1


def test_the_low_level_exchange_gives_back_every_status(http, receiver):
    receiver.then(Answer(418, b"teapot", {"X-Kind": "short"}))

    answer = http.exchange("POST", receiver.url, data={"a": "b c"}, auth=("u", "p"), timeout=SECOND)

    assert (answer.status, answer.text, answer.headers["x-kind"]) == (418, "teapot", "short")
    assert receiver.requests[0].form == {"a": "b c"}
    assert receiver.requests[0].headers["authorization"] == "Basic dTpw"
