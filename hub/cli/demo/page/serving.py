"""The page over HTTP, for a browser on this machine and nobody else.

It is reached by an address that nobody can guess: whoever knows it may have requests signed with
the secrets of this machine. Another account of the machine can reach the port, but not the page.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from uuid import UUID

from hub.cli.demo.page.desk import Desk
from hub.errors import NotPossible, Permanent, Transient

HOST = "127.0.0.1"  # whatever HUB_HOST says
_PLACE = "/demo"
_PORTS = 20
_MOST = 65_536  # bytes of one request
_KINDS = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_JSON = "application/json"
_ELSEWHERE = b"Open the address that `hub dev` printed: it ends with a key of this machine.\n"
_QUIET_SECONDS = 15.0  # after which a connection that says nothing is let go


@dataclass(frozen=True)
class Said:
    """An answer of the page."""

    status: int
    body: bytes
    kind: str = _JSON


@dataclass
class Page:
    """A port on 127.0.0.1 that is taken, and the key of its address; `serve` opens it."""

    server: ThreadingHTTPServer
    key: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    desk: Desk | None = None

    @property
    def origin(self) -> str:
        """What browsers call the page, in `Origin`."""
        return f"http://{HOST}:{self.server.server_port}"

    @property
    def url(self) -> str:
        """Where a person opens it."""
        return f"{self.origin}{_PLACE}/{self.key}/"

    @contextmanager
    def serving(self, desk: Desk) -> Iterator[None]:
        """Serve it by threads of this process until the end."""
        self.desk = desk
        thread = threading.Thread(target=self.server.serve_forever, daemon=True, name="page")
        thread.start()
        try:
            yield
        finally:
            self.server.shutdown()
            thread.join()

    def answer(self, method: str, path: str, host: str, body: bytes) -> Said:
        """What a request gets; a stranger's nothing."""
        if host != self.origin.removeprefix("http://"):  # another name led here: DNS rebinding
            return Said(421, b"", "text/plain")
        head = f"{_PLACE}/{self.key}/"
        if self.desk is None or not path.startswith(head):
            return Said(404, _ELSEWHERE, "text/plain; charset=utf-8")
        name = path.removeprefix(head)
        if method == "GET":
            return self._asset(name) or self._told(name)
        return self._done(name, body)

    def _asset(self, name: str) -> Said | None:
        wanted = name or "index.html"
        if wanted not in _assets():
            return None
        return Said(200, _assets()[wanted], _KINDS[wanted.rpartition(".")[2]])

    def _told(self, name: str) -> Said:
        desk = self.desk
        if desk is None:
            return Said(404, b"{}")
        first, _, rest = name.partition("/")
        if name == "state":
            return _tried(desk.state)
        if first == "requests" and (id_ := _uuid(rest)) is not None:
            return _tried(lambda: desk.became(id_))
        return Said(404, b"{}")

    def _done(self, name: str, body: bytes) -> Said:
        desk = self.desk
        if desk is None or name not in {"send", "anew"}:
            return Said(404, b"{}")
        if name == "anew":
            return _tried(desk.begin_anew)
        try:
            asked = json.loads(body)
        except ValueError:
            return Said(400, _problem("the request is not JSON"))
        return _tried(lambda: desk.send(asked))


@contextmanager
def open_page(first_port: int) -> Iterator[Page]:
    """Take the first free port from there on. Raises `NotPossible` when all of them are taken."""
    server = _server(first_port)
    page = Page(server)
    server.RequestHandlerClass = _handler(page)
    try:
        yield page
    finally:
        server.server_close()


def _server(first_port: int) -> ThreadingHTTPServer:
    for port in range(first_port, min(first_port + _PORTS, 65_536)):
        try:
            server = ThreadingHTTPServer((HOST, port), BaseHTTPRequestHandler)
        except OSError:
            continue
        server.daemon_threads = True
        return server
    raise NotPossible(f"{HOST}: no port from {first_port} on is free for the demo page")


def _handler(page: Page) -> type[BaseHTTPRequestHandler]:
    """What serves one connection, for this page."""

    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "hub", ""
        timeout = _QUIET_SECONDS

        def do_GET(self) -> None:
            self._say(page.answer("GET", self.path, self.headers.get("Host", ""), b""))

        def do_POST(self) -> None:
            size = _size(self.headers.get("Content-Length", ""))
            is_ours = self.headers.get("Origin") == page.origin
            is_json = self.headers.get("Content-Type", "").partition(";")[0].strip() == _JSON
            if size is None or not is_ours or not is_json:
                self._say(Said(400, _problem("only the page itself sends here, as JSON")))
                return
            body = self.rfile.read(size)
            self._say(page.answer("POST", self.path, self.headers.get("Host", ""), body))

        def _say(self, said: Said) -> None:
            self.send_response(said.status)
            for name, value in _headers(page, said).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.body)

        def log_message(self, *_: object) -> None:
            """The address holds the key: it belongs into no log."""

    return Handler


def _headers(page: Page, said: Said) -> Mapping[str, str]:
    """Nothing but what lies beside the page, and the hub: no inline script, no other host."""
    hub = "" if page.desk is None else f" {page.desk.hub_url}"
    return {
        "Content-Type": said.kind,
        "Content-Length": str(len(said.body)),
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
            f" connect-src 'self'{hub}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        "Cache-Control": "no-store",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


_read: dict[str, bytes] = {}


def _assets() -> Mapping[str, bytes]:
    """The files of the page by name, read once."""
    if not _read:
        folder = files("hub.cli.demo.page") / "files"
        _read.update({each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()})
    return _read


def _tried(work: Callable[[], Any]) -> Said:
    """What the work gives as JSON, or why it gave nothing."""
    try:
        return Said(200, json.dumps(work()).encode())
    except (NotPossible, Permanent, Transient) as problem:
        return Said(409, _problem(str(problem)))


def _problem(text: str) -> bytes:
    return json.dumps({"error": text}).encode()


def _size(text: str) -> int | None:
    if not (text.isascii() and text.isdigit()):
        return None
    return int(text) if int(text) <= _MOST else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
