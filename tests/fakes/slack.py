"""Slack's Web API, as far as `chat.postMessage` and `auth.test` go."""

from __future__ import annotations

from dataclasses import dataclass

from tests.fakes.services import Answer, FakeService, Received


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

    def answer(self, request: Received) -> Answer:
        method = request.path.removeprefix("/api/")
        if request.method != "POST" or method not in {"chat.postMessage", "auth.test"}:
            return Answer.of({"ok": False, "error": "unknown_method"})
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return Answer.of({"ok": False, "error": "invalid_auth"})
        if method == "auth.test":
            return Answer.of({"ok": True, "team": "Acme", "user": "hub", "bot_id": "B1"})
        said = request.json
        if not said.get("text"):
            return Answer.of({"ok": False, "error": "no_text"})
        shown = said["text"].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        self.messages.append(SlackMessage(said["channel"], shown))
        return Answer.of(
            {"ok": True, "channel": said["channel"], "ts": f"1760961600.{len(self.messages):06d}"}
        )
