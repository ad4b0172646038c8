"""Opening a socket under one deadline: look up, judge, connect (S3, E9).

The address that was judged is the address that is connected to: there is no second lookup.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from contextvars import ContextVar
from ipaddress import ip_address

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
