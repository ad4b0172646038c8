"""A link to a server that can be cut: what a stopped or unreachable server looks like."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_LARGEST = 65_536


class Link:
    """Listens on loopback and passes everything on to the Redis behind it, until it is cut."""

    def __init__(self, redis_url: str) -> None:
        self._target = urlsplit(redis_url)
        self._port = 0
        self._listening: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where the hub finds Redis."""
        return f"redis://127.0.0.1:{self._port}/0"

    def restore(self) -> None:
        """Listen, on the same port as before."""
        self._listening = socket.create_server(("127.0.0.1", self._port))
        self._port = self._listening.getsockname()[1]
        self._start(self._accept, self._listening)

    def cut(self) -> None:
        """End all connections; new ones are refused."""
        with self._lock:
            opened, self._open = self._open, set()
        for each in [*opened, *([self._listening] if self._listening else [])]:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in [*opened, *([self._listening] if self._listening else [])]:
            each.close()
        self._threads.clear()
        self._listening = None

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

    def _start(self, work: object, *given: socket.socket) -> None:
        thread = threading.Thread(target=work, args=given)  # type: ignore[arg-type]
        thread.start()
        self._threads.append(thread)

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near = listening.accept()[0]
                far = self._connect()
                with self._lock:
                    self._open |= {near, far}
                self._start(self._pass_on, near, far)
                self._start(self._pass_on, far, near)

    def _connect(self) -> socket.socket:
        if self._target.scheme == "unix":
            far = socket.socket(socket.AF_UNIX)
            far.connect(self._target.path)
            return far
        return socket.create_connection((self._target.hostname, self._target.port or 6379))

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(_LARGEST):
                target.sendall(data)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
