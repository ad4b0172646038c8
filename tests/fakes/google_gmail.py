"""Gmail v1, as far as sending goes."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from tests.fakes.google_errors import Refused, json_of
from tests.fakes.services import Answer, Received

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+={0,2}")


class Mailbox:
    """What was sent; a service account has no mailbox of its own."""

    def __init__(self) -> None:
        self.sent: list[EmailMessage] = []

    def answer(self, request: Received, path: str, subject: str | None) -> Answer:
        if request.method != "POST" or path != "messages/send":
            return Answer(404, b"<!DOCTYPE html>Not Found", {"Content-Type": "text/html"})
        if subject is None:
            raise Refused(
                400, "failedPrecondition", "Precondition check failed.", "FAILED_PRECONDITION"
            )
        raw = json_of(request, {"raw", "threadId", "labelIds"}).get("raw")
        if not isinstance(raw, str) or not _BASE64URL.fullmatch(raw):
            raise Refused(400, "invalidArgument", "'raw' RFC822 payload message string required")
        content = urlsafe_b64decode(raw + "=" * (-len(raw) % 4))
        parser = BytesParser(policy=policy.default)
        message = parser.parsebytes(content)
        if not message["To"]:
            raise Refused(400, "invalidArgument", "Recipient address required", "INVALID_ARGUMENT")
        self.sent.append(message)
        name = f"18c{len(self.sent):013x}"
        return Answer.of({"id": name, "threadId": name, "labelIds": ["SENT"]})
