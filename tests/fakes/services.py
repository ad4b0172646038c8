"""What the fakes that speak HTTP have in common: a real port, what was received, how to misbehave.

A behaviour holds for the next request (`then`) or for all of them (`always`); without one the fake
answers as the real service would.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR, socket
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qs, parse_qsl, urlsplit

# Misbehaviour after the request was read: no answer until `release()`; an answer that comes a byte
# at a time and never ends; a closed connection.
HANG: Literal["hang"] = "hang"
TRICKLE: Literal["trickle"] = "trickle"
CUT: Literal["cut"] = "cut"

_TRICKLE_SECONDS = 0.02


@dataclass(frozen=True)
class Received:
    """One request as it came in; names of headers in lower case."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(frozen=True)
class Answer:
    """What is sent back."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
        """A JSON answer."""
        said = {"Content-Type": "application/json", **(headers or {})}
        return cls(status, json.dumps(value).encode(), said)


Behaviour = Answer | Literal["hang", "trickle", "cut"]


class FakeService:
    """A service on loopback, started by `with`; `requests` is everything that reached it."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.requests: list[Received] = []
        self.faults: list[BaseException] = []
        self._lock = threading.Lock()
        self._planned: deque[Behaviour] = deque()
        self._usual: Behaviour | None = None
        self._released = threading.Event()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    @property
    def port(self) -> int:
        return self._port

    @property
    def nothing_was_sent(self) -> bool:
        return not self.requests

    def at(self, port: int) -> Self:
        """Listen there and nowhere else."""
        self._port = port
        return self

    def then(self, *behaviours: Behaviour) -> None:
        """The next requests get these, one each."""
        with self._lock:
            self._planned.extend(behaviours)

    def always(self, behaviour: Behaviour | None) -> None:
        """All requests get this; None: behave again."""
        self._usual = behaviour

    def release(self) -> None:
        """Let those go on that hang."""
        self._released.set()

    def refuse(self) -> None:
        """Stop listening: connections are refused until `listen`."""
        self._stop()

    def listen(self) -> None:
        """Listen, on the same port as before."""
        self._released.clear()
        self._server = _Server(("127.0.0.1", self._port), self)
        self._port = self._server.server_address[1]
        if self._tls is not None:
            self._server.socket = self._tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}
        )
        self._thread.start()

    def __enter__(self) -> Self:
        self.listen()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()
        assert self.faults == []

    def answer(self, request: Received) -> Answer:
        """What the real service would say; a fake of a service overrides it."""
        raise NotImplementedError

    def received(self, request: Received) -> Behaviour:
        """Take the request down and decide what happens to it."""
        with self._lock:
            self.requests.append(request)
            if self._planned:
                return self._planned.popleft()
            return self.answer(request) if self._usual is None else self._usual

    def wait_for_release(self, seconds: float | None = None) -> bool:
        """Whether `release` or the end came within the time."""
        return self._released.wait(seconds)

    def _stop(self) -> None:
        self._released.set()
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()
        self._server = self._thread = None


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # closing waits for them
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], service: FakeService) -> None:
        self.service = service
        self._open: set[socket] = set()
        self._guard = threading.Lock()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections that are still open, or their threads would wait for ever."""
        with self._guard:
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The far side hung up: what happened before it did is what counts."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""

    def handle_one(self) -> None:
        service = self.server.service
        try:
            behaviour = service.received(self._read())
        except ConnectionError:
            raise
        except Exception as fault:
            service.faults.append(fault)
            raise
        if behaviour == HANG:
            service.wait_for_release()
            behaviour = CUT
        if behaviour == CUT:
            self.close_connection = True
        elif behaviour == TRICKLE:
            self._trickle()
        else:
            self._send(behaviour)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = handle_one  # noqa: N815

    def _read(self) -> Received:
        url = urlsplit(self.path)
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionResetError("the caller died while it was sending")
        return Received(
            method=self.command,
            path=url.path,
            query=parse_qs(url.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
        )

    def _send(self, answer: Any) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if "Content-Length" not in answer.headers:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)
        if int(answer.headers.get("Content-Length", len(answer.body))) != len(answer.body):
            self.close_connection = True

    def _trickle(self) -> None:
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not self.server.service.wait_for_release(_TRICKLE_SECONDS):
            self.wfile.write(b"z")
