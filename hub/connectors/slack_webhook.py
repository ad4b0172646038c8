"""Slack's incoming webhooks: the action `slack.notify`; the URL alone is the credential."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from hub.action import Attempt, action
from hub.connectors.connections import (
    ConnectionSettings,
    ConnectionType,
    Connector,
    Field,
    configured,
)
from hub.connectors.http import Http, HttpAnswer, excerpt, failure_of
from hub.connectors.slack_text import escape
from hub.errors import Permanent, StepFailed, Transient

__all__ = ["SlackWebhook", "notify"]

_POSTED = "ok"
_FIRST_FAULT = 500
_RATE_LIMITED = 429
# What Slack says in words, and what it means for the step; nothing was posted (section 16).
_REFUSALS: Mapping[str, str] = {
    "action_prohibited": "unauthorized",
    "channel_is_archived": "is_archived",
    "channel_not_found": "channel_not_found",
    "invalid_blocks": "invalid_input",
    "invalid_payload": "invalid_input",
    "no_service": "webhook_revoked",
    "no_text": "invalid_input",
    "user_not_found": "channel_not_found",
}

SLACK_WEBHOOK = ConnectionType(
    name="slack_webhook",
    title="Incoming webhook of Slack, which posts into one channel",
    actions=("slack.notify",),
    credentials=(Field("url", "the whole URL (https://hooks.slack.com/services/…): a secret"),),
)


class SlackWebhook:
    """One webhook; without settings every use says what to set."""

    def __init__(self, settings: ConnectionSettings | None, http: Http) -> None:
        self._settings = settings
        self._http = http

    def send(self, attempt: Attempt, message: Mapping[str, Any]) -> None:
        """Post a message; raises `StepFailed`."""
        url = configured(self._settings, SLACK_WEBHOOK).credentials["url"]
        answer = self._http.exchange("POST", url, json=message, timeout=attempt.timeout)
        failure = _failure(answer, hidden=[url, urlsplit(url).path])
        if failure is not None:
            raise failure


CONNECTOR = Connector(SLACK_WEBHOOK, SlackWebhook, SlackWebhook)


def _failure(answer: HttpAnswer, *, hidden: list[str]) -> StepFailed | None:
    said = answer.text.strip()
    by_status = failure_of(answer, what="Slack", hidden=hidden)
    if by_status is None:
        return None if said == _POSTED else _unclear(answer)
    if answer.status >= _FIRST_FAULT or answer.status == _RATE_LIMITED or said not in _REFUSALS:
        return by_status
    message = f"Slack refused the message: {excerpt(said, hidden=hidden)}"
    return Permanent(_REFUSALS[said], message, status=answer.status)


def _unclear(answer: HttpAnswer) -> StepFailed:
    message = "Slack gave an answer that is not its own"
    return Transient("unavailable", message, maybe_done=True, status=answer.status)


@action(
    "slack.notify",
    effect="once",
    example={},
    errors=(
        "channel_not_found",
        "is_archived",
        "webhook_revoked",
        "not_configured",
        "address_not_allowed",
    ),
    outward=True,
)
def notify(slack: SlackWebhook, attempt: Attempt, *, text: str) -> None:
    """Post a message by an incoming webhook, into the webhook's own channel."""
    slack.send(attempt, {"text": escape(text)})
