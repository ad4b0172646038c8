"""The two forms in which Google says no, and what its interfaces refuse alike."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.fakes.services import Answer, Received

_USAGE = {"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "accessNotConfigured"}


def error(status: int, reason: str, message: str, headers: dict[str, str] | None = None) -> Answer:
    """The older form, of Calendar and Gmail: `errors` with a reason."""
    domain = "usageLimits" if reason in _USAGE else "global"
    one = {"domain": domain, "reason": reason, "message": message}
    said = {"error": {"errors": [one], "code": status, "message": message}}
    return Answer.of(said, status, headers)


def rpc_error(status: int, name: str, message: str) -> Answer:
    """The newer form, of Sheets: `status` is a word."""
    return Answer.of({"error": {"code": status, "message": message, "status": name}}, status)


class Refused(Exception):
    """A request that is refused; with `name` in the newer form too."""

    def __init__(self, status: int, reason: str, message: str, name: str | None = None) -> None:
        super().__init__(message)
        self.answer = error(status, reason, message)
        if name is not None:
            one = {"message": message, "domain": "global", "reason": reason}
            said = {"code": status, "message": message, "errors": [one], "status": name}
            self.answer = Answer.of({"error": said}, status)


def json_of(request: Received, known: Iterable[str]) -> dict[str, Any]:
    """The JSON object of a request; refuses another media type and fields that do not exist."""
    kind = request.headers.get("content-type", "").partition(";")[0]
    if kind != "application/json":
        raise Refused(400, "badContent", f"Media type '{kind}' is not supported.")
    try:
        said = request.json
    except ValueError as unreadable:
        raise Refused(400, "parseError", "Parse Error") from unreadable
    if not isinstance(said, dict):
        raise Refused(400, "parseError", "Parse Error")
    unknown = set(said) - set(known)
    if unknown:
        text = f'Invalid JSON payload received. Unknown name "{min(unknown)}": Cannot find field.'
        raise Refused(400, "badRequest", text)
    return said


def query_of(request: Received, known: Iterable[str]) -> dict[str, str]:
    """The parameters, one value each; refuses unknown ones."""
    unknown = set(request.query) - set(known)
    if unknown:
        text = f'Invalid JSON payload received. Unknown name "{min(unknown)}": Cannot bind.'
        raise Refused(400, "badRequest", text)
    return {name: values[0] for name, values in request.query.items()}
