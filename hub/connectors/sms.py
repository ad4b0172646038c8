"""Text messages: sent and asked for, at Twilio and services that speak its language."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from importlib import import_module
from typing import Any, Literal

from hub.action import Attempt, Clock, action
from hub.connectors.connections import (
    CHECK_TIME,
    ConnectionSettings,
    Connector,
    configured,
    told_by,
)
from hub.connectors.http import Http, excerpt
from hub.connectors.sms_lookup import find_sent, read_sent
from hub.connectors.sms_numbers import check_number, number_of
from hub.connectors.sms_settings import TWILIO, base_url_of, callback_of, codes_of, sender_of
from hub.errors import Permanent, StepFailed, Transient
from hub.signature import Phone

__all__ = ["Message", "Sent", "TwilioClient", "get_message", "send_sms"]

_SENDING = 0.7  # of an attempt's time; the rest is for looking whether it was sent
_CLOCKS_DIFFER = timedelta(minutes=1)  # at most, the service's and ours
_EARLIER = timedelta(days=1)  # an attempt whose outcome is in doubt is not older


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
        codes = codes_of(settings)
        sender = sender_of(settings, from_ or settings.options.get("from"))
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
            asked = {**message, **callback_of(settings, attempt)}
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
        codes_of(settings)
        place = base_url_of(settings)
        found = read_sent(self._http, settings, sid, base_url=place, timeout=attempt.timeout)
        return settings.options.get("provider", "twilio"), found

    def check(self) -> str:
        """Whose account it is and its state; raises `StepFailed`.

        An API key may not read the account, so with one the list of messages is asked for.
        """
        settings = configured(self._settings, TWILIO)
        codes_of(settings)
        account, key = settings.credentials["account_sid"], settings.credentials.get("api_key_sid")
        place = f"{base_url_of(settings)}/2010-04-01/Accounts/{account}"
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


@dataclass(frozen=True)
class Sent:
    """`sid` is the provider's id of the message."""

    sid: str


@action(
    "twilio.send_sms",
    effect="once",
    example={"sid": "SM1"},
    example_id="SM1",
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
        to=number_of(found.get("to")),
        error_code=None if code in {None, ""} else str(code),
    )
