"""Twilio's own client, sending through the hub's one way out. Loaded by the first message."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped]
from twilio.http import HttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from hub.connectors.connections import ConnectionSettings
from hub.connectors.http import Http, HttpAnswer, excerpt, failure_of
from hub.connectors.sms_codes import Verdict
from hub.errors import Permanent, StepFailed, Transient

_RATE_LIMITED = 429
_FIRST_FAULT = 500
# What the package may raise when it reads the other fields of an answer. They do not matter: the
# message was accepted, and its SID is known.
_UNREAD = (TwilioException, AttributeError, LookupError, TypeError, ValueError)

_log = logging.getLogger(__name__)


def send(
    settings: ConnectionSettings, base_url: str, way_out: WayOut, message: Mapping[str, str]
) -> str:
    """Send a message and give back its SID; raises `StepFailed`."""
    try:
        _client(settings, base_url, way_out).messages.create(**message)
    except _UNREAD:
        if not way_out.sid:
            raise
    return way_out.sid


def _client(settings: ConnectionSettings, base_url: str, way_out: WayOut) -> Client:
    secrets = settings.credentials
    client = Client(
        secrets.get("api_key_sid") or secrets["account_sid"],
        secrets["auth_token"],
        account_sid=secrets["account_sid"],
        http_client=way_out,
        # Not empty, or the client reads region and edge from the real environment.
        environment={"TWILIO_REGION": ""},
    )
    client.api.base_url = base_url
    return client


class WayOut(HttpClient):  # type: ignore[misc]  # the package has no types
    """Twilio's client sends through `Http`; a failure is told here, where headers and body are."""

    def __init__(self, http: Http, timeout: timedelta, codes: Mapping[str, Verdict]) -> None:
        super().__init__(_log, is_async=False, timeout=timeout.total_seconds())
        self._http = http
        self._time = timeout
        self._codes = codes
        self.sid = ""

    def request(  # noqa: PLR0917 - the signature is the package's
        self,
        method: str,
        uri: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the attempt's timeout holds
        allow_redirects: bool = False,  # noqa: ARG002, FBT001, FBT002 - never
    ) -> Response:
        """One request; raises `StepFailed` for everything that is not 2xx."""
        answer = self._http.exchange(
            method,
            uri,
            query=params,
            data=data,
            headers=headers,
            auth=auth,
            timeout=self._time,
        )
        failure = _failure(answer, self._codes, hidden=auth or ())
        if failure is not None:
            raise failure
        if not isinstance(answer.json, dict) or not answer.json.get("sid"):
            raise Transient(
                "unavailable",
                "the SMS service gave an answer that is not its own",
                maybe_done=True,
                status=answer.status,
            )
        self.sid = str(answer.json["sid"])
        return Response(answer.status, answer.text, answer.headers)


def _failure(
    answer: HttpAnswer, codes: Mapping[str, Verdict], *, hidden: tuple[str, ...]
) -> StepFailed | None:
    by_status = failure_of(answer, what="the SMS service", hidden=hidden)
    if by_status is None or answer.status >= _FIRST_FAULT or answer.status == _RATE_LIMITED:
        return by_status
    code, said = _code_of(answer.json)
    if code not in codes:
        return by_status
    kind, name = codes[code]
    message = f"the SMS service refused the message ({code}): {excerpt(said, hidden=hidden)}"
    if kind == "transient":
        return Transient(name, message, status=answer.status, retry_after=by_status.retry_after)
    return Permanent(name, message, status=answer.status)


def _code_of(body: Any) -> tuple[str, str]:
    """Code and text of the three error bodies: `{code}`, `{errors: [{code}]}`, `{errors: [text]}`.

    An empty code means that there is none.
    """
    if not isinstance(body, dict):
        return "", ""
    errors = body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else body
    if not isinstance(first, dict):
        return "", str(first)
    return str(first.get("code", "")), str(first.get("message", ""))
