"""A clinic on loopback: it wants its key and the idempotency key, and refuses what it refuses."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

KEY = "example-acme-key"


class FakeClinic:
    """`told` is whom it would text, one list for each confirmation."""

    def __init__(self) -> None:
        self.told: list[list[dict[str, str]]] = []
        self.gone: set[str] = set()
        self._answers: dict[str, dict[str, str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def confirm(self, headers: Any, body: bytes) -> tuple[int, dict[str, str]]:
        """What the clinic says, by its own rules."""
        said, key = json.loads(body), headers.get("Idempotency-Key")
        if headers.get("X-Acme-Key") != KEY:
            return 401, {"error": "wrong key"}
        if not key or not isinstance(said.get("visit"), str) or not said.get("tell"):
            return 422, {"error": "visit, tell and an Idempotency-Key are needed"}
        if said["visit"] in self.gone:
            return 410, {"error": "gone"}
        if key not in self._answers:
            self.told.append(said["tell"])
            self._answers[key] = {"confirmation": f"C-{len(self.told)}"}
        return 200, self._answers[key]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        clinic = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                status, answer = clinic.confirm(self.headers, self.rfile.read(length))
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
                """Quiet."""

        return Handler
