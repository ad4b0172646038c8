"""The one way of our Chromium to other hosts: what is listed passes, our own network does not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from hub.browser.way_out import WayOut
from hub.cli.demo.clinic import Clinic, open_clinic
from hub.connectors.http.addresses import OutboundPolicy


@pytest.fixture(scope="module")
def clinic() -> Iterator[Clinic]:
    with open_clinic() as opened:
        yield opened


def said(*requests: str, listed: bool = True) -> bytes:
    """What a browser hears that says this to the proxy, until the line is closed."""

    async def speak() -> bytes:
        way_out = WayOut(OutboundPolicy(), lambda *_: listed)
        port = int((await way_out.start()).rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        heard = b""
        for request in requests:
            writer.write(request.encode())
            if request is not requests[-1]:
                heard += await reader.readuntil(b"\r\n\r\n")
        heard += await asyncio.wait_for(reader.read(), 60)
        writer.close()
        await way_out.stop()
        return heard

    return asyncio.run(speak())


def test_X23_a_page_that_is_listed_passes_and_gets_nothing_that_was_for_the_proxy(clinic):
    head = f"GET {clinic.url()} HTTP/1.1\r\nHost: x\r\nProxy-Authorization: basic x\r\n\r\n"

    heard = said(head)

    assert heard.startswith(b"HTTP/1.0 200")
    assert b"<title>Book a visit</title>" in heard


def test_X23_a_tunnel_leads_to_what_is_listed(clinic):
    place = clinic.origin.removeprefix("http://")
    tunnel = f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n"

    heard = said(tunnel, f"GET /usual/book HTTP/1.0\r\nHost: {place}\r\n\r\n")

    assert heard.startswith(b"HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.0 200")


@pytest.mark.parametrize(
    ("request_", "listed", "answer"),
    [
        ("GET http://127.0.0.1:{port}/ HTTP/1.1\r\n\r\n", False, b"HTTP/1.1 403"),
        ("GET http://localhost:{port}/ HTTP/1.1\r\n\r\n", False, b"HTTP/1.1 403"),
        ("CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n", False, b"HTTP/1.1 403"),
        ("CONNECT [::1]:{port} HTTP/1.1\r\n\r\n", False, b"HTTP/1.1 403"),
        ("GET http://127.0.0.1:1/ HTTP/1.1\r\n\r\n", True, b"HTTP/1.1 502"),
        ("GET ftp://127.0.0.1/ HTTP/1.1\r\n\r\n", True, b""),
        ("GET /usual/book HTTP/1.1\r\n\r\n", True, b""),
        ("nonsense\r\n\r\n", True, b""),
        ("GET " + "x" * 70_000, True, b""),
    ],
)
def test_X23_everything_else_is_refused(clinic, request_, listed, answer):
    request = request_.replace("{port}", str(clinic.server.server_port))

    heard = said(request, listed=listed)

    assert heard.startswith(answer)
    assert b"Book a visit" not in heard
    assert bool(heard) is bool(answer)
