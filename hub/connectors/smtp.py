"""One mail handed to one server, under one deadline; what each refusal means (RFC 5321)."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import BinaryIO, Literal, Self
from urllib.parse import urlsplit

from hub.connectors.connections import ConnectionSettings
from hub.connectors.http.sockets import Exchange, open_socket
from hub.connectors.smtp_failures import expect, expect_recipient, told
from hub.errors import Permanent

TlsMode = Literal["starttls", "tls", "none"]

_PORTS: dict[TlsMode, int] = {"starttls": 587, "tls": 465, "none": 25}
_LONGEST = timedelta(seconds=30)
_LONGEST_GOODBYE = 1.0


@dataclass(frozen=True)
class MailServer:
    """Where mails are handed in."""

    host: str
    port: int
    tls: TlsMode
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None

    @classmethod
    def of(cls, settings: ConnectionSettings) -> MailServer:
        """From the connection of hub.yaml; raises `Permanent("not_configured")`."""
        try:
            url = urlsplit(settings.base_url or "")
            host, port = url.hostname, url.port
        except ValueError:
            url, host, port = urlsplit(""), None, None
        tls = settings.options.get("tls") or ("tls" if url.scheme == "smtps" else "starttls")
        if url.scheme not in {"smtp", "smtps"} or not host or tls not in _PORTS:
            raise Permanent(
                "not_configured",
                f"the connection {settings.name} of hub.yaml needs a base_url such as"
                " smtp://mail.example.com:587, and options.tls may be starttls, tls or none",
            )
        return cls(
            host=host,
            port=port or _PORTS[tls],
            tls=tls,
            username=settings.credentials.get("username") or None,
            password=settings.credentials.get("password") or None,
            ca_file=settings.options.get("ca_file") or None,
        )


def deliver(
    server: MailServer, content: bytes, *, sender: str, to: str, timeout: timedelta
) -> None:
    """Hand in a mail. 4yz is `Transient`, 5yz `Permanent`, a break after DATA is `maybe_done`."""
    session = _Session(server, Exchange(min(timeout, _LONGEST).total_seconds()))
    with told(server.host[:100], session), session:
        if server.username is not None:
            session.login(server.username, server.password or "")
        expect(session.mail(sender))
        expect_recipient(session.rcpt(to))
        session.is_handed_over = True
        expect(session.data(content))


def greet(server: MailServer, *, timeout: timedelta) -> str:
    """Say hello, log in where there is a user, and leave; what was found. Raises `StepFailed`."""
    session = _Session(server, Exchange(min(timeout, _LONGEST).total_seconds()))
    with told(server.host[:100], session), session:
        if server.username is None:
            return f"{server.host} answers ({server.tls}); no login is configured"
        session.login(server.username, server.password or "")
    return f"{server.host} answers ({server.tls}) and takes the login"


class _Session(smtplib.SMTP):
    """A conversation whose socket is shut when the deadline passes, however slowly it trickles."""

    def __init__(self, server: MailServer, exchange: Exchange) -> None:
        super().__init__(local_hostname="")
        self.server = server
        self.is_handed_over = False
        self._exchange = exchange
        self._alarm: threading.Timer | None = None

    def __enter__(self) -> Self:
        opened = open_socket(self.server.host, self.server.port, exchange=self._exchange)
        try:
            self._watch(opened)
            self._greet(opened)
        except BaseException:
            opened.close()
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        # Whatever there was to say has been said: the good-bye may cost a second, and may fail.
        with suppress(OSError, smtplib.SMTPException):
            if self.sock is not None:
                self.sock.settimeout(_LONGEST_GOODBYE)
                self.quit()
        self.close()

    def getreply(self) -> tuple[int, bytes]:
        """The next reply; a line that was cut off is the end, not a reply."""
        if self.file is None and self.sock is not None:
            self.file = _WholeLines(self.sock.makefile("rb"))
        return super().getreply()

    def close(self) -> None:
        """Let go of the socket and of the alarm."""
        if self._alarm is not None:
            self._alarm.cancel()
        super().close()

    def is_late(self) -> bool:
        """Tell whether the deadline has passed."""
        try:
            self._exchange.remaining()
        except TimeoutError:
            return True
        return False

    def _greet(self, opened: socket.socket) -> None:
        server = self.server
        self.local_hostname = _literal(opened)
        if server.tls == "tls":
            opened = self._context().wrap_socket(opened, server_hostname=server.host)
            self._watch(opened)
        self.sock = opened
        expect(self.getreply())
        self.ehlo_or_helo_if_needed()
        if server.tls == "starttls":
            if not self.has_extn("starttls"):
                raise Permanent("tls_unavailable", f"the mail server {server.host} offers no TLS")
            # The name that the certificate is checked against.
            self._host = server.host
            expect(self.starttls(context=self._context()))
            self._watch(self.sock)
            self.ehlo()

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.server.ca_file)

    def _watch(self, opened: socket.socket) -> None:
        """Every wait ends by itself, and all of them together when the time is over."""
        left = self._exchange.remaining()
        opened.settimeout(left)
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = threading.Timer(left, _shut, [opened])
        self._alarm.daemon = True
        self._alarm.start()


class _WholeLines:
    """What smtplib reads replies from; it would take half a line for a whole one."""

    def __init__(self, lines: BinaryIO) -> None:
        self._lines = lines

    def readline(self, limit: int) -> bytes:
        """The next line, empty at the end."""
        line = self._lines.readline(limit)
        return line if line.endswith(b"\n") or len(line) == limit else b""

    def close(self) -> None:
        """Let go of the socket."""
        self._lines.close()


def _literal(opened: socket.socket) -> str:
    """Our own address in the form that stands for a name in EHLO."""
    address = str(opened.getsockname()[0])
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _shut(opened: socket.socket) -> None:
    with suppress(OSError):
        # The plain method: that of a TLS socket would take the session away under the reader.
        socket.socket.shutdown(opened, socket.SHUT_RDWR)
