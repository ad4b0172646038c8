"""A small load generator: N requests over C kept-alive connections, latency of each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """One POST: path, headers, body."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Measured:
    """What one round gave. Latencies in seconds."""

    seconds: float
    latencies: Sequence[float]
    statuses: dict[int, int]

    @property
    def rate(self) -> float:
        """Requests per second that were served."""
        return self.served / self.seconds

    @property
    def failed(self) -> int:
        """Requests that were not answered with 2xx."""
        return sum(count for status, count in self.statuses.items() if status // 100 != 2)  # noqa: PLR2004

    @property
    def served(self) -> int:
        """Requests that were answered with 2xx."""
        return len(self.latencies) - self.failed

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


def run(port: int, make: Callable[[int], Request], *, requests: int, concurrency: int) -> Measured:
    """Send `requests` of them, `concurrency` at a time."""
    return asyncio.run(_run(port, make, requests, concurrency))


async def _run(
    port: int, make: Callable[[int], Request], requests: int, concurrency: int
) -> Measured:
    todo = iter([make(number) for number in range(requests)])
    latencies: list[float] = []
    statuses: dict[int, int] = {}

    async def caller() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in todo:
            began = time.perf_counter()
            writer.write(_head(request) + request.body)
            status = await _answer(reader)
            latencies.append(time.perf_counter() - began)
            statuses[status] = statuses.get(status, 0) + 1
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(concurrency)))
    return Measured(time.perf_counter() - began, latencies, statuses)


def _head(request: Request) -> bytes:
    headers = {
        "Host": "127.0.0.1",
        "Content-Type": "application/json",
        "Content-Length": str(len(request.body)),
        **request.headers,
    }
    lines = [f"POST {request.path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items()), "", ""]
    return "\r\n".join(lines).encode()


async def _answer(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split()[1])
    headers = {
        name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])
    }
    if headers.get("transfer-encoding", "").lower() == "chunked":
        while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
            await reader.readexactly(size + 2)
        await reader.readexactly(2)
    else:
        await reader.readexactly(int(headers.get("content-length", "0")))
    return status
