"""Ports that a process of tests keeps for its fakes, so that files which name them stay the same.

They lie below those that the system gives out by itself: nobody gets one of them by chance while
its fake is closed.
"""

from __future__ import annotations

import os
import socket

_FIRST, _BLOCKS, _BLOCK = 10_000, 200, 100


def port_of(name: str) -> int:
    """The port of the fake with this name, the same for the whole session."""
    return _kept.get(name) or _kept.setdefault(name, _next_free())


_kept: dict[str, int] = {}


def _next_free() -> int:
    first = _FIRST + os.getpid() % _BLOCKS * _BLOCK
    for port in range(first, first + _BLOCK):
        if port not in _kept.values() and _is_free(port):
            return port
    raise RuntimeError(f"no port is free from {first} on")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
