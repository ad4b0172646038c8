"""Bare connections to the web server, and what its processes look like from outside."""

from __future__ import annotations

import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

PATIENCE = 30.0
_KIB = 1024
_HELD_BY_US = {"01", "08"}  # established, or closed by the other side alone


@dataclass(frozen=True)
class Heard:
    """All that came back on one connection. `seconds`: until the server closed it."""

    data: bytes
    seconds: float

    @property
    def status(self) -> int:
        """The status of the first answer; 0 when none came."""
        return int(self.data[9:12]) if self.data else 0

    @property
    def statuses(self) -> list[int]:
        """Of all answers, one behind the other; bodies never hold such a line."""
        return [int(part[:3]) for part in self.data.split(b"HTTP/1.1 ")[1:]]

    @property
    def head(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[0]

    @property
    def body(self) -> bytes:
        """Of the first answer."""
        length = re.search(rb"\r\nContent-Length: ([0-9]+)", self.head, re.IGNORECASE)
        return self.data.partition(b"\r\n\r\n")[2][: int(length[1]) if length else None]


def connect(port: int) -> socket.socket:
    """A connection to a server on loopback."""
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def say(port: int, data: bytes, *, ends: bool = True) -> Heard:
    """Send bytes as they are; what comes back until the server closes.

    `ends`: say that nothing more comes, so that the server need not wait for it.
    """
    begun = monotonic()
    received = bytearray()
    with connect(port) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):  # it may have heard enough
            connection.sendall(data)
            if ends:
                connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while piece := connection.recv(65_536):
                received += piece
    return Heard(bytes(received), monotonic() - begun)


def children(pid: int) -> set[int]:
    """The processes that a process has started."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return {int(each) for each in listed.split()}


def memory(pid: int, word: str = "VmRSS") -> float:
    """The MiB that a process has in memory."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{word}:"):
            return int(line.split()[1]) / _KIB
    raise AssertionError(f"process {pid} is gone")


def highest_memory(pid: int) -> float:
    """The most MiB that it ever had at once, since that was forgotten."""
    return memory(pid, "VmHWM")


def forget_highest_memory(pid: int) -> None:
    """Count the most from now on."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def open_connections(port: int) -> int:
    """How many connections the server on a port of loopback has not closed."""
    with Path("/proc/net/tcp").open(encoding="ascii") as listed:
        rows = [line.split() for line in listed]
    ours = f"0100007F:{port:04X}"
    return sum(1 for row in rows if row[1] == ours and row[3] in _HELD_BY_US)
