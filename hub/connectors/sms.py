"""Text messages: sent and asked for, at Twilio and services that speak its language."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from importlib import import_module
from typing import Any, Literal
from urllib.parse import urlencode

from hub.action import Attempt, Clock, action
from hub.connectors.connections import (
    CHECK_TIME,
    ConnectionSettings,
    ConnectionType,
    Connector,
    Field,
    configured,
    told_by,
)
from hub.connectors.http import Http, excerpt
from hub.connectors.sms_codes import ERROR_CODES, Verdict
from hub.connectors.sms_lookup import find_sent, read_sent
from hub.connectors.sms_numbers import check_number
from hub.errors import Permanent, StepFailed, Transient
from hub.signature import Phone
from hub.values import normalise_phone

__all__ = ["Message", "Sent", "TwilioClient", "get_message", "send_sms"]

_MESSAGING_SERVICE = "MG"
_BASE_URL = "https://api.twilio.com"
_SENDING = 0.7  # of an attempt's time; the rest is for looking whether it was sent
_CLOCKS_DIFFER = timedelta(minutes=1)  # at most, the service's and ours
_EARLIER = timedelta(days=1)  # an attempt whose outcome is in doubt is not older


TWILIO = ConnectionType(
    name="twilio",
    title="Twilio, or a service that speaks its language (SignalWire)",
    actions=("twilio.send_sms", "twilio.get_message"),
    credentials=(
        Field("account_sid", "account SID (AC…), or the project id of SignalWire"),
        Field("auth_token", "auth token, or the secret of the API key"),
        Field("api_key_sid", "API key SID (SK…), where a key is used", required=False),
    ),
    options=(
        Field(
            "from",
            "sender when the step names none: a number as +E.164, or a messaging service (MG…)",
            required=False,
        ),
        Field(
            "provider",
            "whose error codes apply: twilio (default) or signalwire",
            required=False,
        ),
        Field(
            "status_callback",
            "path of the endpoint that hears what became of messages; needs HUB_PUBLIC_URL as"
            " https://…",
            required=False,
        ),
    ),
    base_url=Field(
        "base_url",
        "default https://api.twilio.com; SignalWire: https://SPACE.signalwire.com/api/laml",
        required=False,
    ),
)


class TwilioClient:
    """One account; without settings every use says what to set."""

    def __init__(self, settings: ConnectionSettings | None, http: Http) -> None:
        self._settings = settings
        self._http = http

    def send(
        self, attempt: Attempt, *, to: str, text: str, from_: str | None, now: datetime
    ) -> str:
        """Send a message and give back its SID; raises `StepFailed`.

        What may have been sent is looked for before anybody thinks of sending it again.
        """
        settings = configured(self._settings, TWILIO)
        codes = _codes(settings)
        sender = _sender(settings, from_ or settings.options.get("from"))
        message = {"to": to, "body": text, **sender}
        find = partial(
            find_sent,
            self._http,
            settings,
            message,
            base_url=base_url_of(settings),
            timeout=attempt.timeout * (1 - _SENDING),
        )
        if attempt.may_be_done and (known := find(since=now - _EARLIER)) is not None:
            return known
        # Twilio's package costs 15 MiB: only a process that really sends loads it.
        package = import_module("hub.connectors.twilio_client")
        way_out = package.WayOut(self._http, attempt.timeout * _SENDING, codes)
        try:
            asked = {**message, **_callback(settings, attempt)}
            return str(package.send(settings, base_url_of(settings), way_out, asked))
        except Transient as unclear:
            sid = None
            if unclear.maybe_done:
                with suppress(StepFailed):  # then it stays unclear
                    sid = find(since=now - _CLOCKS_DIFFER)
            if sid is None:
                raise
            return sid

    def read(self, attempt: Attempt, sid: str) -> tuple[str, Mapping[str, Any]]:
        """Whose message it is (`provider`), and the message; raises `StepFailed`."""
        settings = configured(self._settings, TWILIO)
        _codes(settings)
        place = base_url_of(settings)
        found = read_sent(self._http, settings, sid, base_url=place, timeout=attempt.timeout)
        return settings.options.get("provider", "twilio"), found

    def check(self) -> str:
        """Whose account it is and its state; raises `StepFailed`.

        An API key may not read the account, so with one the list of messages is asked for.
        """
        settings = configured(self._settings, TWILIO)
        _codes(settings)
        account, key = settings.credentials["account_sid"], settings.credentials.get("api_key_sid")
        place = f"{(settings.base_url or _BASE_URL).rstrip('/')}/2010-04-01/Accounts/{account}"
        answer = self._http.request(
            "GET",
            f"{place}/Messages.json?PageSize=1" if key else f"{place}.json",
            auth=(key or account, settings.credentials["auth_token"]),
            timeout=CHECK_TIME,
        )
        sender = settings.options.get("from")
        sends = f"sends from {sender}" if sender else "a step must name its `from`"
        said = told_by("Twilio", answer.json, "messages" if key else "friendly_name")
        if key:
            return f"the account takes the key; {sends}"
        if said.get("status", "active") != "active":
            raise Permanent("account_inactive", f"the account is {excerpt(str(said['status']))}")
        return f"the account {excerpt(str(said['friendly_name']))} is active; {sends}"


CONNECTOR = Connector(TWILIO, TwilioClient, TwilioClient)


def base_url_of(settings: ConnectionSettings) -> str:
    """Where the service lies, without a slash at its end."""
    return (settings.base_url or _BASE_URL).rstrip("/")


def _codes(settings: ConnectionSettings) -> Mapping[str, Verdict]:
    provider = settings.options.get("provider", "twilio")
    if provider not in ERROR_CODES:
        known = " or ".join(ERROR_CODES)
        raise Permanent(
            "not_configured",
            f"the connection {settings.name} of hub.yaml: options.provider must be {known}",
        )
    return ERROR_CODES[provider]


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


def _callback(settings: ConnectionSettings, attempt: Attempt) -> dict[str, str]:
    """Where to tell what became of it: with the step, as the answer with the SID may be lost.

    What is told is about people, so it is asked for by https alone.
    """
    path = settings.options.get("status_callback")
    if not path or not settings.public_url.startswith("https://"):
        return {}
    step = urlencode({"run": str(attempt.run_id), "step": attempt.path})
    return {"status_callback": f"{settings.public_url}{path}{'&' if '?' in path else '?'}{step}"}


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
    texted_input="to",
)
def send_sms(
    twilio: TwilioClient,
    attempt: Attempt,
    clock: Clock,
    *,
    to: Phone,
    text: str,
    from_: Phone | None = None,
) -> Sent:
    """Send a text message."""
    check_number(to)
    return Sent(twilio.send(attempt, to=to, text=text, from_=from_, now=clock.now()))


@dataclass(frozen=True)
class Message:
    """A message as the provider has it: what `twilio.record_status` takes."""

    sid: str
    status: str
    provider: Literal["twilio", "signalwire"]
    to: str | None = None
    error_code: str | None = None


@action(
    "twilio.get_message",
    effect="read",
    errors=("not_found", "unauthorized", "not_configured", "address_not_allowed"),
    example={"sid": "SM1", "status": "delivered", "provider": "twilio", "to": "+12025550147"},
    outward=True,
    reads_effects=True,
)
def get_message(twilio: TwilioClient, attempt: Attempt, *, sid: str) -> Message:
    """Ask the provider what became of a text message."""
    provider, found = twilio.read(attempt, sid)
    code = found.get("error_code")
    return Message(
        sid=sid,
        status=str(found["status"]),
        provider="signalwire" if provider == "signalwire" else "twilio",
        to=_number(found.get("to")),
        error_code=None if code in {None, ""} else str(code),
    )


def _number(written: Any) -> str | None:
    try:
        return normalise_phone(str(written))
    except ValueError:
        return None
