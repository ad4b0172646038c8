"""One request and its answer; the connections are a pool that opens with the first request."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict, Unpack

from hub.connectors.http.addresses import OutboundPolicy
from hub.connectors.http.answers import HttpAnswer, failure_of
from hub.connectors.http.sockets import Resolve, look_up

if TYPE_CHECKING:
    from hub.connectors.http.pool import Pool


class Parts(TypedDict):
    """What a request may have. `json`, `data` (a form) and `content` exclude each other.

    `auth` is a name and a password.
    """

    headers: NotRequired[Mapping[str, str] | None]
    query: NotRequired[Mapping[str, Any] | None]
    json: NotRequired[Any]
    data: NotRequired[Mapping[str, Any] | None]
    content: NotRequired[bytes | None]
    auth: NotRequired[tuple[str, str] | None]


class Http:
    """The outgoing connections; one for a process, safe for threads."""

    def __init__(
        self,
        policy: OutboundPolicy,
        resolve: Resolve = look_up,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._policy, self._resolve, self._tls = policy, resolve, tls
        self._opening = Lock()
        self._opened: Pool | None = None

    def request(
        self, method: str, url: str, *, timeout: timedelta, **parts: Unpack[Parts]
    ) -> HttpAnswer:
        """Send a request whose answer is 2xx; every other outcome is a `StepFailed`.

        `timeout` holds for the whole exchange, at most 30 s.
        """
        outgoing = self._pool.prepared(method, url, **parts)
        answer = self._pool.send(outgoing, timeout)
        failure = failure_of(answer, what=outgoing.what, hidden=outgoing.hidden)
        if failure is not None:
            raise failure
        return answer

    def exchange(
        self, method: str, url: str, *, timeout: timedelta, **parts: Unpack[Parts]
    ) -> HttpAnswer:
        """Like `request`, but every status is an answer: for services with errors of their own."""
        return self._pool.send(self._pool.prepared(method, url, **parts), timeout)

    def close(self) -> None:
        """Close the idle connections."""
        with self._opening:
            if self._opened is not None:
                self._opened.close()

    @property
    def _pool(self) -> Pool:
        """Opened on first use: its libraries are a tenth of a process that calls nobody."""
        with self._opening:
            if self._opened is None:
                from hub.connectors.http.pool import Pool  # noqa: PLC0415 - see above

                self._opened = Pool(self._policy, self._resolve, self._tls)
            return self._opened
