"""slack.post against a fake Slack."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.connectors.connections import ConnectionSettings
from hub.connectors.slack import SlackClient, post
from hub.errors import Permanent, StepFailed, Transient
from tests.fakes.services import CUT, Answer
from tests.fakes.slack import SlackMessage
from tests.unit.ingest.sample_bodies import SAMPLES, raw


@pytest.fixture
def client(http, slack):
    settings = ConnectionSettings(
        "team", "slack", base_url=slack.base_url, credentials={"token": slack.token}
    )
    return SlackClient(settings, http)


def failure_of(client, attempt):
    with pytest.raises(StepFailed) as failure:
        post(client, attempt, channel="#ops", text="hello")
    found = failure.value
    return type(found), found.code, found.maybe_done


def test_a_message_is_posted(client, attempt, slack):
    posted = post(client, attempt, channel="#bookings", text="Held until <14:00> & no longer")

    assert posted.ts == "1760961600.000001"
    assert slack.messages == [SlackMessage("#bookings", "Held until <14:00> & no longer")]
    assert slack.requests[0].json["text"] == "Held until &lt;14:00&gt; &amp; no longer"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("account_inactive", (Permanent, "unauthorized", False)),
        ("channel_not_found", (Permanent, "channel_not_found", False)),
        ("fatal_error", (Transient, "unavailable", True)),
        ("internal_error", (Transient, "unavailable", True)),
        ("invalid_auth", (Permanent, "unauthorized", False)),
        ("is_archived", (Permanent, "is_archived", False)),
        ("missing_scope", (Permanent, "unauthorized", False)),
        ("msg_too_long", (Permanent, "invalid_input", False)),
        ("no_text", (Permanent, "invalid_input", False)),
        ("not_in_channel", (Permanent, "not_in_channel", False)),
        ("ratelimited", (Transient, "rate_limited", False)),
        ("request_timeout", (Transient, "unavailable", False)),
        ("service_unavailable", (Transient, "unavailable", True)),
        ("token_revoked", (Permanent, "unauthorized", False)),
        ("something_new", (Permanent, "rejected", False)),
    ],
)
def test_ok_false_is_the_normal_failure(client, attempt, slack, said, expected):
    slack.fails_with(said)

    assert failure_of(client, attempt) == expected
    assert slack.messages == []


def test_over_the_rate_limit_slack_says_when_to_come_back(client, attempt, slack):
    slack.is_busy(30)

    with pytest.raises(Transient) as failure:
        post(client, attempt, channel="#ops", text="hello")

    assert failure.value.code == "rate_limited"
    assert failure.value.retry_after == timedelta(seconds=30)


@pytest.mark.parametrize(
    "behaviour", [Answer(502), CUT, Answer(200, b"<html>"), Answer.of([]), Answer.of({"ok": False})]
)
def test_an_unclear_answer_may_have_posted(client, attempt, slack, behaviour):
    slack.then(behaviour)

    assert failure_of(client, attempt) == (Transient, "unavailable", True)


def test_S6_a_wrong_token_is_refused_and_not_shown(http, attempt, slack):
    settings = ConnectionSettings(
        "team", "slack", base_url=slack.base_url, credentials={"token": "xoxb-wrong"}
    )
    slack.then(Answer(403, b"no such token: xoxb-wrong"))

    with pytest.raises(Permanent) as failure:
        post(SlackClient(settings, http), attempt, channel="#ops", text="hello")

    assert failure.value.code == "unauthorized"
    assert "xoxb-wrong" not in failure.value.message


def test_the_samples_of_what_slack_answers_are_read(client, attempt, slack):
    said = {name: raw(f"slack/rest/post-message-{name}") for name in ("ok", "false", "ratelimited")}
    slack.then(
        Answer(200, said["ok"]), Answer(200, said["false"]), Answer(429, said["ratelimited"])
    )

    assert post(client, attempt, channel="C1", text="hi").ts == "1763664833.000100"
    assert failure_of(client, attempt) == (Permanent, "channel_not_found", False)
    assert failure_of(client, attempt) == (Transient, "rate_limited", False)


def test_no_sample_of_what_slack_answers_is_left_out():
    """The two of the webhook are read in `test_slack_webhook`."""
    assert {each.name for each in (SAMPLES / "slack/rest").iterdir()} == {
        "post-message-ok.json",
        "post-message-false.json",
        "post-message-ratelimited.json",
        "webhook-ok.txt",
        "webhook-no_service.txt",
    }


def test_without_a_connection_nothing_is_sent(http, attempt, slack):
    assert failure_of(SlackClient(None, http), attempt) == (Permanent, "not_configured", False)
    assert slack.nothing_was_sent
