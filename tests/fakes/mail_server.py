"""A mail server that is none of ours (aiosmtpd), on a real port, and what it took."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Self, cast

from aiosmtpd.controller import Controller
from icalendar import Calendar


@dataclass(frozen=True)
class Taken:
    """A mail that was accepted."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.content, policy=policy.default)

    @property
    def subject(self) -> str:
        return str(self.message["Subject"]).strip()  # a long one begins on the next line

    @property
    def text(self) -> str:
        return self._part("text/plain").replace("\r\n", "\n")

    @property
    def html(self) -> str:
        return self._part("text/html").replace("\r\n", "\n")

    @property
    def kinds(self) -> list[str]:
        """The types of its parts, in their order."""
        return [part.get_content_type() for part in self.message.walk() if not part.is_multipart()]

    @property
    def event(self) -> Any:
        """The one event of its invitation, read by a library of calendars."""
        (event,) = self.calendar.walk("VEVENT")
        return event

    @property
    def calendar(self) -> Any:
        (part,) = [
            each for each in self.message.walk() if each.get_content_type() == "text/calendar"
        ]
        calendar = Calendar.from_ical(cast("bytes", part.get_payload(decode=True)))
        assert part["Content-Type"].params["method"] == calendar["METHOD"]
        return calendar

    def _part(self, kind: str) -> str:
        (found,) = [each for each in self.message.walk() if each.get_content_type() == kind]
        return str(found.get_content())


class MailServer:
    """Takes mails for everybody but those of `refuses`, whom it answers with a line of its own."""

    def __init__(self) -> None:
        self.mails: list[Taken] = []
        self._refused: dict[str, str] = {}
        self._controller = Controller(self, hostname="127.0.0.1", port=_free_port())

    @property
    def port(self) -> int:
        return int(self._controller.port)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def refuses(self, address: str, line: str) -> None:
        """From now on a mail to this address is answered so, such as `550 5.1.1 no such user`."""
        self._refused[address] = line

    def accepts(self, address: str) -> None:
        """The address is there again."""
        del self._refused[address]

    def to(self, address: str) -> list[Taken]:
        """The mails that went to an address, in their order."""
        return [mail for mail in self.mails if mail.recipients == (address,)]

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address in self._refused:
            return self._refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        taken = Taken(envelope.mail_from, tuple(envelope.rcpt_tos), envelope.content)
        self.mails.append(taken)
        return "250 OK"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._controller.stop()


def _free_port() -> int:
    """The library asks the port that it was given whether it answers: it cannot choose one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
