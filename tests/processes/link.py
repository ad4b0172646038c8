"""A link to a server that can be cut: what a stopped or unreachable server looks like."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url

_LARGEST = 65_536


class Link:
    """Listens on loopback and passes everything on to the server behind it, until it is cut.

    `target` is `host:port`, or the path of a Unix socket.
    """

    def __init__(self, target: str) -> None:
        self._target = target
        self._port = 0
        self._listening: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

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

    def restore(self) -> None:
        """Listen, on the same port as before."""
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
        opened, self._open = self._open, set()
        for each in opened:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in opened:
            each.close()
        self._threads.clear()

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
                try:
                    far = self._connect()
                except OSError:  # the server is down: its callers are refused, later ones too
                    near.close()
                    continue
                self._open |= {near, far}
                self._start(self._pass_on, near, far)
                self._start(self._pass_on, far, near)

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

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(_LARGEST):
                target.sendall(data)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
