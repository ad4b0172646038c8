"""Opening and using a socket under one deadline: look up, judge, connect, read, write (S3, E9).

The address that was judged is the address that is connected to: there is no second lookup.
"""

from __future__ import annotations

import queue
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from contextvars import ContextVar
from ipaddress import ip_address
from typing import Any

import httpcore

from hub.connectors.http.addresses import Address, OutboundPolicy
from hub.errors import Permanent, Transient

Resolve = Callable[[str, int], Sequence[str]]

_LONGEST_HOST = 100


class Exchange:
    """One request and its answer: when it must be over, and whether a byte of it has left."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self.is_sent = False

    def remaining(self) -> float:
        """Seconds left; raises `TimeoutError` when there are none."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline of the attempt has passed")
        return left


# A stream outlives a request (it goes back to the pool), so it asks for the one in hand. All I/O
# of a request happens in the thread that made it.
CURRENT: ContextVar[Exchange] = ContextVar("hub_outbound_exchange")


def look_up(host: str, port: int) -> Sequence[str]:
    """All addresses of a host name, by the system's resolver; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def open_socket(
    host: str,
    port: int,
    *,
    exchange: Exchange,
    resolve: Resolve = look_up,
    policy: OutboundPolicy | None = None,
) -> socket.socket:
    """Connect to a host, whose addresses must all pass the policy (None: no policy).

    Raises OSError, `TimeoutError`, and `Permanent("address_not_allowed")`.
    """
    addresses = addresses_of(host, port, resolve=resolve, seconds=exchange.remaining())
    if policy is not None:
        _judge(addresses, host=host, port=port, policy=policy)
    refused: OSError = OSError("the name has no address")
    for address in addresses:
        try:
            return socket.create_connection((str(address), port), exchange.remaining())
        except TimeoutError:
            raise
        except OSError as failure:
            refused = failure
    raise refused


def addresses_of(
    host: str, port: int, *, seconds: float, resolve: Resolve = look_up
) -> list[Address]:
    """What a name leads to, or the address that it is; raises `Transient("unavailable")`."""
    with suppress(ValueError):
        return [ip_address(host)]
    return [ip_address(each) for each in _resolved(host, port, resolve=resolve, seconds=seconds)]


def _resolved(host: str, port: int, *, resolve: Resolve, seconds: float) -> Sequence[str]:
    """Resolve in a thread of its own: the system's resolver knows no deadline."""
    answers: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolve(host, port))
        except (OSError, UnicodeError) as failure:
            answers.put(failure)

    threading.Thread(target=ask, name="hub-resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise Transient("unavailable", f"{host[:_LONGEST_HOST]}: no answer to the lookup") from None
    if isinstance(answer, Exception):
        raise Transient(
            "unavailable", f"{host[:_LONGEST_HOST]}: the name was not found"
        ) from answer
    return answer


def _judge(addresses: Iterable[Address], *, host: str, port: int, policy: OutboundPolicy) -> None:
    for address in addresses:
        if not policy.permits(address, port):
            prefix = address.max_prefixlen
            raise Permanent(
                "address_not_allowed",
                f"{host[:_LONGEST_HOST]} leads to {address}, which is not a public address; if it"
                f" is meant, add {address}/{prefix} with port {port} to outbound_allow in hub.yaml",
            )


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
