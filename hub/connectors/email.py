"""E-mail: the action `email.send`, by SMTP, with a calendar invitation if wanted."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from hub.action import Attempt, Clock, action
from hub.connectors import icalendar
from hub.connectors.connections import CHECK_TIME, ConnectionSettings, Connector, configured
from hub.connectors.mail_settings import SMTP
from hub.connectors.mail_text import address, one_line, whole
from hub.errors import Permanent
from hub.signature import Email

if TYPE_CHECKING:
    from email.message import EmailMessage
    from email.policy import EmailPolicy

__all__ = ["EmailClient", "Invite", "Mailed", "send"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Invite:
    """The appointment an invitation is for: one `uid` for ever, `sequence` + 1 on each change."""

    uid: str
    title: str
    start: datetime
    end: datetime
    organizer: Email
    location: str | None = None
    sequence: int = 0
    cancelled: bool = False


@dataclass(frozen=True)
class Mailed:
    """`message_id` is the mail's own id, the same for every attempt of the step.

    `sent` is false where mail is switched off.
    """

    message_id: str
    sent: bool = True


class EmailClient:
    """One mail server and the sender's address; without settings every use says what to set.

    The server stands in hub.yaml and never comes from a workflow, so it may be a private one.
    """

    def __init__(self, settings: ConnectionSettings | None) -> None:
        self._settings = settings

    @property
    def sender(self) -> str:
        """The address mails come from."""
        return address(configured(self._settings, SMTP).options["from"], "options.from")

    @property
    def is_off(self) -> bool:
        """Whether mails stay here; raises `Permanent("not_configured")` for another word."""
        said = configured(self._settings, SMTP).options.get("sending") or "on"
        if said not in {"on", "off"}:
            raise Permanent("not_configured", "options.sending may be on or off")
        return said == "off"

    def deliver(self, message: EmailMessage, *, to: str, timeout: timedelta) -> None:
        """Hand the mail to the server; raises `StepFailed`."""
        from hub.connectors.smtp import MailServer, deliver  # noqa: PLC0415 - see `_wire`

        server = MailServer.of(configured(self._settings, SMTP))
        content = message.as_bytes(policy=_wire())
        deliver(server, content, sender=self.sender, to=to, timeout=timeout)

    def check(self) -> str:
        """Whether the server answers and takes the login; no mail is sent. Raises `StepFailed`."""
        from hub.connectors.smtp import MailServer, greet  # noqa: PLC0415 - see `_wire`

        said = greet(MailServer.of(configured(self._settings, SMTP)), timeout=CHECK_TIME)
        return f"{said}; mails come from {self.sender}"


CONNECTOR = Connector(SMTP, EmailClient, lambda settings, _: EmailClient(settings))


@action(
    "email.send",
    effect="once",
    example={"message_id": "m1"},
    errors=("invalid_address", "blocked_address", "not_configured", "tls_unavailable"),
    outward=True,
    destination_inputs={"to": "email"},
    template_inputs=("html",),
    file_or_text_inputs=("text",),
    mailed_input="to",
)
def send(
    mail: EmailClient,
    attempt: Attempt,
    clock: Clock,
    *,
    to: Email,
    subject: str,
    text: str,
    html: str | None = None,
    reply_to: Email | None = None,
    invite: Invite | None = None,
) -> Mailed:
    """Send an e-mail, optionally with a calendar invite (.ics)."""
    message = _message(mail.sender, to=to, subject=subject, text=text, reply_to=reply_to)
    digest = sha256(attempt.key.encode()).hexdigest()[:32]
    message_id = f"<{digest}@{mail.sender.partition('@')[2]}>"
    message["Message-ID"] = message_id
    message["Date"] = clock.now()
    if html is not None:
        message.add_alternative(whole(html), subtype="html")
    if invite is not None:
        _attach(message, invite, to=to, text=text, at=clock.now())
    if html is not None or invite is not None:
        # A boundary of our own: what is sent again is the same, byte for byte.
        message.set_boundary(f"=_{digest}")
    if mail.is_off:  # all of it was looked at: switched on, it would have left
        log.info("mail is off: not sent", extra={"run_id": str(attempt.run_id)})
        return Mailed(message_id, sent=False)
    mail.deliver(message, to=to, timeout=attempt.timeout)
    return Mailed(message_id)


@cache
def _wire() -> EmailPolicy[EmailMessage]:
    """7 bits only: not every server takes more, and none needs more."""
    from email.policy import SMTP  # noqa: PLC0415 - loaded by the first mail: few processes send any

    return SMTP.clone(cte_type="7bit")


def _message(
    sender: str, *, to: str, subject: str, text: str, reply_to: str | None
) -> EmailMessage:
    from email.message import EmailMessage  # noqa: PLC0415 - as above

    message = EmailMessage(policy=_wire())
    message["From"] = sender
    message["To"] = address(to, "to")
    message["Subject"] = one_line(subject, "subject")
    if reply_to is not None:
        message["Reply-To"] = address(reply_to, "reply_to")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(whole(text))
    return message


def _attach(message: EmailMessage, invite: Invite, *, to: str, text: str, at: datetime) -> None:
    if invite.end <= invite.start:
        raise Permanent("invalid_input", "invite.end is not after invite.start")
    if not invite.uid or invite.sequence < 0:
        raise Permanent("invalid_input", "invite needs a uid and a sequence of 0 or more")
    invitation = icalendar.Invitation(
        uid=one_line(invite.uid, "invite.uid"),
        title=invite.title,
        start=invite.start,
        end=invite.end,
        organizer=address(invite.organizer, "invite.organizer"),
        attendee=to,
        stamped_at=at,
        location=invite.location,
        sequence=invite.sequence,
        is_cancelled=invite.cancelled,
        description=text,
    )
    message.add_alternative(
        whole(icalendar.write(invitation)),
        subtype="calendar",
        cte="base64",
        params={"method": invitation.method},
    )
