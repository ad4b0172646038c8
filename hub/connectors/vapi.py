"""Calls of a voice agent: `vapi.start_call` and `vapi.get_call`, by Vapi's REST API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

from hub.action import Attempt, action
from hub.connectors.connections import (
    CHECK_TIME,
    ConnectionSettings,
    ConnectionType,
    Connector,
    Field,
    configured,
    told_by,
)
from hub.connectors.http import Http, HttpAnswer
from hub.connectors.vapi_calls import CallState, state_of
from hub.errors import Permanent, Transient
from hub.signature import Phone

__all__ = ["CallIdentity", "CallState", "VapiClient", "get_call", "start_call"]

_BASE_URL = "https://api.vapi.ai"
_MADE = 201

VAPI = ConnectionType(
    name="vapi",
    title="Vapi, voice agents that call",
    actions=("vapi.start_call", "vapi.get_call"),
    credentials=(Field("api_key", "private API key"),),
    options=(
        Field("phone_number_id", "id of the number that calls"),
        Field(
            "assistants",
            "names for ids of assistants: booking=2bec425c-…, reminder=…",
            required=False,
        ),
    ),
    base_url=Field("base_url", "default https://api.vapi.ai", required=False),
)


class VapiClient:
    """One organisation at Vapi; without settings every use says what to set."""

    def __init__(self, settings: ConnectionSettings | None, http: Http) -> None:
        self._settings = settings
        self._http = http

    def start(self, attempt: Attempt, call: Mapping[str, Any], *, assistant: str) -> str:
        """Start a call and give back its id; raises `StepFailed`.

        Vapi takes no key of ours: whatever leaves open whether it rings is `maybe_done`. The run
        and the step stand in the call's metadata, where a person finds them.
        """
        settings = configured(self._settings, VAPI)
        overrides = {
            **call["assistantOverrides"],
            "metadata": {"hub_run": str(attempt.run_id), "hub_step": attempt.key},
        }
        answer = self._request(
            "POST",
            "call",
            attempt,
            json={
                **call,
                "assistantId": _assistant_id(settings, assistant),
                "phoneNumberId": settings.options["phone_number_id"],
                "assistantOverrides": overrides,
            },
        )
        return _started(answer)

    def read(self, attempt: Attempt, call_id: str) -> dict[str, Any]:
        """The call as Vapi knows it; raises `StepFailed`."""
        return _object(self._request("GET", f"call/{quote(call_id, safe='')}", attempt))

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
        self, method: str, path: str, attempt: Attempt | None = None, *, json: Any = None
    ) -> HttpAnswer:
        settings = configured(self._settings, VAPI)
        return self._http.request(
            method,
            f"{(settings.base_url or _BASE_URL).rstrip('/')}/{path}",
            headers={"Authorization": f"Bearer {settings.credentials['api_key']}"},
            json=json,
            timeout=attempt.timeout if attempt else CHECK_TIME,
        )


CONNECTOR = Connector(VAPI, VapiClient, VapiClient)


def _assistant_id(settings: ConnectionSettings, assistant: str) -> str:
    """The id that stands for a name in hub.yaml, or the id itself; raises `Permanent`."""
    pairs = (each.split("=", 1) for each in settings.options.get("assistants", "").split(","))
    known = {pair[0].strip(): pair[1].strip() for pair in pairs if len(pair) > 1}
    if assistant in known:
        return known[assistant]
    try:
        return str(UUID(assistant))
    except ValueError:
        raise Permanent(
            "not_configured",
            f"the assistant {assistant[:60]} is no id, and options.assistants of the connection"
            f" {settings.name} does not name it",
        ) from None


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
    errors=("lines_busy", "not_configured", "not_found", "address_not_allowed"),
    outward=True,
    destination_inputs={"to": "phone"},
)
def start_call(
    vapi: VapiClient,
    attempt: Attempt,
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
    return CallIdentity(vapi.start(attempt, call, assistant=assistant))


@action(
    "vapi.get_call",
    effect="read",
    example={"status": "ended", "booking_confirmed": True, "confirmation_number": "C-1"},
    errors=("not_found", "not_configured", "address_not_allowed"),
    outward=True,
    reads_effects=True,
)
def get_call(vapi: VapiClient, attempt: Attempt, *, call_id: str) -> CallState:
    """Read the state of a call."""
    return state_of(vapi.read(attempt, call_id))
