"""slack.notify against a fake Slack, and what both of Slack's doors mean for a retry."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.connectors.connections import ConnectionSettings
from hub.connectors.slack_webhook import SlackWebhook, notify
from hub.engine.retry import next_pause
from hub.engine.workflow import Retry
from hub.errors import Permanent, StepFailed, Transient
from tests.fakes.services import CUT, Answer
from tests.fakes.slack import WEBHOOK_CHANNEL, SlackMessage
from tests.unit.ingest.sample_bodies import SAMPLES


def webhook(http, url):
    return SlackWebhook(ConnectionSettings("ops", "slack_webhook", credentials={"url": url}), http)


@pytest.fixture
def client(http, slack):
    return webhook(http, slack.webhook_url)


def failure_of(client, attempt):
    with pytest.raises(StepFailed) as failure:
        notify(client, attempt, text="hello")
    return failure.value


def test_a_message_is_posted_into_the_webhooks_channel(client, attempt, slack):
    notify(client, attempt, text="<!channel> 3 < 4 & so on")

    assert slack.messages == [SlackMessage(WEBHOOK_CHANNEL, "<!channel> 3 < 4 & so on")]
    assert slack.requests[0].json["text"] == "&lt;!channel&gt; 3 &lt; 4 &amp; so on"


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (400, "invalid_payload", (Permanent, "invalid_input", False)),
        (400, "user_not_found", (Permanent, "channel_not_found", False)),
        (400, "something_new", (Permanent, "invalid_input", False)),
        (403, "action_prohibited", (Permanent, "unauthorized", False)),
        (404, "channel_not_found", (Permanent, "channel_not_found", False)),
        (404, "no_service", (Permanent, "webhook_revoked", False)),
        (410, "channel_is_archived", (Permanent, "is_archived", False)),
        (429, "rate_limited", (Transient, "rate_limited", False)),
        (500, "no_service", (Transient, "unavailable", True)),
        (503, "", (Transient, "unavailable", True)),
        (200, "<html>", (Transient, "unavailable", True)),
    ],
)
def test_the_status_says_what_may_be_tried_again(client, attempt, slack, *, status, said, expected):
    slack.then(Answer(status, said.encode()))

    failure = failure_of(client, attempt)

    assert (type(failure), failure.code, failure.maybe_done) == expected
    assert slack.messages == []


def test_the_samples_of_slacks_answers_are_understood(client, attempt, slack):
    words = {
        name: (SAMPLES / f"slack/rest/webhook-{name}.txt").read_bytes()
        for name in ("ok", "no_service")
    }
    slack.then(Answer(200, words["ok"]), Answer(404, words["no_service"]))

    notify(client, attempt, text="hello")

    assert failure_of(client, attempt).code == "webhook_revoked"


def test_a_connection_that_breaks_may_have_posted(client, attempt, slack):
    slack.then(CUT)

    failure = failure_of(client, attempt)

    assert (failure.code, failure.maybe_done) == ("unavailable", True)


def test_S6_the_url_of_a_webhook_is_in_no_message(http, attempt, slack):
    client = webhook(http, slack.webhook_url)
    path = slack.webhook_url.removeprefix(slack.url)
    slack.then(Answer(403, f"no: {slack.webhook_url}, {path}".encode()))

    assert path not in failure_of(client, attempt).message


def test_another_url_is_no_webhook_and_nothing_is_posted(http, attempt, slack):
    client = webhook(http, f"{slack.url}/services/T1/B1/other")

    assert failure_of(client, attempt).code == "webhook_revoked"
    assert slack.messages == []


def test_without_a_connection_nothing_is_sent(http, attempt, slack):
    assert failure_of(SlackWebhook(None, http), attempt).code == "not_configured"
    assert slack.nothing_was_sent


def test_E9_a_burst_waits_as_long_as_slack_says_and_not_less(client, attempt, slack):
    """One message a second: whoever is above it hears when to come back, and does."""
    slack.then(Answer(429, b"rate_limited", {"Retry-After": "30"}))

    failure = failure_of(client, attempt)
    pause = next_pause(
        Retry(),
        attempts=1,
        is_retryable=True,
        is_safe=not failure.maybe_done,
        retry_after=failure.retry_after,
        chance=0.5,
    )

    assert pause == timedelta(seconds=30)
