"""Sees every way out of this process: connections and lookups, whoever opens them.

An audit hook cannot be taken away again, so there is one, and it tells whoever listens.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_EVENTS = {"socket.connect": 1, "socket.getaddrinfo": 0, "socket.sendto": 1}
_listening: list[list[tuple[str, Any]]] = []


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if not _listening or event not in _EVENTS:
        return
    place = arguments[_EVENTS[event]]
    if event != "socket.getaddrinfo" and not isinstance(place, tuple):
        return  # a path is a Unix socket
    for heard in _listening:
        heard.append((event, place))


sys.addaudithook(_hear)


@contextmanager
def listening() -> Iterator[list[tuple[str, Any]]]:
    """What is tried while it is open: the event, and the address or the name."""
    heard: list[tuple[str, Any]] = []
    _listening.append(heard)
    try:
        yield heard
    finally:
        _listening.remove(heard)
