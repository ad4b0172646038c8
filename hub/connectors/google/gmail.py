"""Gmail: the action `gmail.send`."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from hub.action import Attempt, action
from hub.connectors.google.client import GMAIL, GoogleClient
from hub.errors import Permanent
from hub.signature import Email

if TYPE_CHECKING:
    from email.message import EmailMessage
    from email.policy import EmailPolicy

__all__ = ["GmailSent", "send"]

_ADDRESS = re.compile(r"[^\s\x00-\x1f\x7f-\uffff,;:<>()\[\]\"\\@]+@[A-Za-z0-9.-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")
_HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")
_LONGEST_SUBJECT = 500


@dataclass(frozen=True)
class GmailSent:
    """Gmail's ids of the mail and its conversation."""

    id: str
    thread_id: str


# Gmail has no idempotency key and may put a Message-ID of its own in the place of ours, so a mail
# whose answer was lost cannot be found again for sure: it is never sent twice (E8).
@action(
    "gmail.send",
    effect="once",
    example={"id": "18c1a2", "thread_id": "18c1a2"},
    errors=("invalid_address", "blocked_address", "not_configured", "address_not_allowed"),
    outward=True,
    destination_inputs={"to": "email"},
    template_inputs=("html",),
    file_or_text_inputs=("text",),
    mailed_input="to",
)
def send(
    google: GoogleClient,
    attempt: Attempt,
    *,
    to: Email,
    subject: str,
    text: str,
    html: str | None = None,
    reply_to: Email | None = None,
) -> GmailSent:
    """Send an e-mail from the mailbox of the connection."""
    from email.message import EmailMessage  # noqa: PLC0415 - as the policy

    message = EmailMessage(policy=_wire())
    message["To"] = _address(to, "to")
    if _CONTROL.search(subject) or len(subject) > _LONGEST_SUBJECT:
        raise Permanent("invalid_input", "subject is not one line of at most 500 characters")
    message["Subject"] = subject
    if reply_to is not None:
        message["Reply-To"] = _address(reply_to, "reply_to")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_HALF_CHARACTER.sub("\ufffd", text))
    if html is not None:
        message.add_alternative(_HALF_CHARACTER.sub("\ufffd", html), subtype="html")
    raw = urlsafe_b64encode(message.as_bytes(policy=_wire())).decode()
    calls = google.calls(GMAIL, attempt.timeout)
    sent = calls.write("POST", "/users/me/messages/send", json={"raw": raw})
    if not isinstance(sent.get("id"), str):
        raise calls.strange()
    return GmailSent(sent["id"], str(sent.get("threadId", "")))


@cache
def _wire() -> EmailPolicy[EmailMessage]:
    """7 bits only, as `email.send` writes: not every server on the way takes more."""
    from email.policy import SMTP  # noqa: PLC0415 - loaded by the first mail: few processes send any

    return SMTP.clone(cte_type="7bit")


def _address(text: str, where: str) -> str:
    if _ADDRESS.fullmatch(text) is None:
        raise Permanent("invalid_address", f"{where} is not one plain e-mail address")
    return text
