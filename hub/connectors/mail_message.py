"""A mail as it goes over the wire: its headers and its text, written in 7 bits."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from hub.connectors.mail_text import address, one_line, whole

if TYPE_CHECKING:
    from email.message import EmailMessage
    from email.policy import EmailPolicy


@cache
def wire() -> EmailPolicy[EmailMessage]:
    """7 bits only: not every server takes more, and none needs more."""
    from email.policy import SMTP  # noqa: PLC0415 - loaded by the first mail: few processes send any

    return SMTP.clone(cte_type="7bit")


def new_message(
    sender: str, *, to: str, subject: str, text: str, reply_to: str | None
) -> EmailMessage:
    """The mail with its headers and its text; raises `Permanent` for what no header may hold."""
    from email.message import EmailMessage  # noqa: PLC0415 - as above

    message = EmailMessage(policy=wire())
    message["From"] = sender
    message["To"] = address(to, "to")
    message["Subject"] = one_line(subject, "subject")
    if reply_to is not None:
        message["Reply-To"] = address(reply_to, "reply_to")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(whole(text))
    return message
