"""Slack: the action `slack.post`, by `chat.postMessage` with a bot token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hub.action import Attempt, action
from hub.connectors.connections import (
    CHECK_TIME,
    ConnectionSettings,
    ConnectionType,
    Connector,
    Field,
    configured,
    told_by,
)
from hub.connectors.http import Http, HttpAnswer, excerpt, failure_of
from hub.connectors.slack_text import escape
from hub.errors import Permanent, StepFailed, Transient

__all__ = ["Posted", "SlackClient", "post"]

_BASE_URL = "https://slack.com/api/"

# What `ok: false` means. Codes that are not listed are refusals: the message was not posted.
_PERMANENT: Mapping[str, str] = {
    "account_inactive": "unauthorized",
    "channel_not_found": "channel_not_found",
    "invalid_arguments": "invalid_input",
    "invalid_auth": "unauthorized",
    "is_archived": "is_archived",
    "missing_scope": "unauthorized",
    "msg_too_long": "invalid_input",
    "no_permission": "unauthorized",
    "no_text": "invalid_input",
    "not_authed": "unauthorized",
    "not_in_channel": "not_in_channel",
    "token_expired": "unauthorized",
    "token_revoked": "unauthorized",
}
# code → (code of the step, may the message have been posted?)
_TRANSIENT: Mapping[str, tuple[str, bool]] = {
    "fatal_error": ("unavailable", True),
    "internal_error": ("unavailable", True),
    "rate_limited": ("rate_limited", False),
    "ratelimited": ("rate_limited", False),
    "request_timeout": ("unavailable", False),
    "service_unavailable": ("unavailable", True),
    "team_added_to_org": ("unavailable", False),
}


SLACK = ConnectionType(
    name="slack",
    title="Slack workspace",
    actions=("slack.post",),
    credentials=(Field("token", "bot token (xoxb-…) with the scope chat:write"),),
    base_url=Field(
        "base_url", "where the Web API lies, default https://slack.com/api/", required=False
    ),
)


class SlackClient:
    """One workspace of Slack; without settings every use says what to set."""

    def __init__(self, settings: ConnectionSettings | None, http: Http) -> None:
        self._settings = settings
        self._http = http

    def post_message(self, attempt: Attempt, *, channel: str, text: str) -> str:
        """Post and give back the message's `ts`; raises `StepFailed`."""
        said = self._call(
            "chat.postMessage", {"channel": channel, "text": text}, timeout=attempt.timeout
        )
        return str(said.get("ts", ""))

    def check(self) -> str:
        """Whose token it is (`auth.test`, which needs no scope); raises `StepFailed`."""
        said = told_by("Slack", self._call("auth.test", {}, timeout=CHECK_TIME), "user", "team")
        return f"speaks for {said.get('user')} in the workspace {said.get('team')}"

    def _call(self, method: str, given: Mapping[str, Any], *, timeout: timedelta) -> dict[str, Any]:
        settings = configured(self._settings, SLACK)
        token = settings.credentials["token"]
        answer = self._http.exchange(
            "POST",
            f"{(settings.base_url or _BASE_URL).rstrip('/')}/{method}",
            headers={
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/json; charset=utf-8",
            },
            json=given,
            timeout=timeout,
        )
        failure = failure_of(answer, what="Slack", hidden=[token]) or _refusal(answer)
        if failure is not None:
            raise failure
        found: dict[str, Any] = answer.json
        return found


CONNECTOR = Connector(SLACK, SlackClient, SlackClient)


def _refusal(answer: HttpAnswer) -> StepFailed | None:
    """The failure inside a 200; None when the message was posted."""
    said = answer.json if isinstance(answer.json, dict) else {}
    if said.get("ok") is True:
        return None
    code = said.get("error")
    if not isinstance(code, str):
        return Transient(
            "unavailable", "Slack gave an answer that is not its own", maybe_done=True, status=200
        )
    message = f"Slack refused: {excerpt(code)}"
    if code in _TRANSIENT:
        name, maybe_done = _TRANSIENT[code]
        return Transient(name, message, maybe_done=maybe_done, status=answer.status)
    return Permanent(_PERMANENT.get(code, "rejected"), message, status=answer.status)


@dataclass(frozen=True)
class Posted:
    """`ts` is Slack's id of the message in its channel."""

    ts: str


@action(
    "slack.post",
    effect="once",
    example={"ts": "1"},
    errors=(
        "channel_not_found",
        "not_in_channel",
        "is_archived",
        "not_configured",
        "address_not_allowed",
    ),
    outward=True,
    destination_inputs={"channel": "channel"},
)
def post(slack: SlackClient, attempt: Attempt, *, channel: str, text: str) -> Posted:
    """Post a message."""
    return Posted(slack.post_message(attempt, channel=channel, text=escape(text)))
