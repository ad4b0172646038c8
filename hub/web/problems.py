"""Errors as problem documents (RFC 9457), in one place: never HTML, never a traceback (S20)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from hub.bootstrap import Hub
from hub.errors import PayloadProblem, Rejected, Unavailable
from hub.ingest.dialects import to_json_bytes

_log = logging.getLogger(__name__)
_RETRY_AFTER = timedelta(seconds=5)
PROBLEM_TYPE = "application/problem+json"


def problem_document(
    *, status: int, title: str, request_id: str, problems: Sequence[PayloadProblem] = ()
) -> bytes:
    """The document, as it is sent."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "instance": request_id,
    }
    if problems:
        document["errors"] = [
            {"pointer": each.pointer, "message": each.message} for each in problems
        ]
    return to_json_bytes(document)


def add_error_handlers(app: Flask, hub: Hub) -> None:
    """Answer every error with its document."""

    @app.errorhandler(Rejected)
    def rejected(refusal: Rejected) -> Response:
        if refusal.reason is not None and "visit" in g:
            g.visit.facts["reason"] = refusal.reason
        return _response(refusal)

    @app.errorhandler(Unavailable)
    def unavailable(problem: Unavailable) -> Response:
        _log.warning("nothing was stored: %s", problem)
        return _response(
            Rejected(503, "The request cannot be stored now.", retry_after=_RETRY_AFTER)
        )

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        if isinstance(error, MethodNotAllowed) and not request.routing_exception:
            return _response(Rejected(405, "This address takes another method."))
        if isinstance(error, MethodNotAllowed):
            return _response(_other_method(hub, error))
        return _response(Rejected(error.code or 500, f"{error.name}."))

    @app.errorhandler(Exception)
    def broken(error: Exception) -> Response:
        _log.error("a request failed", exc_info=error)
        return _response(Rejected(500, "Something went wrong on our side."))


def _other_method(hub: Hub, error: MethodNotAllowed) -> Rejected:
    """A method that no route knows: the endpoint says which ones it takes."""
    try:
        hub.reception.find(request.method, request.path)
    except Rejected as refusal:
        if refusal.status == 405:  # noqa: PLR2004 - HTTP
            return refusal
    allowed = ", ".join(sorted(error.valid_methods or ()))
    return Rejected(405, "This address takes another method.", headers={"Allow": allowed})


def _response(refusal: Rejected) -> Response:
    body = problem_document(
        status=refusal.status,
        title=refusal.title,
        request_id=g.visit.request_id if "visit" in g else "",
        problems=refusal.problems,
    )
    response = Response(body, refusal.status, content_type=PROBLEM_TYPE)
    response.headers.update(refusal.headers)
    if refusal.retry_after is not None:
        response.headers["Retry-After"] = str(int(refusal.retry_after.total_seconds()))
    return response
