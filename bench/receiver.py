"""Somebody's service on this machine, which answers every POST after 50 ms, and counts.

`python -m bench.receiver PORT` is the process, `Receiver` asks it: GET gives what was counted since
the last GET.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import processes

ANSWERS_AFTER = 0.05  # seconds
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"


@dataclass
class Counted:
    """What came in and was answered, and how many waited for their answer at one time at most."""

    requests: int = 0
    most_at_once: int = 0


class _Service:
    def __init__(self) -> None:
        self._counted = Counted()
        self._now = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection with as many requests as the caller likes."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
                await reader.readexactly(int(length or 0))
                answer = self._told() if head.startswith(b"get ") else await self._answer()
                writer.write(_ANSWER % (len(answer), answer))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(self) -> bytes:
        self._now += 1
        self._counted.most_at_once = max(self._counted.most_at_once, self._now)
        await asyncio.sleep(ANSWERS_AFTER)
        self._now -= 1
        self._counted.requests += 1  # of who asks next, not of who asked when it came
        return b'{"ok": true}'

    def _told(self) -> bytes:
        told, self._counted = json.dumps(vars(self._counted)), Counted()
        return told.encode()


@dataclass(frozen=True)
class Receiver:
    """The running service, for who calls it and who asks."""

    port: int

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def counted(self) -> Counted:
        """What came since this was asked last."""
        with urllib.request.urlopen(self.url) as answer:  # noqa: S310 - a port of our own
            return Counted(**json.load(answer))


@contextmanager
def running(log: Path, port: int | None = None) -> Iterator[Receiver]:
    """Start it and stop it."""
    port = port or processes.free_port()
    command = [sys.executable, "-m", "bench.receiver", str(port)]
    with processes.running(
        [command], environment={}, is_ready=lambda _: processes.listens(port), log=log
    ):
        yield Receiver(port)


async def _serve(port: int) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await asyncio.start_server(_Service().serve, "127.0.0.1", port, backlog=500)
    await stop.wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
