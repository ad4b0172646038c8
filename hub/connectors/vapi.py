"""Calls of a voice agent by Vapi's REST API: the client, and `vapi.start_call`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

from hub.action import Attempt, Clock, action
from hub.connectors.connections import (
    CHECK_TIME,
    ConnectionSettings,
    Connector,
    configured,
    told_by,
)
from hub.connectors.http import Http, HttpAnswer
from hub.connectors.vapi_lookup import find_started
from hub.connectors.vapi_settings import BASE_URL, VAPI, assistant_id
from hub.errors import Permanent, StepFailed, Transient
from hub.signature import Phone

__all__ = ["CallIdentity", "VapiClient", "start_call"]

_MADE = 201
_CALLING = 0.7  # of an attempt's time; the rest is for looking whether it was started
_CLOCKS_DIFFER = timedelta(minutes=1)  # at most, the service's and ours
_EARLIER = timedelta(days=1)  # an attempt whose outcome is in doubt is not older


class VapiClient:
    """One organisation at Vapi; without settings every use says what to set."""

    def __init__(self, settings: ConnectionSettings | None, http: Http) -> None:
        self._settings = settings
        self._http = http

    def start(
        self, attempt: Attempt, call: Mapping[str, Any], *, assistant: str, now: datetime
    ) -> str:
        """Start a call and give back its id; raises `StepFailed`.

        Vapi takes no key of ours, so the run and the step stand in the call's metadata: a call that
        may have been started is looked for before anybody thinks of dialling again (X15). What is
        not found stays `maybe_done`.
        """
        settings = configured(self._settings, VAPI)
        marks = {"hub_run": str(attempt.run_id), "hub_step": attempt.key}
        find = partial(self.find, marks, timeout=attempt.timeout * (1 - _CALLING))
        if attempt.may_be_done and (known := find(since=now - _EARLIER)) is not None:
            return known
        try:
            answer = self._request(
                "POST",
                "call",
                timeout=attempt.timeout * _CALLING,
                json={
                    **call,
                    "assistantId": assistant_id(settings, assistant),
                    "phoneNumberId": settings.options["phone_number_id"],
                    "assistantOverrides": {**call["assistantOverrides"], "metadata": marks},
                },
            )
            return _started(answer)
        except Transient as unclear:
            found = None
            if unclear.maybe_done:
                with suppress(StepFailed):  # then it stays unclear
                    found = find(since=now - _CLOCKS_DIFFER)
            if found is None:
                raise
            return found

    def find(self, marks: Mapping[str, str], *, since: datetime, timeout: timedelta) -> str | None:
        """The id of the call with these marks, made since then; raises `StepFailed`."""
        settings = configured(self._settings, VAPI)

        def ask(query: Mapping[str, Any]) -> Any:
            return self._request("GET", "call", timeout=timeout, query=query).json

        number = settings.options["phone_number_id"]
        return find_started(ask, marks, phone_number_id=number, since=since)

    def read(self, attempt: Attempt, call_id: str) -> dict[str, Any]:
        """The call as Vapi knows it; raises `StepFailed`."""
        return _object(
            self._request("GET", f"call/{quote(call_id, safe='')}", timeout=attempt.timeout)
        )

    def check(self) -> str:
        """Whether Vapi knows the key and the number that calls; raises `StepFailed`."""
        settings = configured(self._settings, VAPI)
        number = settings.options["phone_number_id"]
        try:
            answer = self._request("GET", f"phone-number/{quote(number, safe='')}")
        except Permanent as refused:
            if refused.code != "not_found":
                raise
            raise Permanent(
                "not_found", f"Vapi takes the key, but options.phone_number_id {number} is none"
            ) from refused
        found = told_by("Vapi", answer.json, "id")
        return f"Vapi takes the key; calls come from {found.get('number') or number}"

    def _request(
        self,
        method: str,
        path: str,
        *,
        timeout: timedelta = CHECK_TIME,
        **parts: Any,
    ) -> HttpAnswer:
        settings = configured(self._settings, VAPI)
        return self._http.request(
            method,
            f"{(settings.base_url or BASE_URL).rstrip('/')}/{path}",
            headers={"Authorization": f"Bearer {settings.credentials['api_key']}"},
            timeout=timeout,
            **parts,
        )


CONNECTOR = Connector(VAPI, VapiClient, VapiClient)


def _started(answer: HttpAnswer) -> str:
    """The call's id. A 201 alone is no success: with all lines busy Vapi makes a call that ended.

    Nobody was called then, so the step may be tried again.
    """
    said = answer.json if isinstance(answer.json, dict) else {}
    limits = said.get("subscriptionLimits")
    if isinstance(limits, dict) and limits.get("concurrencyBlocked") is True:
        raise Transient("lines_busy", "Vapi: all lines are busy, the call did not start")
    call_id = said.get("id")
    if answer.status != _MADE or not isinstance(call_id, str) or not call_id:
        raise Transient(
            "unavailable",
            "Vapi gave an answer that is not its own",
            maybe_done=True,
            status=answer.status,
        )
    return call_id


def _object(answer: HttpAnswer) -> dict[str, Any]:
    if not isinstance(answer.json, dict):
        raise Transient("unavailable", "Vapi gave an answer that is not its own")
    return answer.json


@dataclass(frozen=True)
class CallIdentity:
    """Which call is meant."""

    call_id: str


@action(
    "vapi.start_call",
    effect="once",
    example={"call_id": "call_1"},
    example_id="call_1",
    errors=("lines_busy", "not_configured", "not_found", "address_not_allowed"),
    outward=True,
    destination_inputs={"to": "phone"},
)
def start_call(
    vapi: VapiClient,
    attempt: Attempt,
    clock: Clock,
    *,
    to: Phone,
    assistant: str,
    first_message: str | None = None,
    variables: dict[str, str] | None = None,
) -> CallIdentity:
    """Start an outbound call."""
    overrides: dict[str, Any] = {"variableValues": variables or {}}
    if first_message is not None:
        overrides["firstMessage"] = first_message
    call = {"customer": {"number": to}, "assistantOverrides": overrides}
    return CallIdentity(vapi.start(attempt, call, assistant=assistant, now=clock.now()))
