"""The Flask application: routes, errors as problem documents, headers that every answer has."""

from __future__ import annotations

import logging
from time import monotonic

from flask import Flask, Response, g, request

from hub.bootstrap import Hub
from hub.web.endpoints import add_endpoints
from hub.web.health import add_health
from hub.web.inbound import remote_ip
from hub.web.problems import add_error_handlers

_log = logging.getLogger(__name__)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_LONGEST_PATH = 200


def create_app(hub: Hub) -> Flask:
    """The application of one open hub."""
    app = Flask("hub", static_folder=None)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.config["TRAP_HTTP_EXCEPTIONS"] = False
    app.config["DEBUG"] = app.config["PROPAGATE_EXCEPTIONS"] = False  # whatever FLASK_DEBUG says

    @app.before_request
    def arrive() -> None:
        g.arrived_at = monotonic()
        g.request_id = str(hub.new_id())

    @app.after_request
    def leave(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if hub.settings.public_url.startswith("https:"):
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        response.headers["X-Request-Id"] = g.request_id
        _log_request(response, remote_ip(hub.settings.trusted_proxies))
        return response

    add_health(app, hub)
    add_error_handlers(app, hub)
    add_endpoints(app, hub)
    return app


def _log_request(response: Response, ip: str | None) -> None:
    """One line for each request; those of probes only for people who look for them (S15)."""
    level = logging.DEBUG if request.path in {"/healthz", "/readyz"} else logging.INFO
    _log.log(
        level,
        "request",
        extra={
            "request_id": g.request_id,
            "method": request.method,
            "path": request.path[:_LONGEST_PATH],
            "status": response.status_code,
            "milliseconds": round((monotonic() - g.arrived_at) * 1000, 1),
            "ip": ip,
            **g.get("facts", {}),
        },
    )
