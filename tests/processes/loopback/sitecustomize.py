"""Loaded by every Python process of the process tests: whatever leads off this machine is refused.

An audit hook sees what a patched socket class would not: gevent's sockets, and lookups of names.
What was tried is written to the file that HUB_TESTS_OUTSIDE names, and fails the test (D10).
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from typing import Any

_PLACE = os.environ.get("HUB_TESTS_OUTSIDE", "")  # noqa: TID251 - set by the tests' house
_OWN_NAMES = {None, "", "localhost", b"localhost", socket.gethostname()}


def _address(host: Any) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host))
    except ValueError:
        return None


def _leads_out(event: str, arguments: tuple[Any, ...]) -> Any:
    """The host that is reached for, where that is not this machine."""
    if event == "socket.getaddrinfo":
        host = arguments[0]
        return None if host in _OWN_NAMES or _address(host) is not None else host
    if event not in {"socket.connect", "socket.sendto"} or not isinstance(arguments[1], tuple):
        return None  # a path is a Unix socket
    host = arguments[1][0]
    address = _address(host)
    is_own = host in _OWN_NAMES or (
        address is not None and (address.is_loopback or address.is_unspecified)
    )
    return None if is_own else host


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if (host := _leads_out(event, arguments)) is not None:
        with open(_PLACE, "a", encoding="utf-8") as file:  # noqa: PTH123 - nothing else is loaded
            file.write(f"{event} {host!r}\n")
        raise ConnectionRefusedError(f"{host!r} is not on this machine")


if _PLACE:
    sys.addaudithook(_refuse)
