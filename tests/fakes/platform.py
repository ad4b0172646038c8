"""A platform that takes callbacks as Standard Webhooks says, from the specification alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Any

from tests.fakes.services import Answer, FakeService, Received

_TOLERANCE = 300


class FakePlatform(FakeService):
    """Verifies with one secret at the time of `now`; a message id is taken once."""

    def __init__(self, secret: str, now: Callable[[], datetime]) -> None:
        super().__init__()
        self.secret = secret
        self.now = now
        self.events: dict[str, Any] = {}
        self.loses_answers = 0

    def answer(self, request: Received) -> Answer:
        refused = self._refusal(request)
        if refused is not None:
            return refused
        self.events.setdefault(request.headers["webhook-id"], request.json)
        if self.loses_answers:
            self.loses_answers -= 1
            return Answer(502)
        return Answer(204)

    def _refusal(self, request: Received) -> Answer | None:
        message_id = request.headers.get("webhook-id", "")
        seconds = request.headers.get("webhook-timestamp", "")
        if (
            request.method != "POST"
            or not message_id
            or "." in message_id
            or not seconds.isdecimal()
        ):
            return Answer.of({"error": "headers are missing"}, 400)
        if abs(self.now().timestamp() - int(seconds)) > _TOLERANCE:
            return Answer.of({"error": "too old or too new"}, 401)
        if not self._is_signed(request, message_id, seconds):
            return Answer.of({"error": "no matching signature"}, 401)
        event = request.json
        if not {"type", "timestamp", "data"} <= event.keys():
            return Answer.of({"error": "no event"}, 400)
        return None

    def _is_signed(self, request: Received, message_id: str, seconds: str) -> bool:
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        content = b".".join([message_id.encode(), seconds.encode(), request.body])
        wanted = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        entries = request.headers.get("webhook-signature", "").split(" ")
        return any(each.partition(",")[::2] == ("v1", wanted) for each in entries)
