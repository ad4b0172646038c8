"""A mail server: one conversation for each connection, on a real port."""

from __future__ import annotations

import socketserver
import ssl
import threading
from base64 import b64decode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from socket import SHUT_RDWR, socket
from types import TracebackType
from typing import Any, Self, cast

from tests.fakes.services import CUT, HANG, TRICKLE

_TRICKLE_SECONDS = 0.02
_LONGEST_LINE = 4096


@dataclass(frozen=True)
class Mail:
    """A mail that was accepted; `username` is who was logged in."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    username: str | None
    is_encrypted: bool

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.content, policy=policy.default)


class FakeSmtp:
    """`answers("RCPT", "550 …")` changes what is said to a verb; "MESSAGE" is the end of DATA."""

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        users: Mapping[str, str] | None = None,
        port: int = 0,
    ) -> None:
        self.messages: list[Mail] = []
        self.commands: list[str] = []
        self.faults: list[BaseException] = []
        self.tls = tls
        self.users = dict(users or {})
        self.replies: dict[str, str] = {}
        self._released = threading.Event()
        self._server = _Server(("127.0.0.1", port), self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}
        )

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def base_url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def nothing_was_sent(self) -> bool:
        return not self.commands

    def answers(self, verb: str, reply: str) -> None:
        """From now on this verb is answered with this line, or by HANG, TRICKLE, CUT."""
        self.replies[verb] = reply

    def wait_for_release(self, seconds: float | None = None) -> bool:
        return self._released.wait(seconds)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()
        assert self.faults == []


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = False

    def __init__(self, address: tuple[str, int], fake: FakeSmtp) -> None:
        self.fake = fake
        self._open: set[socket] = set()
        self._guard = threading.Lock()
        super().__init__(address, _Conversation)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        with self._guard:
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The far side hung up."""


class _HungUp(ConnectionError):
    pass


class _Conversation(socketserver.StreamRequestHandler):
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.fake = self.server.fake
        self.sender = ""
        self.recipients: list[str] = []
        self.username: str | None = None
        self.is_encrypted = False

    def handle(self) -> None:
        try:
            self.say("CONNECT", "220 fake ESMTP")
            while line := self.rfile.readline(_LONGEST_LINE):
                command = line.decode().rstrip("\r\n")
                verb = command.partition(" ")[0].upper()
                self.fake.commands.append(verb)
                _VERBS.get(verb, _Conversation.unknown)(self, command)
                if verb == "QUIT":
                    return
        except OSError:
            return
        except Exception as fault:
            self.fake.faults.append(fault)
            raise
        finally:
            if self.is_encrypted:
                with suppress(OSError):
                    self.connection.close()

    def say(self, verb: str, usual: str) -> bool:
        """Answer; whether it was the usual answer. Raises `ConnectionError` to hang up."""
        reply = self.fake.replies.get(verb, usual)
        if reply in {HANG, TRICKLE}:
            while not self.fake.wait_for_release(_TRICKLE_SECONDS):
                if reply == TRICKLE:
                    self.wfile.write(b"2")
        if reply in {HANG, TRICKLE, CUT}:
            raise _HungUp
        self.wfile.write(reply.encode() + b"\r\n")
        return reply == usual

    def greet(self, command: str) -> None:
        offers = ["fake"]
        if self.fake.tls is not None and not self.is_encrypted:
            offers.append("STARTTLS")
        if self.fake.users:
            offers.append("AUTH PLAIN")
        lines = [f"250-{each}" for each in offers[:-1]] + [f"250 {offers[-1]}"]
        self.say(command.partition(" ")[0].upper(), "\r\n".join(lines))

    def start_tls(self, _command: str) -> None:
        if self.fake.tls is None:
            self.say("STARTTLS", "454 TLS not available")
        elif self.say("STARTTLS", "220 go ahead"):
            self.connection = self.fake.tls.wrap_socket(self.connection, server_side=True)
            self.rfile = self.connection.makefile("rb")
            self.wfile = cast("Any", _Writer(self.connection))
            self.is_encrypted = True

    def log_in(self, command: str) -> None:
        _, _, rest = command.partition(" ")
        method, _, initial = rest.partition(" ")
        if method.upper() != "PLAIN":
            self.say("AUTH", "504 only PLAIN")
            return
        _, name, password = b64decode(initial).decode().split("\0")
        if self.fake.users.get(name) != password:
            self.say("AUTH", "535 5.7.8 wrong")
        elif self.say("AUTH", "235 welcome"):
            self.username = name

    def mail(self, command: str) -> None:
        if self.fake.users and self.username is None:
            self.say("MAIL", "530 5.7.0 log in first")
        elif self.say("MAIL", "250 ok"):
            self.sender = _bracketed(command)
            self.recipients = []

    def rcpt(self, command: str) -> None:
        if self.say("RCPT", "250 ok"):
            self.recipients.append(_bracketed(command))

    def data(self, _command: str) -> None:
        if not self.say("DATA", "354 go ahead"):
            return
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line.removeprefix(b"."))
        if self.fake.replies.get("MESSAGE", "250").startswith("250"):
            self.fake.messages.append(
                Mail(
                    self.sender,
                    tuple(self.recipients),
                    b"".join(lines),
                    self.username,
                    self.is_encrypted,
                )
            )
        self.say("MESSAGE", "250 accepted")

    def ok(self, command: str) -> None:
        self.say(command.partition(" ")[0].upper(), "250 ok")

    def quit(self, _command: str) -> None:
        self.say("QUIT", "221 bye")

    def unknown(self, _command: str) -> None:
        self.say("UNKNOWN", "500 what")


class _Writer:
    """What the handler writes to, once the socket is another one."""

    closed = False

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def write(self, content: bytes) -> None:
        self._connection.sendall(content)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        self.closed = True


_VERBS: dict[str, Callable[[_Conversation, str], None]] = {
    "EHLO": _Conversation.greet,
    "HELO": _Conversation.greet,
    "STARTTLS": _Conversation.start_tls,
    "AUTH": _Conversation.log_in,
    "MAIL": _Conversation.mail,
    "RCPT": _Conversation.rcpt,
    "DATA": _Conversation.data,
    "RSET": _Conversation.ok,
    "NOOP": _Conversation.ok,
    "QUIT": _Conversation.quit,
}


def _bracketed(command: str) -> str:
    return command[command.index("<") + 1 : command.index(">")]
