"""Twilio's REST API: messages are created, the account is read; three forms of saying no."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from tests.fakes.services import Answer, FakeService, Received


@dataclass(frozen=True)
class TextMessage:
    """A message that was accepted; `sender` is a number or a messaging service."""

    to: str
    sender: str
    text: str
    sid: str


class FakeTwilio(FakeService):
    """Accepts one account; `opted_out` receivers are refused with 21610."""

    def __init__(self, account_sid: str = "AC" + "0" * 32, auth_token: str = "token-test") -> None:
        super().__init__()
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.messages: list[TextMessage] = []
        self.opted_out: set[str] = set()
        self.status = "active"

    def fails_with(self, status: int, code: int, message: str = "no") -> None:
        """The next request is refused in Twilio's form."""
        self.then(Answer.of(_error(status, code, message), status))

    def answer(self, request: Received) -> Answer:
        place = f"/2010-04-01/Accounts/{self.account_sid}"
        if request.path not in {f"{place}.json", f"{place}/Messages.json"}:
            return Answer.of(_error(404, 20404, "not found"), 404)
        word = b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {word}":
            return Answer.of(_error(401, 20003, "Authenticate"), 401)
        if request.path == f"{place}.json":
            return Answer.of(
                {"sid": self.account_sid, "friendly_name": "Acme", "status": self.status}
            )
        form = request.form
        if form["To"] in self.opted_out:
            return Answer.of(_error(400, 21610, "unsubscribed recipient"), 400)
        service = form.get("MessagingServiceSid")
        sid = f"SM{len(self.messages):032x}"
        sender = service or form["From"]
        self.messages.append(TextMessage(form["To"], sender, form["Body"], sid))
        return Answer.of(self._created(form, sid, service), 201)

    def _created(self, form: dict[str, str], sid: str, service: str | None) -> dict[str, Any]:
        return {
            "sid": sid,
            "account_sid": self.account_sid,
            "to": form["To"],
            "from": None if service else form["From"],
            "messaging_service_sid": service,
            "body": form["Body"],
            "status": "accepted" if service else "queued",
            "num_segments": "1",
            "num_media": "0",
            "direction": "outbound-api",
            "api_version": "2010-04-01",
            "date_created": "Mon, 20 Oct 2025 12:00:00 +0000",
            "date_updated": "Mon, 20 Oct 2025 12:00:00 +0000",
            "date_sent": None,
            "price": None,
            "price_unit": "USD",
            "error_code": None,
            "error_message": None,
            "uri": f"/2010-04-01/Accounts/{self.account_sid}/Messages/{sid}.json",
            "subresource_uris": {},
        }


def _error(status: int, code: int, message: str) -> dict[str, Any]:
    return {"code": code, "message": message, "more_info": "", "status": status}
