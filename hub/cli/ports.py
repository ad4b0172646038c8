"""The port that the web is to listen on: free, soon free, or in use by somebody else."""

from __future__ import annotations

import errno
import socket
import threading
from time import monotonic

from hub.cli.console import complain
from hub.config import Settings
from hub.errors import NotPossible

PORT_WITHIN = 10.0  # seconds in which what is left of a killed web lets go of its port
_LOOK_EVERY = 0.3  # seconds


def await_free_port(settings: Settings) -> None:
    """Wait a while for who still listens, and say so; then as `require_free_port`."""
    problem = _problem_of(settings.host, settings.port)
    if problem is not None and problem.errno == errno.EADDRINUSE:
        place = f"{settings.host}:{settings.port}"
        complain(f"hub: {place} is in use: waiting up to {PORT_WITHIN:g} s until it is free")
        ends_at, pause = monotonic() + PORT_WITHIN, threading.Event()
        while not is_free(settings.host, settings.port) and monotonic() < ends_at:
            pause.wait(_LOOK_EVERY)
    require_free_port(settings)


def require_free_port(settings: Settings) -> None:
    """Raises `NotPossible` when somebody listens where the web is to listen."""
    problem = _problem_of(settings.host, settings.port)
    place = f"{settings.host}:{settings.port}"
    if problem is None:
        return
    if problem.errno == errno.EADDRINUSE:
        raise NotPossible(f"{place} is in use: end the other program, or set HUB_PORT")
    raise NotPossible(f"{place}: {problem.strerror}: set HUB_HOST or HUB_PORT")


def is_free(host: str, port: int) -> bool:
    """Whether the port can be listened on."""
    return _problem_of(host, port) is None


def _problem_of(host: str, port: int) -> OSError | None:
    host = host.strip("[]")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            return problem
    return None
