"""Twilio's REST API: messages are created, the account is read; three forms of saying no.

Of a message it reports what became of it to the URL that was asked for, signed as Twilio signs.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from tests.fakes.services import CUT, Answer, Behaviour, FakeService, Received

_FORM = "application/x-www-form-urlencoded"
_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_LONGEST_TEXT = 1600


@dataclass(frozen=True)
class TextMessage:
    """A message that was accepted; `sender` is a number or a messaging service."""

    to: str
    sender: str
    text: str
    sid: str


@dataclass(frozen=True)
class StatusCallback:
    """A request that the service makes."""

    url: str
    body: bytes
    headers: dict[str, str]

    @property
    def target(self) -> str:
        """Path and query, as they stand in the URL."""
        parts = urlsplit(self.url)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path


class FakeTwilio(FakeService):
    """Accepts one account; `opted_out` receivers are refused with 21610."""

    signature_header = "X-Twilio-Signature"

    def __init__(self, account_sid: str = "AC" + "0" * 32, auth_token: str = "token-test") -> None:
        super().__init__()
        self.prefix = ""
        self._is_answer_lost = False
        self.hides = False  # its list is behind: what was made is not in it yet
        self._made: list[dict[str, Any]] = []
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.signing_key = auth_token
        self.messages: list[TextMessage] = []
        self.opted_out: set[str] = set()
        self.callbacks: dict[str, str] = {}  # by SID
        self.status = "active"

    def fails_with(self, status: int, code: int, message: str = "no") -> None:
        """The next request is refused in Twilio's form."""
        self.then(Answer.of(_error(status, code, message), status))

    def loses_the_answer(self) -> None:
        """The next message is sent, and nobody hears of it."""
        self._is_answer_lost = True

    def received(self, request: Received) -> Behaviour:
        behaviour = super().received(request)
        is_lost, self._is_answer_lost = self._is_answer_lost, False
        return CUT if is_lost else behaviour

    def answer(self, request: Received) -> Answer:
        account = f"{self.prefix}/2010-04-01/Accounts/{self.account_sid}"
        made = {f"{account}/Messages/{each['sid']}.json": each for each in self._made}
        if request.path not in {f"{account}.json", f"{account}/Messages.json", *made}:
            return self._no(404, 20404, "not found")
        word = b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {word}":
            return self._no(401, 20003, "Authenticate")
        if request.path == f"{account}.json":
            return Answer.of(
                {"sid": self.account_sid, "friendly_name": "Acme", "status": self.status}
            )
        if request.path in made:
            return Answer.of(made[request.path])
        return self._list(request) if request.method == "GET" else self._create(request)

    def _create(self, request: Received) -> Answer:
        is_form = request.headers.get("content-type", "").startswith(_FORM)
        form = request.form if is_form else {}
        to, text = form.get("To", ""), form.get("Body", "")
        service = form.get("MessagingServiceSid")
        sender = service or form.get("From", "")
        if _NUMBER.fullmatch(to) is None:
            return self._no(400, 21211 if to else 21604, "Invalid 'To' Phone Number")
        if not sender:
            return self._no(400, 21603, "A 'From' phone number is required")
        if not text or len(text) > _LONGEST_TEXT:
            return self._no(400, 21617 if text else 21602, "Message body")
        if to in self.opted_out:
            return self._no(400, 21610, "unsubscribed recipient")
        callback = form.get("StatusCallback")
        if callback is not None and not _is_url(callback):
            return self._no(400, 21609, "The 'StatusCallback' URL is not a valid URL")
        sid = self.new_sid(len(self.messages))
        if callback is not None:
            self.callbacks[sid] = callback
        self.messages.append(TextMessage(to, sender, text, sid))
        self._made.append(self.created(form, sid, service))
        return Answer.of(self._made[-1], 201)

    def _list(self, request: Received) -> Answer:
        to, since = (request.query.get(name, [""])[0] for name in ("To", "DateSent>"))
        found = [
            each
            for each in self._made
            if not self.hides
            and each["to"] == to
            and parsedate_to_datetime(each["date_created"]) >= datetime.fromisoformat(since)
        ]
        return Answer.of({"messages": found[::-1], "page": 0, "next_page_uri": None})

    def new_sid(self, number: int) -> str:
        return f"SM{number:032x}"

    def reports(self, sid: str, status: str, **more: str) -> StatusCallback:
        """What it says of a message that asked for it; `more` are parameters such as ErrorCode."""
        (made,) = (each for each in self._made if each["sid"] == sid)
        form = {
            "MessageSid": sid,
            "MessageStatus": status,
            "AccountSid": self.account_sid,
            "From": made["from"] or "+12025550100",
            "To": made["to"],
            **more,
        }
        return self.signed(self.callbacks[sid], form)

    def becomes(self, sid: str, status: str, error_code: int | str | None = None) -> None:
        """Something became of a message, and nobody is told."""
        for each in self._made:
            if each["sid"] == sid:
                each |= {"status": status, "error_code": error_code}

    def signed(self, url: str, form: dict[str, str]) -> StatusCallback:
        """A form for a URL, with the proof that it comes from here."""
        covered = url + "".join(f"{name}{form[name]}" for name in sorted(form))
        digest = hmac.new(self.signing_key.encode(), covered.encode(), "sha1").digest()
        headers = {
            "Content-Type": f"{_FORM}; charset=utf-8",
            self.signature_header: b64encode(digest).decode(),
        }
        return StatusCallback(url, urlencode(form).encode(), headers)

    def _no(self, status: int, code: int, message: str) -> Answer:
        return Answer.of(_error(status, code, message), status)

    def created(self, form: dict[str, str], sid: str, service: str | None) -> dict[str, Any]:
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


class FakeSignalWire(FakeTwilio):
    """The same language with other words: UUIDs, integers, `initiated`, and lists of errors."""

    signature_header = "X-SignalWire-Signature"

    def __init__(self) -> None:
        super().__init__(account_sid="ea108133-d6b3-407c-9536-9fad8a929a6a")
        self.prefix = "/api/laml"
        self.signing_key = "PSKexample"

    def new_sid(self, number: int) -> str:
        return str(UUID(int=number))

    def created(self, form: dict[str, str], sid: str, service: str | None) -> dict[str, Any]:
        made = {**super().created(form, sid, service), "num_segments": 1, "num_media": 0}
        return {**made, "status": "initiated"}

    def _no(self, status: int, code: int, message: str) -> Answer:
        """Only a missing proof is told as Twilio tells it."""
        if status == 401:
            return super()._no(status, code, message)
        return Answer.of({"errors": [{"code": str(code), "message": message}]}, status)


def _is_url(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _error(status: int, code: int, message: str) -> dict[str, Any]:
    return {"code": code, "message": message, "more_info": "", "status": status}
