"""Using a socket under the deadline of the exchange in hand, for the HTTP pool (S3, E9)."""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore

from hub.connectors.http.addresses import OutboundPolicy
from hub.connectors.http.sockets import CURRENT, Resolve, open_socket


class GuardedBackend(httpcore.NetworkBackend):
    """Opens the connections of the HTTP pool; Unix sockets never."""

    def __init__(self, policy: OutboundPolicy, resolve: Resolve) -> None:
        self._policy = policy
        self._resolve = resolve

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the exchange has the deadline
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """Look up, judge and connect; raises httpcore's errors and `StepFailed`."""
        try:
            opened = open_socket(
                host, port, exchange=CURRENT.get(), resolve=self._resolve, policy=self._policy
            )
        except TimeoutError as late:
            raise httpcore.ConnectTimeout(str(late)) from late
        except OSError as failure:
            raise httpcore.ConnectError(str(failure)) from failure
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return DeadlineStream(opened)

    def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """Never."""
        raise httpcore.ConnectError("the hub opens no Unix sockets")


class DeadlineStream(httpcore.NetworkStream):
    """A socket of the pool: every wait ends at the deadline of the exchange in hand."""

    def __init__(self, opened: socket.socket) -> None:
        self._socket = opened

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        """Up to `max_bytes`; raises httpcore's ReadTimeout, ReadError."""
        try:
            self._socket.settimeout(CURRENT.get().remaining())
            return self._socket.recv(max_bytes)
        except TimeoutError as late:
            raise httpcore.ReadTimeout(str(late)) from late
        except OSError as failure:
            raise httpcore.ReadError(str(failure)) from failure

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        """All of it; raises httpcore's WriteTimeout, WriteError."""
        exchange = CURRENT.get()
        unsent = memoryview(buffer)
        try:
            while unsent:
                self._socket.settimeout(exchange.remaining())
                exchange.is_sent = True
                unsent = unsent[self._socket.send(unsent) :]
        except TimeoutError as late:
            raise httpcore.WriteTimeout(str(late)) from late
        except OSError as failure:
            raise httpcore.WriteError(str(failure)) from failure

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """The same stream under TLS; raises httpcore's ConnectTimeout, ConnectError."""
        try:
            self._socket.settimeout(CURRENT.get().remaining())
            secured = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except TimeoutError as late:
            self.close()
            raise httpcore.ConnectTimeout(str(late)) from late
        except OSError as failure:
            self.close()
            raise httpcore.ConnectError(str(failure)) from failure
        return DeadlineStream(secured)

    def get_extra_info(self, info: str) -> Any:
        """What the pool asks of an idle connection: is it readable (then it was closed)."""
        return self._is_readable() if info == "is_readable" else None

    def _is_readable(self) -> bool:
        if self._socket.fileno() < 0:
            return True
        poller = select.poll()
        poller.register(self._socket, select.POLLIN)
        return bool(poller.poll(0))
