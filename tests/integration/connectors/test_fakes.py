"""The fakes themselves: what they stand in for, and how they misbehave."""

from __future__ import annotations

import http.client
import json
import smtplib
import socket
from threading import Thread

import pytest

from tests.fakes.services import CUT, HANG, TRICKLE, Answer
from tests.fakes.slack import SlackMessage
from tests.fakes.smtp import FakeSmtp


def call(service, body=None, headers=None, method="POST", path="/x"):
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=5)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_the_receiver_does_a_key_once_and_writes_everything_down(receiver):
    for key in ("a", "a", "b"):
        assert call(receiver, b'{"n": 1}', {"Idempotency-Key": key})[0] == 200
    call(receiver, b"")

    assert len(receiver.requests) == 4
    assert [each.headers.get("idempotency-key") for each in receiver.effects] == ["a", "b", None]
    assert receiver.requests[0].json == {"n": 1}


def test_a_refusal_is_no_effect(receiver):
    receiver.then(Answer(429, b"", {"Retry-After": "1"}))

    assert call(receiver)[0] == 429
    assert receiver.effects == []


def test_planned_answers_come_in_order_and_then_the_usual_ones(receiver):
    receiver.then(Answer(500), Answer(503))

    assert [call(receiver)[0] for _ in range(3)] == [500, 503, 200]


def test_a_cut_connection_has_no_answer(receiver):
    receiver.then(CUT)

    with pytest.raises(http.client.RemoteDisconnected):
        call(receiver)


def test_a_hanging_request_goes_on_when_released(receiver):
    receiver.always(HANG)
    ended = []

    def ask():
        with pytest.raises(http.client.RemoteDisconnected):
            call(receiver)
        ended.append(True)

    waiting = Thread(target=ask)
    waiting.start()
    receiver.release()
    waiting.join()

    assert ended == [True]


def test_a_trickle_never_ends(receiver):
    receiver.always(TRICKLE)

    with socket.create_connection(("127.0.0.1", receiver.port), 5) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        received = b"".join(raw.recv(1) for _ in range(40))

    assert received.startswith(b"HTTP/1.1 200 OK\r\nX-Slow: z")


def test_a_service_that_refuses_listens_again_on_the_same_port(receiver):
    port = receiver.port
    receiver.refuse()
    with pytest.raises(ConnectionRefusedError):
        call(receiver)
    receiver.listen()

    assert receiver.port == port
    assert call(receiver)[0] == 200


def test_slack_says_no_with_200(slack):
    headers = {"Authorization": "Bearer other", "Content-Type": "application/json"}
    said = b'{"channel": "#x", "text": "hi"}'

    status, body = call(slack, said, headers, path="/api/chat.postMessage")

    assert (status, json.loads(body)) == (200, {"ok": False, "error": "invalid_auth"})
    assert slack.messages == []


def test_slack_keeps_what_people_would_see(slack):
    headers = {"Authorization": f"Bearer {slack.token}", "Content-Type": "application/json"}
    said = b'{"channel": "#x", "text": "a &lt; b"}'

    call(slack, said, headers, path="/api/chat.postMessage")

    assert slack.messages == [SlackMessage("#x", "a < b")]
    assert slack.texts == ["a < b"]


def test_slack_tells_who_holds_a_token_and_nobody_else(slack):
    held = {"Authorization": f"Bearer {slack.token}"}
    other = {"Authorization": "Bearer other"}

    known = json.loads(call(slack, b"{}", held, path="/api/auth.test")[1])
    unknown = json.loads(call(slack, b"{}", other, path="/api/auth.test")[1])
    nobody = json.loads(call(slack, b"{}", path="/api/auth.test")[1])

    assert (known["ok"], known["team"]) == (True, "Acme")
    assert unknown == {"ok": False, "error": "invalid_auth"}
    assert nobody == {"ok": False, "error": "not_authed"}


def test_twilio_wants_its_credentials(twilio):
    path = f"/2010-04-01/Accounts/{twilio.account_sid}/Messages.json"

    status, body = call(twilio, b"To=%2B1", path=path)

    assert (status, json.loads(body)["code"]) == (401, 20003)
    assert twilio.messages == []


def test_the_mail_server_holds_a_conversation():
    with FakeSmtp() as server:
        with smtplib.SMTP("127.0.0.1", server.port, timeout=5) as client:
            refused = client.sendmail("a@x.example", ["b@x.example"], b"Subject: s\r\n\r\n.hi\r\n")

        (mail,) = server.messages
        assert refused == {}
        assert mail.recipients == ("b@x.example",)
        assert mail.content == b"Subject: s\r\n\r\n.hi\r\n"
        assert mail.message["Subject"] == "s"
        assert server.commands == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]


def test_the_mail_server_says_what_it_is_told_to():
    with FakeSmtp() as server:
        server.answers("RCPT", "550 5.1.1 nobody")
        with (
            smtplib.SMTP("127.0.0.1", server.port, timeout=5) as client,
            pytest.raises(smtplib.SMTPRecipientsRefused),
        ):
            client.sendmail("a@x.example", ["b@x.example"], b"x")

        assert server.messages == []
