"""The fake Slack refuses what Slack refuses."""

from __future__ import annotations

import json

import pytest

from tests.fakes.services import Received
from tests.fakes.slack import WEBHOOK_CHANNEL, FakeSlack, SlackMessage

JSON = {"Content-Type": "application/json; charset=utf-8"}
TOKEN = {"Authorization": "Bearer xoxb-test"}
MESSAGE = {"channel": "C1", "text": "a &lt;b&gt;"}


@pytest.fixture
def slack() -> FakeSlack:
    return FakeSlack()


def ask(slack, path, body, headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.lower(): value for name, value in headers.items()}
    answer = slack.answer(Received("POST", path, {}, named, raw))
    return answer.status, answer.body.decode()


@pytest.mark.parametrize(
    ("body", "headers", "error"),
    [
        (MESSAGE, JSON, "not_authed"),
        (MESSAGE, {**JSON, "Authorization": "Bearer other"}, "invalid_auth"),
        (MESSAGE, {**JSON, "Authorization": "xoxb-test"}, "invalid_auth"),
        (MESSAGE, TOKEN, "invalid_json"),
        (b"{", {**JSON, **TOKEN}, "invalid_json"),
        ([], {**JSON, **TOKEN}, "invalid_json"),
        ({"text": "x"}, {**JSON, **TOKEN}, "channel_not_found"),
        ({"channel": "C1"}, {**JSON, **TOKEN}, "no_text"),
        ({"channel": "C1", "text": 5}, {**JSON, **TOKEN}, "no_text"),
        ({"channel": "C1", "text": "x" * 40_001}, {**JSON, **TOKEN}, "msg_too_long"),
    ],
)
def test_the_web_api_says_no_under_200(slack, body, headers, error):
    status, said = ask(slack, "/api/chat.postMessage", body, headers)

    assert (status, json.loads(said)) == (200, {"ok": False, "error": error})
    assert slack.messages == []


def test_a_message_is_shown_as_slack_shows_it(slack):
    status, said = ask(slack, "/api/chat.postMessage", MESSAGE, {**JSON, **TOKEN})

    assert (status, json.loads(said)["ok"]) == (200, True)
    assert slack.messages == [SlackMessage("C1", "a <b>")]


@pytest.mark.parametrize(
    ("path", "body", "headers", "answer"),
    [
        ("/services/T1/B1/fakefakefake", {"text": "x"}, JSON, (200, "ok")),
        ("/services/T1/B1/other", {"text": "x"}, JSON, (404, "no_service")),
        ("/services/T1/B1/fakefakefake", {"text": "x"}, {}, (400, "invalid_payload")),
        ("/services/T1/B1/fakefakefake", b"text=x", JSON, (400, "invalid_payload")),
        ("/services/T1/B1/fakefakefake", {}, JSON, (400, "no_text")),
    ],
)
def test_a_webhook_answers_in_words(slack, path, body, headers, answer):
    assert ask(slack, path, body, headers) == answer
    assert [each.channel for each in slack.messages] == [WEBHOOK_CHANNEL] * (answer[0] == 200)
