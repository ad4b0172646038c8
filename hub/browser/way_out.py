"""The one way of our Chromium to other hosts: names are resolved here, private addresses refused.

A page could name an address of our own network, or a name that leads there (X23). What was judged
is what is connected to: Chromium resolves nothing itself.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import urlsplit

from hub.connectors.http.addresses import OutboundPolicy

log = logging.getLogger(__name__)

_LARGEST_HEAD = 65_536
_CONNECT_WITHIN = 10.0  # seconds
_PIECE = 65_536
_HIGHEST_PORT = 65_535
_REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_GONE = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"

Permits = Callable[[str, int], bool]


class WayOut:
    """A proxy on 127.0.0.1. `is_listed` names hosts with ports that are allowed all the same."""

    def __init__(self, policy: OutboundPolicy, is_listed: Permits) -> None:
        self._policy, self._is_listed = policy, is_listed
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def start(self) -> str:
        """Its address, for Chromium."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=_LARGEST_HEAD)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Let nobody through any more."""
        if self._server is not None:
            self._server.close()
        still = list(self._open)
        for each in still:
            each.cancel()
        await asyncio.gather(*still, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(
                OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError
            ):
                await self._pass_on(reader, writer)
        finally:
            writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, first = _request_of(head)
        host, port = _place(method, target)
        address = await self._address(host, port)
        if address is None:
            writer.write(_REFUSED)
            await writer.drain()
            return
        try:
            there = await asyncio.wait_for(asyncio.open_connection(address, port), _CONNECT_WITHIN)
        except (OSError, TimeoutError):
            writer.write(_GONE)
            await writer.drain()
            return
        try:
            if method == "CONNECT":
                writer.write(_OPEN)
                await writer.drain()
            else:
                there[1].write(first)
            await _both(_pump(reader, there[1]), _pump(there[0], writer))
        finally:
            there[1].close()

    async def _address(self, host: str, port: int) -> str | None:
        """The address to connect to; None: the host has none that is allowed."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError:
            return None
        addresses = [str(each[4][0]) for each in found]
        if not self._is_listed(host, port):
            allowed = [each for each in addresses if self._policy.permits(ip_address(each), port)]
            if allowed != addresses:
                log.warning("a booking page asked for a private address", extra={"port": port})
                return None
        return addresses[0] if addresses else None


def _request_of(head: bytes) -> tuple[str, str, bytes]:
    """Method and target; and the head as the host itself wants it, on a connection of its own."""
    line, _, rest = head.partition(b"\r\n")
    method, target, version = line.decode("ascii").split(" ")
    parts = urlsplit(target)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    kept = [
        each
        for each in rest.split(b"\r\n")
        if each and not each.lower().startswith((b"proxy-", b"connection:"))
    ]
    lines = [f"{method} {path} {version}".encode("ascii"), *kept, b"Connection: close", b"", b""]
    return method, target, b"\r\n".join(lines)


def _place(method: str, target: str) -> tuple[str, int]:
    """Host and port of a request; raises ValueError."""
    parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
    if parts.hostname is None or (method != "CONNECT" and parts.scheme != "http"):
        raise ValueError(target)
    return parts.hostname, parts.port or 80


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while piece := await source.read(_PIECE):
        sink.write(piece)
        await sink.drain()
    if sink.can_write_eof():
        sink.write_eof()


async def _both(*ways: Awaitable[None]) -> None:
    """Until the answer is over; what was asked may go on as long."""
    asked, answered = (asyncio.ensure_future(way) for way in ways)
    try:
        await asyncio.wait({asked, answered}, return_when=asyncio.FIRST_COMPLETED)
        if not answered.done():
            await answered
    finally:
        for each in (asked, answered):
            each.cancel()
        await asyncio.gather(asked, answered, return_exceptions=True)
