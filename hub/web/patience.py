"""How long the web waits for a caller, and for a database that hangs (I16, I11)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import gevent  # type: ignore[import-untyped]
from gevent.lock import BoundedSemaphore  # type: ignore[import-untyped]

from hub.errors import Unavailable

_AT_ONCE = 2  # computations beside the greenlets: each may take some memory
_ASIDE_WITHIN = 5.0  # seconds in line
RECEIVE_WITHIN = 15.0  # seconds for a whole request: head and body (I16)

_COMPUTING = BoundedSemaphore(_AT_ONCE)

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class TooSlow(TimeoutError):
    """The rest of the request did not come in time."""


class PatientStream:
    """The body of one request: every read together ends at the deadline."""

    def __init__(self, stream: Any, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline
        self.is_broken = False

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; raises `TooSlow`, and what the server raises for bad framing."""
        try:
            with gevent.Timeout(max(self._deadline - monotonic(), 0.001), TooSlow):
                received: bytes = self._stream.read(size)
        except Exception:
            self.is_broken = True
            raise
        return received


def with_deadline(app: WsgiApp, to_live: Callable[[], float]) -> WsgiApp:
    """The application, whose bodies end in time; it is told how to end what hangs."""

    def patient(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        current = gevent.getcurrent()
        arrived_at = getattr(current, "arrived_at", None) or monotonic()
        stream = PatientStream(environ["wsgi.input"], arrived_at + RECEIVE_WITHIN)
        environ["wsgi.input"] = current.body = stream
        environ["hub.within"], environ["hub.to_live"] = within, to_live
        environ["hub.aside"] = aside
        return app(environ, start_response)

    return patient


def aside(work: Callable[[], Any]) -> Any:
    """Do what only computes in a thread beside the greenlets; few at once, others wait in line.

    Raises `Unavailable` for who would wait too long.
    """
    if not _COMPUTING.acquire(timeout=_ASIDE_WITHIN):
        raise Unavailable("too much is computed just now")
    try:
        return gevent.get_hub().threadpool.apply(work)
    finally:
        _COMPUTING.release()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Give up a transaction that hangs; raises `Unavailable`, and its connection is thrown away."""
    limit = gevent.Timeout(seconds)
    limit.start()
    try:
        yield
    except gevent.Timeout as ended:
        if ended is not limit:
            raise
        raise Unavailable("the database does not answer") from None
    finally:
        limit.close()
