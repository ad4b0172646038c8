"""The web server itself, over a socket: broken framing, slow callers, and an orderly end (I16)."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from time import monotonic

import httpx
import pytest

from tests.acceptance.counter import BROKER, FILES, GOOD, KEY, SECRETS, VAPI, sample

PATIENCE = 30.0
HEAD = (
    b"POST /webhook/plain HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer example-bearer-token\r\n"
)
JSON = b"Content-Type: application/json\r\n"


class Server:
    """One `python -m hub.web.server`, on a port of its own."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hub.web.server"],
            env={
                **environment,
                "HUB_PROJECT": str(folder),
                "HUB_PORT": str(self.port),
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
        )
        self.url = f"http://127.0.0.1:{self.port}"

    def wait_until_ready(self) -> None:
        """Return when it answers."""
        deadline = monotonic() + PATIENCE
        transport = httpx.HTTPTransport(retries=0)
        with httpx.Client(transport=transport, trust_env=False) as client:
            while monotonic() < deadline:
                try:
                    if client.get(f"{self.url}/readyz").status_code == 200:
                        return
                except httpx.TransportError:
                    self.process.poll()
        raise AssertionError("the server did not come up")

    def connect(self) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def send(self, data: bytes, *, ends: bool = True) -> bytes:
        """Send bytes as they are, and all that comes back until the server closes."""
        with self.connect() as connection:
            connection.sendall(data)
            if ends:
                connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65_536), b""))

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@pytest.fixture
def server(tmp_path: Path, database: str, redis_url: str) -> Iterator[Server]:
    for path, content in FILES.items():
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content, encoding="utf-8")
    environment = {
        "HUB_DATABASE_URL": database,
        "HUB_REDIS_URL": redis_url,
        "HUB_ENCRYPTION_KEY": KEY,
        "HUB_WEB_PROCESSES": "1",
        **SECRETS,
    }
    opened = Server(tmp_path, environment)
    try:
        opened.wait_until_ready()
        yield opened
    finally:
        if opened.process.poll() is None:
            opened.stop()


def post(server: Server, path: str = "/webhook/plain", **options: object) -> httpx.Response:
    return httpx.post(
        f"{server.url}{path}",
        trust_env=False,
        timeout=PATIENCE,
        **options,  # type: ignore[arg-type]
    )


def status_and_body(answer: bytes) -> tuple[int, bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body


def test_I14_broken_framing_is_refused_and_the_server_lives_on(server: Server) -> None:
    body = json.dumps(GOOD).encode()
    length = b"Content-Length: %d\r\n" % len(body)
    for request in (
        b"NONSENSE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100,
        HEAD + b"Bad Header: x\r\n\r\n",
        HEAD + b"X-Nul: a\x00b\r\n\r\n",
        HEAD + JSON + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        HEAD + JSON + b"Content-Length: -5\r\n\r\n",
        HEAD + JSON + b"Content-Length: 500\r\n\r\n" + body,
        HEAD + JSON + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
        HEAD + JSON + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
        HEAD + JSON + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        HEAD + JSON + length + b"Idempotency-Key: a\r\nIdempotency-Key: a\r\n\r\n" + body,
        HEAD + b"X-Long: " + b"x" * 9_000 + b"\r\n\r\n",
        b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\nHost: hub\r\n\r\n",
        HEAD + b"Expect: something\r\n\r\n",
    ):
        answer = server.send(request)
        if answer:
            status, content = status_and_body(answer)
            assert 400 <= status < 500, request[:80]
            assert json.loads(content)["status"] == status
            assert b"html" not in answer.lower()

    assert post(server, json=GOOD, headers=BROKER).status_code == 202
    assert server.process.poll() is None


def test_a_chunked_body_is_taken_whole(server: Server) -> None:
    body = json.dumps(GOOD).encode()
    chunks = b"".join(b"%x\r\n%c\r\n" % (1, byte) for byte in body) + b"0\r\n\r\n"
    request = HEAD + JSON + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + chunks

    status, content = status_and_body(server.send(request))

    assert status == 202, content


def test_I16_callers_that_send_nothing_do_not_delay_others(server: Server) -> None:
    with ExitStack() as opened:
        for place in range(100):
            idle = opened.enter_context(server.connect())
            if place % 2:
                idle.sendall(HEAD + JSON + b"Content-Length: 100\r\n\r\n{"[: 40 + place])

        assert httpx.get(f"{server.url}/healthz", trust_env=False, timeout=5).status_code == 200
        assert post(server, json=GOOD, headers=BROKER).status_code == 202


def test_a_waiting_tool_call_is_answered_at_its_deadline_and_others_meanwhile(
    server: Server,
) -> None:
    answer = post(
        server,
        "/webhook/voice",
        content=sample("vapi/tool-calls"),
        headers={**VAPI, "Content-Type": "application/json"},
    )
    (result,) = answer.json()["results"]
    assert result["result"] == "The appointment is being saved."


def test_E14_at_SIGTERM_it_ends_in_good_order(server: Server) -> None:
    assert post(server, json=GOOD, headers=BROKER).status_code == 202
    assert server.stop() == 0
