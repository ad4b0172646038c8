"""A request from its arrival to its end: what is noted of it, logged, counted and traced."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from uuid import UUID

from hub import logs, tracing
from hub.bootstrap import Hub
from hub.metrics import catalogue as metrics

PROBES = {"/healthz", "/readyz", "/metrics"}
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_BEHIND_TLS = {"Strict-Transport-Security": "max-age=31536000"}
_LONGEST_PATH = 200
_UNAUTHORIZED = 401
_SERVER_ERROR = 500

_log = logging.getLogger("hub.web.app")


@dataclass(slots=True)
class Visit:
    """What is noted of one request. `facts` are for its line in the log.

    `headers`: what its answer has for the sake of its endpoint, whatever the answer is.
    """

    id: UUID
    request_id: str
    arrived_at: float
    path: str
    log: logs.Marker
    facts: dict[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] | None = None
    span: tracing.Span | None = None
    tracing: ExitStack | None = None


class Visits:
    """All requests of one application, whichever way they take through it."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        is_behind_tls = hub.settings.public_url.startswith("https:")
        self._headers = {**SECURITY_HEADERS, **(_BEHIND_TLS if is_behind_tls else {})}
        self._lower = {name.lower(): (name, value) for name, value in self._headers.items()}

    def begin(self, environ: Mapping[str, Any], path: str) -> Visit:
        """A request is here; from now on each line of the log names it, until `end`."""
        id_ = self._hub.new_id()
        name = str(id_)
        visit = Visit(id_, name, monotonic(), path, logs.about(request_id=name))
        if tracing.is_on() and path not in PROBES:
            facts = {"http.request.method": environ["REQUEST_METHOD"], "hub.request.id": name}
            parent = environ.get("HTTP_TRACEPARENT")
            span = tracing.span("receive", facts, kind="SERVER", parent=parent)
            visit.tracing = ExitStack()
            visit.span = visit.tracing.enter_context(span)
        metrics.REQUESTS_IN_PROGRESS.add()
        return visit

    def added(self, visit: Visit, said: set[str]) -> list[tuple[str, str]]:
        """The headers that every answer has, beside those it says itself (in lower case)."""
        headers = [each for name, each in self._lower.items() if name not in said]
        if visit.headers is not None:
            headers += visit.headers.items()
        headers.append(("X-Request-Id", visit.request_id))
        return headers

    def leave(
        self, visit: Visit, environ: Mapping[str, Any], status: int, *, ours: str, ip: str | None
    ) -> None:
        """Its answer is known. `ours`: the label of a page; endpoints have their own."""
        _log_request(visit, environ["REQUEST_METHOD"], status, ip)
        _count(visit, visit.facts.get("workflow", ours), status)
        if visit.span is not None:
            _trace(visit, visit.span, status)

    def end(self, visit: Visit) -> None:
        """It is over, whatever became of it."""
        if visit.tracing is not None:
            visit.tracing.close()
        logs.forget(visit.log)
        metrics.REQUESTS_IN_PROGRESS.add(by=-1)


def _count(visit: Visit, endpoint: str, status: int) -> None:
    metrics.REQUESTS.add(endpoint, str(status))
    metrics.REQUEST_SECONDS.observe(monotonic() - visit.arrived_at, endpoint)
    if status == _UNAUTHORIZED:
        metrics.AUTH_FAILURES.add(endpoint)


def _trace(visit: Visit, span: tracing.Span, status: int) -> None:
    """Name the span of the request after its endpoint; strangers' paths are nobody's names."""
    if "workflow" in visit.facts:
        span.rename(f"receive {visit.facts['workflow']}")
        span.note("hub.workflow", visit.facts["workflow"])
    span.note("http.response.status_code", status)
    if status >= _SERVER_ERROR:
        span.fail(str(status))


def _log_request(visit: Visit, method: str, status: int, ip: str | None) -> None:
    """One line for each request; those of probes only for people who look for them (S15)."""
    level = logging.DEBUG if visit.path in PROBES else logging.INFO
    if not _log.isEnabledFor(level):
        return
    facts = {
        "method": method,
        "path": visit.path[:_LONGEST_PATH],
        "status": status,
        "milliseconds": round((monotonic() - visit.arrived_at) * 1000, 1),
        "ip": ip,
        **visit.facts,
    }
    _log.log(level, "request", extra=facts)
