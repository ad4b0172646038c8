"""The pool of outgoing connections: one request and its answer under one deadline (S3, E9).

Loaded by `client` with the first request of a process.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpcore
import httpx

from hub import tracing
from hub.connectors.http.addresses import OutboundPolicy
from hub.connectors.http.answers import HttpAnswer, decoded, json_of, unpacked
from hub.connectors.http.backend import GuardedBackend
from hub.connectors.http.outgoing import Outgoing, body_of, outgoing_of
from hub.connectors.http.sockets import CURRENT, Exchange, Resolve
from hub.errors import Permanent, Transient

LONGEST = timedelta(seconds=30)
MAX_ANSWER = 1024 * 1024

# Shorter than the patience of common servers (2 s and more): a connection that is closed while a
# request is on its way would leave an outcome unknown for no good reason.
_KEEP_ALIVE_SECONDS = 1.0
_MAX_CONNECTIONS = 100


class Pool:
    """The open connections, and those in use."""

    def __init__(
        self, policy: OutboundPolicy, resolve: Resolve, tls: ssl.SSLContext | None = None
    ) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls or httpx.create_ssl_context(trust_env=False),
            max_connections=_MAX_CONNECTIONS,
            keepalive_expiry=_KEEP_ALIVE_SECONDS,
            network_backend=GuardedBackend(policy, resolve),
        )

    def prepared(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        data: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        auth: tuple[str, str] | None = None,
    ) -> Outgoing:
        """A request, checked; raises `Permanent` for what cannot be sent (S14)."""
        body = body_of(json, data, content)
        return outgoing_of(method, url, headers=headers, query=query, body=body, auth=auth)

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.close()

    def send(self, outgoing: Outgoing, timeout: timedelta) -> HttpAnswer:
        """Any answer is one; what comes of none is a `StepFailed`."""
        exchange = Exchange(min(timeout, LONGEST).total_seconds())
        held = CURRENT.set(exchange)
        facts: dict[str, str | int] = {
            "http.request.method": outgoing.method,
            "server.address": outgoing.url.host,
        }
        try:
            with (
                tracing.span(outgoing.method, facts, kind="CLIENT") as span,
                _failures(outgoing, exchange),
            ):
                answer = self._answer(outgoing.traced(tracing.traceparent()), exchange)
                span.note("http.response.status_code", answer.status)
                return answer
        finally:
            CURRENT.reset(held)

    def _answer(self, outgoing: Outgoing, exchange: Exchange) -> HttpAnswer:
        url = httpcore.URL(
            scheme=outgoing.url.raw_scheme,
            host=outgoing.url.raw_host,
            port=outgoing.url.port,
            target=outgoing.url.raw_path,
        )
        with self._pool.stream(
            outgoing.method,
            url,
            headers=outgoing.headers,
            content=outgoing.content or None,
            extensions={"timeout": {"pool": exchange.remaining()}},
        ) as response:
            headers = {
                name.decode("latin-1").lower(): value.decode("latin-1")
                for name, value in response.headers
            }
            body = _read(response.iter_stream(), must_be_whole=response.status < 400)  # noqa: PLR2004
            return _read_answer(outgoing, response.status, headers, body)


def _read(parts: Iterable[bytes], *, must_be_whole: bool) -> bytes:
    """At most one byte more than 1 MiB; what an error answer says is read as far as it comes."""
    body = bytearray()
    try:
        for part in parts:
            body += part[: MAX_ANSWER + 1 - len(body)]
            if len(body) > MAX_ANSWER:
                break
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        if must_be_whole:
            raise
    return bytes(body)


def _read_answer(
    outgoing: Outgoing, status: int, headers: Mapping[str, str], body: bytes
) -> HttpAnswer:
    plain = unpacked(body, headers.get("content-encoding", "").strip().lower(), limit=MAX_ANSWER)
    if status < 400:  # noqa: PLR2004 - below the errors
        if plain is None:
            raise Permanent(
                "answer_unreadable",
                f"{outgoing.what}: the answer is packed in a way that was not asked for",
                maybe_done=True,
                status=status,
            )
        if len(plain) > MAX_ANSWER:
            raise Permanent(
                "answer_too_large",
                f"{outgoing.what}: the answer is larger than 1 MiB",
                maybe_done=True,
                status=status,
            )
    text = decoded((plain or b"")[:MAX_ANSWER], headers.get("content-type", ""))
    return HttpAnswer(status=status, headers=headers, text=text, json=json_of(text))


@contextmanager
def _failures(outgoing: Outgoing, exchange: Exchange) -> Iterator[None]:
    """Turn the network's errors into the two kinds of failure (language, chapter 8)."""
    what = outgoing.what
    try:
        yield
    except (httpcore.ConnectTimeout, httpcore.PoolTimeout) as late:
        raise Transient("timeout", f"{what}: no connection in time") from late
    except (httpcore.TimeoutException, TimeoutError) as late:
        raise Transient(
            "timeout", f"{what}: no answer in time", maybe_done=exchange.is_sent
        ) from late
    except httpcore.ConnectError as failure:
        raise Transient("unavailable", f"{what}: no connection ({failure})"[:300]) from failure
    except httpcore.LocalProtocolError as refused:
        raise Permanent("invalid_input", f"{what}: the request cannot be sent") from refused
    except (httpcore.NetworkError, httpcore.ProtocolError) as failure:
        raise Transient(
            "unavailable", f"{what}: the connection broke", maybe_done=exchange.is_sent
        ) from failure
