"""Asking Vapi about calls: `vapi.get_call` and `vapi.find_call`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hub.action import Attempt, action
from hub.connectors.vapi import VapiClient
from hub.connectors.vapi_calls import CallState, state_of

__all__ = ["CallFound", "CallState", "find_call", "get_call"]


@action(
    "vapi.get_call",
    effect="read",
    example={
        "status": "ended",
        "booking_confirmed": True,
        "outcome": "confirmed",
        "confirmed_date": "Friday, December 12",
        "confirmed_time": "9:00",
        "confirmation_number": "C-1",
    },
    errors=("not_found", "not_configured", "address_not_allowed"),
    outward=True,
    reads_effects=True,
)
def get_call(vapi: VapiClient, attempt: Attempt, *, call_id: str) -> CallState:
    """Read the state of a call."""
    return state_of(vapi.read(attempt, call_id))


@dataclass(frozen=True)
class CallFound:
    """The call, if there is one."""

    found: bool
    call_id: str | None = None


@action(
    "vapi.find_call",
    effect="read",
    example={"found": True, "call_id": "call_1"},
    errors=("not_configured", "address_not_allowed"),
    outward=True,
    reads_effects=True,
)
def find_call(vapi: VapiClient, attempt: Attempt, *, run_id: str, since: datetime) -> CallFound:
    """Look for the call that a run started, where its answer was lost."""
    call_id = vapi.find({"hub_run": run_id}, since=since, timeout=attempt.timeout)
    return CallFound(found=call_id is not None, call_id=call_id)
