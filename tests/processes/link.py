"""A link to a server on which everything can go wrong that goes wrong on a network.

Nothing is simulated inside the processes: they hold real connections to this port.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url

_LARGEST = 65_536
_NO_GOODBYE = struct.pack("ii", 1, 0)  # closing sends RST


@dataclass(eq=False)
class _Wire:
    """One connection through the link, and how it goes on."""

    near: socket.socket
    far: socket.socket
    drops_answers: bool = False
    is_reset: bool = False
    threads: list[threading.Thread] = field(default_factory=list)

    def shut(self) -> None:
        """End both sides, at once."""
        for each in (self.near, self.far):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class Link:
    """Listens on loopback and passes everything on to the server behind it, until told otherwise.

    `target` is `host:port`, or the path of a Unix socket.
    """

    def __init__(self, target: str) -> None:
        self._target = target
        self._port = 0
        self._listening: socket.socket | None = None
        self._open: list[_Wire] = []
        self._flows = threading.Event()
        self._flows.set()
        self._pause = 0.0
        self._resets = False
        self._trap: tuple[bytes, Callable[[_Wire, bytes], bytes]] | None = None
        self._changing = threading.Lock()
        self.sprung = threading.Event()

    @classmethod
    def to_redis(cls, url: str) -> Link:
        """A link to the Redis at a URL."""
        named = urlsplit(url)
        return cls(named.path if named.scheme == "unix" else f"{named.hostname}:{named.port}")

    @classmethod
    def to_postgres(cls, url: str) -> Link:
        """A link to the PostgreSQL at a URL."""
        named = make_url(url)
        folder, port = named.query.get("host"), named.port or 5432
        return cls(f"{folder}/.s.PGSQL.{port}" if folder else f"{named.host}:{port}")

    @property
    def port(self) -> int:
        """Where it listens on loopback."""
        return self._port

    def database_url(self, url: str) -> str:
        """The address of a database as one says it who goes through this link."""
        linked = make_url(url).set(host="127.0.0.1", port=self._port, query={})
        return linked.render_as_string(hide_password=False)

    # ------------------------------------------------------------------------------------- faults

    def restore(self) -> None:
        """Behave again, and listen, on the same port as before; what was held up goes on."""
        self._pause, self._resets, self._trap = 0.0, False, None
        self._flows.set()
        if self._listening is None:
            self._listening = socket.create_server(("127.0.0.1", self._port))
            self._port = self._listening.getsockname()[1]
            self._accepting = threading.Thread(target=self._accept, args=(self._listening,))
            self._accepting.start()

    def cut(self) -> None:
        """End all connections; new ones are refused."""
        if self._listening is not None:  # first, so that no connection is made behind our back
            with suppress(OSError):
                self._listening.shutdown(socket.SHUT_RDWR)
            self._accepting.join()
            self._listening.close()
            self._listening = None
        self._end_all()

    def hang(self) -> None:
        """Take connections and what is sent, and pass nothing on until `restore`."""
        self._flows.clear()

    def reset(self) -> None:
        """End all connections by RST, and new ones as well, until `restore`."""
        self._resets = True
        with self._changing:
            opened, self._open = self._open, []
        for wire in opened:
            self._reset(wire)

    def delay(self, seconds: float) -> None:
        """Let each piece of data wait, in both directions."""
        self._pause = seconds

    def lose_answer(self, words: bytes, *, silently: bool = False) -> None:
        """Once: pass on what holds these words and drop the answer to it.

        The connection ends when the answer was there; `silently`: it stays open and says nothing.
        """

        def drop(wire: _Wire, data: bytes) -> bytes:
            wire.drops_answers = True
            self._keeps_lost_wires = silently
            return data

        self._set_trap(words, drop)

    def break_at(self, words: bytes) -> None:
        """Once: pass on half of what holds these words, then end the connection."""

        def half(wire: _Wire, data: bytes) -> bytes:
            with suppress(OSError):
                wire.far.sendall(data[: len(data) // 2])
            wire.shut()
            return b""

        self._set_trap(words, half)

    def _set_trap(self, words: bytes, spring: Callable[[_Wire, bytes], bytes]) -> None:
        self.sprung.clear()
        self._keeps_lost_wires = False
        self._trap = (words, spring)

    # ---------------------------------------------------------------------------------- machinery

    def __enter__(self) -> Self:
        self.restore()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.cut()

    def _end_all(self) -> None:
        with self._changing:
            opened, self._open = self._open, []
        for wire in opened:
            wire.shut()
        self._flows.set()  # those who wait find their connection ended
        for wire in opened:
            self._close(wire)

    def _close(self, wire: _Wire) -> None:
        for thread in wire.threads:
            thread.join()
        for each in (wire.near, wire.far):
            each.close()

    def _reset(self, wire: _Wire) -> None:
        wire.is_reset = True
        for each in (wire.near, wire.far):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RD)  # wakes our own thread and sends nothing
        for thread in wire.threads:
            thread.join()
        wire.near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_GOODBYE)
        wire.near.close()
        wire.far.close()

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near = listening.accept()[0]
                try:
                    far = self._connect()
                except OSError:  # the server is down: its callers are refused, later ones too
                    near.close()
                    continue
                wire = _Wire(near, far)
                if self._resets:
                    self._reset(wire)
                    continue
                for inward in (True, False):
                    thread = threading.Thread(target=self._pass_on, args=(wire, inward))
                    wire.threads.append(thread)
                with self._changing:
                    self._open.append(wire)
                    for thread in wire.threads:
                        thread.start()

    def _connect(self) -> socket.socket:
        if self._target.startswith("/"):
            far = socket.socket(socket.AF_UNIX)
            try:
                far.connect(self._target)
            except OSError:
                far.close()
                raise
            return far
        host, _, port = self._target.rpartition(":")
        return socket.create_connection((host, int(port)))

    def _pass_on(self, wire: _Wire, inward: bool) -> None:  # noqa: FBT001
        source, target = (wire.near, wire.far) if inward else (wire.far, wire.near)
        with suppress(OSError):
            while data := source.recv(_LARGEST):
                self._hold()
                if data := self._spring(wire, data) if inward else self._answer(wire, data):
                    target.sendall(data)
        if not wire.is_reset:
            wire.shut()

    def _hold(self) -> None:
        if self._pause:
            threading.Event().wait(self._pause)
        self._flows.wait()

    def _spring(self, wire: _Wire, data: bytes) -> bytes:
        with self._changing:
            trap = self._trap
            if trap is None or trap[0] not in data:
                return data
            self._trap = None
        data = trap[1](wire, data)
        self.sprung.set()
        return data

    def _answer(self, wire: _Wire, data: bytes) -> bytes:
        if not wire.drops_answers:
            return data
        if not self._keeps_lost_wires:
            wire.shut()
        return b""
