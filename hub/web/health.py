"""For whoever runs the hub: alive, ready, and the document of all endpoints."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, Response, request
from sqlalchemy.exc import SQLAlchemyError

from hub.bootstrap import Hub
from hub.bootstrap.metrics_page import MetricsPage
from hub.errors import Rejected
from hub.ingest.dialects import to_json_bytes
from hub.ingest.openapi import openapi
from hub.metrics import PAGE_TYPE
from hub.metrics.access import is_allowed
from hub.storage import db
from hub.web.inbound import METHODS

_JSON = "application/json"
_READING = ("GET", "HEAD")


def add_health(app: Flask, hub: Hub, page: MetricsPage) -> None:
    """`/healthz`, `/readyz`, `/openapi.json`; `/metrics` if there is a token for it."""

    @_page(app, "/healthz")
    def healthz() -> Response:
        """The process answers; nothing else is asked."""
        return Response(b'{"status":"alive"}', content_type=_JSON)

    @_page(app, "/readyz")
    def readyz() -> Response:
        """The database can be written to and has the right tables; Redis is only reported (I3)."""
        database, current = _database_state(hub), hub.current
        found = {
            "status": "ready" if database == "ok" else "not ready",
            "database": database,
            "redis": "ok" if hub.doorbell.is_reachable() else "unreachable",
            "workflows": len(current.project.served),
            "broken_workflows": list(current.project.broken),
            "earlier_versions": list(current.kept),
            "hub_yaml": "ok" if current.refused is None else "has errors",
        }
        status = 200 if database == "ok" else 503
        return Response(to_json_bytes(found), status, content_type=_JSON)

    if hub.settings.metrics_token:

        @_page(app, "/metrics")
        def metrics() -> Response:
            """What Prometheus reads; only for who has the token."""
            if not is_allowed(hub.settings.metrics_token, request.headers.get("Authorization", "")):
                title = "Send the token of the metrics."
                raise Rejected(401, title, headers={"WWW-Authenticate": "Bearer"})
            return Response(page.text(), content_type=PAGE_TYPE)

    @_page(app, "/openapi.json")
    def document() -> Response:
        """What callers may send."""
        described = openapi(hub.project, hub.settings.public_url)
        return Response(to_json_bytes(described), content_type=_JSON)


def _page(app: Flask, path: str) -> Callable[[Callable[[], Response]], None]:
    """A page that is read and nothing else: other methods get 405, not the 404 of no endpoint."""

    def add(page: Callable[[], Response]) -> None:
        def read() -> Response:
            if request.method not in _READING:
                allowed = {"Allow": ", ".join(_READING)}
                raise Rejected(405, "This address takes another method.", headers=allowed)
            return page()

        app.add_url_rule(path, path, read, methods=METHODS, provide_automatic_options=False)

    return add


def _database_state(hub: Hub) -> str:
    try:
        return "ok" if db.is_usable(hub.database) else "has the tables of an older version"
    except SQLAlchemyError:
        return "unreachable"
