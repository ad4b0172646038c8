"""Slack's Web API, as far as `chat.postMessage` and `auth.test` go, and an incoming webhook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.fakes.services import Answer, FakeService, Received

WEBHOOK_CHANNEL = "#of-the-webhook"
_METHODS = {"/api/chat.postMessage", "/api/auth.test"}
_WEBHOOK = "/services/T1/B1/fakefakefake"
_PLAIN = {"Content-Type": "text/html"}
_LONGEST_TEXT = 40_000


@dataclass(frozen=True)
class SlackMessage:
    """A posted message, its text as Slack would show it."""

    channel: str
    text: str


class FakeSlack(FakeService):
    """Accepts one token and every channel; `fails_with` says no as Slack does: 200, ok false."""

    def __init__(self, token: str = "xoxb-test") -> None:
        super().__init__()
        self.token = token
        self.messages: list[SlackMessage] = []

    @property
    def base_url(self) -> str:
        return f"{self.url}/api/"

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.messages]

    def fails_with(self, code: str) -> None:
        """The next request is refused with this code."""
        self.then(Answer.of({"ok": False, "error": code}))

    def is_busy(self, retry_after: int) -> None:
        """The next request is over the rate limit."""
        said = {"Retry-After": str(retry_after)}
        self.then(Answer.of({"ok": False, "error": "ratelimited"}, 429, said))

    @property
    def webhook_url(self) -> str:
        """Whoever has it may post; another path is no webhook."""
        return f"{self.url}{_WEBHOOK}"

    def answer(self, request: Received) -> Answer:
        if request.path.startswith("/services/"):
            return self._webhook(request)
        said = _object_in(request) or {}
        is_question = request.path == "/api/auth.test"
        if (error := self._refusal(request, said, is_question=is_question)) is not None:
            return Answer.of({"ok": False, "error": error})
        if is_question:
            return Answer.of({"ok": True, "team": "Acme", "user": "hub", "bot_id": "B1"})
        self._show(said["channel"], said["text"])
        return Answer.of(
            {"ok": True, "channel": said["channel"], "ts": f"1760961600.{len(self.messages):06d}"}
        )

    def _refusal(self, request: Received, said: dict[str, Any], *, is_question: bool) -> str | None:
        """What the Web API has against the request, under 200."""
        given, channel = request.headers.get("authorization"), said.get("channel")
        checks = {
            "unknown_method": request.method == "POST" and request.path in _METHODS,
            "not_authed": given is not None,
            "invalid_auth": given == f"Bearer {self.token}",
        }
        if not is_question:
            checks["invalid_json"] = _object_in(request) is not None
            checks["channel_not_found"] = isinstance(channel, str) and bool(channel)
        wrong = None if is_question else _wrong_text(said)
        return next((error for error, holds in checks.items() if not holds), wrong)

    def _webhook(self, request: Received) -> Answer:
        """Incoming webhooks answer in plain words."""
        if request.path != _WEBHOOK:
            return Answer(404, b"no_service", _PLAIN)
        said = _object_in(request)
        if request.method != "POST" or said is None:
            return Answer(400, b"invalid_payload", _PLAIN)
        if (wrong := _wrong_text(said)) is not None:
            return Answer(400, wrong.encode(), _PLAIN)
        self._show(WEBHOOK_CHANNEL, said["text"])
        return Answer(200, b"ok", _PLAIN)

    def _show(self, channel: str, text: str) -> None:
        shown = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        self.messages.append(SlackMessage(channel, shown))


def _object_in(request: Received) -> dict[str, Any] | None:
    """The message; none where it is not said to be JSON, or is no object."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        return None
    try:
        said = request.json
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def _wrong_text(said: dict[str, Any]) -> str | None:
    text = said.get("text")
    if not isinstance(text, str) or not text:
        return "no_text"
    return "msg_too_long" if len(text) > _LONGEST_TEXT else None
