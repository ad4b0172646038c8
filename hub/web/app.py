"""The Flask application: routes, errors as problem documents, headers that every answer has."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from time import monotonic

from flask import Flask, Request, Response

from hub import logs, tracing
from hub.bootstrap import Hub
from hub.bootstrap.metrics_page import MetricsPage
from hub.metrics import Keeper
from hub.metrics import catalogue as metrics
from hub.web.endpoints import add_endpoints
from hub.web.health import add_health
from hub.web.inbound import Noted, asked, noted, remote_ip
from hub.web.problems import add_error_handlers

_log = logging.getLogger(__name__)
_HEADERS = {
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
_PROBES = {"/healthz", "/readyz", "/metrics"}


def create_app(hub: Hub, page: MetricsPage | None = None) -> Flask:
    """The application of one open hub; `page` is that of the process, if it keeps figures."""
    app = Flask("hub", static_folder=None)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.config["TRAP_HTTP_EXCEPTIONS"] = False
    app.config["DEBUG"] = app.config["PROPAGATE_EXCEPTIONS"] = False  # whatever FLASK_DEBUG says

    is_behind_tls = hub.settings.public_url.startswith("https:")
    headers = {**_HEADERS, **(_BEHIND_TLS if is_behind_tls else {})}

    @app.before_request
    def arrive() -> None:
        request, own = asked(), noted()
        own.arrived_at = monotonic()
        own.request_id = str(hub.new_id())
        own.log = logs.about(request_id=own.request_id)
        own.tracing = ExitStack()
        if request.path not in _PROBES:
            parent = request.headers.get("traceparent")
            facts = {"http.request.method": request.method, "hub.request.id": own.request_id}
            span = tracing.span("receive", facts, kind="SERVER", parent=parent)
            own.span = own.tracing.enter_context(span)
        metrics.REQUESTS_IN_PROGRESS.add()

    @app.after_request
    def leave(response: Response) -> Response:
        request, own = asked(), noted()
        said = {name.lower() for name, _ in response.headers}
        added = ((name, value) for name, value in headers.items() if name.lower() not in said)
        response.headers.extend(added)
        response.headers["X-Request-Id"] = own.request_id
        _log_request(request, own, response, hub.settings.trusted_proxies)
        _count(request, own, response.status_code)
        _trace(own, response.status_code)
        return response

    @app.teardown_request
    def end(_problem: BaseException | None) -> None:
        own = noted()
        if "log" in own:
            own.tracing.close()
            logs.forget(own.log)
            metrics.REQUESTS_IN_PROGRESS.add(by=-1)

    add_health(app, hub, page or MetricsPage(hub.settings, Keeper(hub.settings.metrics_dir), hub))
    add_error_handlers(app, hub)
    add_endpoints(app, hub)
    return app


def _count(request: Request, own: Noted, status: int) -> None:
    """By endpoint or page of ours; whatever else is asked for has one label together."""
    rule = request.url_rule
    ours = metrics.NO_ENDPOINT if rule is None or rule.arguments else rule.rule
    endpoint = own.get("facts", {}).get("workflow", ours)
    metrics.REQUESTS.add(endpoint, str(status))
    metrics.REQUEST_SECONDS.observe(monotonic() - own.arrived_at, endpoint)
    if status == _UNAUTHORIZED:
        metrics.AUTH_FAILURES.add(endpoint)


def _trace(own: Noted, status: int) -> None:
    """Name the span of the request after its endpoint; strangers' paths are nobody's names."""
    if "span" not in own:
        return
    if "facts" in own:
        own.span.rename(f"receive {own.facts['workflow']}")
        own.span.note("hub.workflow", own.facts["workflow"])
    own.span.note("http.response.status_code", status)
    if status >= _SERVER_ERROR:
        own.span.fail(str(status))


def _log_request(request: Request, own: Noted, response: Response, trusted_proxies: int) -> None:
    """One line for each request; those of probes only for people who look for them (S15)."""
    level = logging.DEBUG if request.path in _PROBES else logging.INFO
    if not _log.isEnabledFor(level):
        return
    _log.log(
        level,
        "request",
        extra={
            "method": request.method,
            "path": request.path[:_LONGEST_PATH],
            "status": response.status_code,
            "milliseconds": round((monotonic() - own.arrived_at) * 1000, 1),
            "ip": remote_ip(request, trusted_proxies),
            **own.get("facts", {}),
        },
    )
