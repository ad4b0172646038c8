"""A port on which a worker answers `/metrics` and nothing else, for machines without a web.

Of several workers of a machine one has it; the others wait until it is free. Each shows the
figures of all.
"""

from __future__ import annotations

import logging
import signal
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from hub.bootstrap.metrics_page import MetricsPage
from hub.metrics import PAGE_TYPE
from hub.metrics.access import is_allowed

log = logging.getLogger(__name__)

_PATIENCE = 5.0  # seconds for a request
_AGAIN_AFTER = 5.0
_PAUSE = threading.Event()  # never set


class MetricsPort:
    """Listens in the background as long as the process lives."""

    def __init__(self, page: MetricsPage, host: str, port: int) -> None:
        self._page, self._address = page, (host, port)

    def start(self) -> None:
        """Begin. The thread hears no signals: those are for the main one, which waits for them."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            threading.Thread(target=self._serve, name="metrics", daemon=True).start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _serve(self) -> None:
        is_told = False
        while True:
            try:
                with _Server(self._address, self._page) as server:
                    log.info("metrics are on port %s", self._address[1])
                    server.serve_forever()
            except OSError as problem:
                if not is_told:
                    log.warning("no metrics on port %s yet: %s", self._address[1], problem.strerror)
                is_told = True
            _PAUSE.wait(_AGAIN_AFTER)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], page: MetricsPage) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.page = page
        super().__init__(address, _Handler)

    def handle_error(self, *_: object) -> None:
        """A reader that went away."""
        log.debug("a reader of the metrics went away")


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _PATIENCE
    server_version, sys_version = "webhook-hub", ""

    def do_GET(self) -> None:
        token = self.server.page.settings.metrics_token
        given = self.headers.get("Authorization") or ""
        if self.path != "/metrics":
            self._answer(404, b"Only /metrics is here.\n")
        elif token and not is_allowed(token, given):
            self._answer(401, b"Send the token of the metrics.\n")
        else:
            self._answer(200, self.server.page.text(), PAGE_TYPE)

    def _answer(self, status: int, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        if status == 401:  # noqa: PLR2004 - HTTP
            self.send_header("WWW-Authenticate", "Bearer")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: readers come every few seconds."""
