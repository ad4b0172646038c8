"""The actions `http.*`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.action import Attempt, action
from hub.connectors.http.answers import HttpAnswer
from hub.connectors.http.client import Http
from hub.errors import Permanent
from hub.signature import Url


@dataclass(frozen=True)
class HttpResult:
    """`json` is the decoded answer, an empty object when it is not JSON: then `text` holds it."""

    status: int
    json: Any
    text: str | None = None


_EXAMPLE = {"status": 200, "json": {}}
_ERRORS = (
    "not_found",
    "conflict",
    "address_not_allowed",
    "answer_too_large",
    "answer_unreadable",
)
_SECRET = ("bearer", "headers")


@action(
    "http.get",
    effect="read",
    example=_EXAMPLE,
    errors=_ERRORS,
    outward=True,
    secret_inputs=_SECRET,
)
def get(
    http: Http,
    attempt: Attempt,
    *,
    url: Url,
    headers: dict[str, str] | None = None,
    bearer: str | None = None,
    query: dict[str, Any] | None = None,
) -> HttpResult:
    """HTTP GET."""
    with_bearer = _with_bearer(headers, bearer)
    return _result(
        http.request("GET", url, headers=with_bearer, query=query, timeout=attempt.timeout)
    )


@action(
    "http.post",
    effect="once",
    example=_EXAMPLE,
    errors=_ERRORS,
    outward=True,
    secret_inputs=_SECRET,
    destination_inputs={"url": "url"},
)
def post(
    http: Http,
    attempt: Attempt,
    *,
    url: Url,
    headers: dict[str, str] | None = None,
    bearer: str | None = None,
    query: dict[str, Any] | None = None,
    json: Any = None,
) -> HttpResult:
    """HTTP POST."""
    keyed = _with_key(_with_bearer(headers, bearer), attempt)
    return _result(
        http.request("POST", url, headers=keyed, query=query, json=json, timeout=attempt.timeout)
    )


@action(
    "http.put",
    effect="idempotent",
    example=_EXAMPLE,
    errors=_ERRORS,
    outward=True,
    secret_inputs=_SECRET,
    destination_inputs={"url": "url"},
)
def put(
    http: Http,
    attempt: Attempt,
    *,
    url: Url,
    headers: dict[str, str] | None = None,
    bearer: str | None = None,
    query: dict[str, Any] | None = None,
    json: Any = None,
) -> HttpResult:
    """HTTP PUT."""
    keyed = _with_key(_with_bearer(headers, bearer), attempt)
    return _result(
        http.request("PUT", url, headers=keyed, query=query, json=json, timeout=attempt.timeout)
    )


@action(
    "http.delete",
    effect="idempotent",
    example=_EXAMPLE,
    errors=_ERRORS,
    outward=True,
    secret_inputs=_SECRET,
    destination_inputs={"url": "url"},
)
def delete(
    http: Http,
    attempt: Attempt,
    *,
    url: Url,
    headers: dict[str, str] | None = None,
    bearer: str | None = None,
    query: dict[str, Any] | None = None,
) -> HttpResult:
    """HTTP DELETE."""
    keyed = _with_key(_with_bearer(headers, bearer), attempt)
    return _result(http.request("DELETE", url, headers=keyed, query=query, timeout=attempt.timeout))


def _with_bearer(headers: Mapping[str, str] | None, bearer: str | None) -> dict[str, str]:
    given = dict(headers or {})
    if bearer is None:
        return given
    if any(name.lower() == "authorization" for name in given):
        raise Permanent("invalid_input", "both bearer and the header Authorization are given")
    return {**given, "Authorization": f"Bearer {bearer}"}


def _with_key(headers: dict[str, str], attempt: Attempt) -> dict[str, str]:
    """The step's key, the same for all attempts (E7); a key that the author wrote stays."""
    if any(name.lower() == "idempotency-key" for name in headers):
        return headers
    return {**headers, "Idempotency-Key": attempt.key}


def _result(answer: HttpAnswer) -> HttpResult:
    is_json = answer.json is not None
    return HttpResult(
        status=answer.status,
        json=answer.json if is_json else {},
        text=None if is_json or not answer.text else answer.text,
    )
