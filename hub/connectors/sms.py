"""Text messages: the action `twilio.send_sms`, for Twilio and services that speak its language."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import phonenumbers
from phonenumbers import PhoneNumberType
from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped]
from twilio.http import HttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from hub.action import Attempt, action
from hub.connectors.connections import ConnectionSettings, configured
from hub.connectors.http import Http, HttpAnswer, excerpt, failure_of
from hub.errors import Permanent, StepFailed, Transient
from hub.signature import Phone

__all__ = ["Sent", "TwilioClient", "send_sms"]

Verdict = tuple[Literal["permanent", "transient"], str]

# What an error code means, for each provider: the same number may mean something else (21606,
# 21612, 30001, 30002). The vendors refine the codes, so the HTTP status is looked at first and a
# code that is not listed leaves the status's own meaning. With all of these nothing was sent.
_TWILIO: Mapping[str, Verdict] = {
    "20003": ("permanent", "unauthorized"),
    "20429": ("transient", "rate_limited"),
    "21211": ("permanent", "invalid_number"),
    "21217": ("permanent", "invalid_number"),
    "21408": ("permanent", "sender_not_allowed"),
    "21606": ("permanent", "sender_not_allowed"),
    "21608": ("permanent", "sender_not_allowed"),
    "21610": ("permanent", "opted_out"),
    "21611": ("transient", "rate_limited"),
    "21612": ("permanent", "sender_not_allowed"),
    "21614": ("permanent", "invalid_number"),
    "21617": ("permanent", "invalid_input"),
    "21659": ("permanent", "sender_not_allowed"),
    "30001": ("transient", "rate_limited"),
    "30002": ("permanent", "unauthorized"),
    "30003": ("transient", "unavailable"),
    "30004": ("permanent", "blocked"),
    "30005": ("permanent", "invalid_number"),
    "30006": ("permanent", "invalid_number"),
    "30007": ("permanent", "blocked"),
    "30034": ("permanent", "sender_not_allowed"),
}
ERROR_CODES: Mapping[str, Mapping[str, Verdict]] = {
    "twilio": _TWILIO,
    "signalwire": {
        **_TWILIO,
        "21606": ("permanent", "invalid_number"),
        "21612": ("permanent", "invalid_input"),
        "21717": ("permanent", "sender_not_allowed"),
        "30001": ("permanent", "rejected"),
        "30002": ("permanent", "sender_not_allowed"),
    },
}
_NEVER_TEXTED = frozenset(
    {
        PhoneNumberType.PAGER,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.VOICEMAIL,
    }
)
_RATE_LIMITED = 429
_FIRST_FAULT = 500
_BASE_URL = "https://api.twilio.com"
_MESSAGING_SERVICE = "MG"

# What the package may raise when it reads the other fields of an answer. They do not matter: the
# message was accepted, and its SID is known.
_UNREAD = (TwilioException, AttributeError, LookupError, TypeError, ValueError)

_log = logging.getLogger(__name__)


class TwilioClient:
    """One account; without settings every use says what to set."""

    def __init__(self, settings: ConnectionSettings | None, http: Http) -> None:
        self._settings = settings
        self._http = http

    def send(self, attempt: Attempt, *, to: str, text: str, from_: str | None) -> str:
        """Send a message and give back its SID; raises `StepFailed`."""
        settings = configured(self._settings, "twilio")
        way_out = _WayOut(self._http, attempt.timeout, _codes(settings))
        sender = _sender(settings, from_ or settings.options.get("from"))
        try:
            _client(settings, way_out).messages.create(to=to, body=text, **sender)
        except _UNREAD:
            if not way_out.sid:
                raise
        return way_out.sid


def _client(settings: ConnectionSettings, way_out: _WayOut) -> Client:
    secrets = settings.credentials
    client = Client(
        secrets.get("api_key_sid") or secrets["account_sid"],
        secrets["auth_token"],
        account_sid=secrets["account_sid"],
        http_client=way_out,
        # Not empty, or the client reads region and edge from the real environment.
        environment={"TWILIO_REGION": ""},
    )
    client.api.base_url = (settings.base_url or _BASE_URL).rstrip("/")
    return client


def _codes(settings: ConnectionSettings) -> Mapping[str, Verdict]:
    provider = settings.options.get("provider", "twilio")
    if provider not in ERROR_CODES:
        known = " or ".join(ERROR_CODES)
        raise Permanent(
            "not_configured",
            f"the connection {settings.name} of hub.yaml: options.provider must be {known}",
        )
    return ERROR_CODES[provider]


class _WayOut(HttpClient):  # type: ignore[misc]  # the package has no types
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


def _sender(settings: ConnectionSettings, sender: str | None) -> dict[str, str]:
    if not sender:
        raise Permanent(
            "not_configured",
            f"no sender: give the step a from, or the connection {settings.name} of hub.yaml an"
            " options.from",
        )
    if sender.startswith(_MESSAGING_SERVICE):
        return {"messaging_service_sid": sender}
    return {"from_": sender}


def _check_number(to: str) -> None:
    """Refuse what cannot be a number to text; numbers of other people's money above all."""
    try:
        number = phonenumbers.parse(to)
    except phonenumbers.NumberParseException as unreadable:
        raise Permanent("invalid_number", "the receiver is not a phone number") from unreadable
    if not phonenumbers.is_valid_number(number):
        raise Permanent("invalid_number", "the receiver's phone number does not exist")
    if phonenumbers.number_type(number) in _NEVER_TEXTED:
        raise Permanent("invalid_number", "the receiver's phone number is of a kind never texted")


@dataclass(frozen=True)
class Sent:
    """`sid` is the provider's id of the message."""

    sid: str


@action(
    "twilio.send_sms",
    effect="once",
    example={"sid": "SM1"},
    errors=(
        "invalid_number",
        "opted_out",
        "blocked",
        "sender_not_allowed",
        "not_configured",
        "address_not_allowed",
    ),
    outward=True,
    destination_inputs={"to": "phone"},
)
def send_sms(
    twilio: TwilioClient,
    attempt: Attempt,
    *,
    to: Phone,
    text: str,
    from_: Phone | None = None,
) -> Sent:
    """Send a text message."""
    _check_number(to)
    return Sent(twilio.send(attempt, to=to, text=text, from_=from_))
