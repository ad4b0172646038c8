"""What Vapi takes as the answer to the few messages that want one (`wire-formats`, section 1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ASSISTANT_REQUEST = "assistant-request"
PREDIAL = "campaign.predial"
TAKES_ERROR = frozenset(
    {ASSISTANT_REQUEST, "transfer-destination-request", "handoff-destination-request"}
)
ANSWERED = TAKES_ERROR | {PREDIAL, "knowledge-base-request"}

_TEXT, _OBJECT = "a text", "an object"
_ASSISTANTS = {
    "assistantId": _TEXT,
    "assistant": _OBJECT,
    "squadId": _TEXT,
    "squad": _OBJECT,
    "workflowId": _TEXT,
    "workflow": _OBJECT,
}
_DESTINATION = {"destination": _OBJECT}
_WANTED: Mapping[str, Mapping[str, str]] = {
    ASSISTANT_REQUEST: {**_ASSISTANTS, **_DESTINATION},
    "transfer-destination-request": _DESTINATION,
    "handoff-destination-request": _DESTINATION,
}


def why_not_taken(kind: str, value: Any) -> str | None:
    """Why Vapi would not use this answer to a message of this kind; nothing when it would."""
    if not isinstance(value, dict):
        return "the answer is no JSON object"
    if kind == PREDIAL:
        is_said = isinstance(value.get("eligible"), bool)
        return None if is_said else "`eligible` must be true or false, and nothing else"
    return _why_nowhere(kind, value) if kind in TAKES_ERROR else None


def _why_nowhere(kind: str, value: Mapping[str, Any]) -> str | None:
    """Why Vapi does not know where the call goes; `error` is above all else."""
    if "error" in value:
        return None if _is(value["error"], _TEXT) else "`error` must be a text: it is spoken"
    wanted = _WANTED[kind]
    wrong = [name for name in wanted if name in value and not _is(value[name], wanted[name])]
    if wrong:
        return f"`{wrong[0]}` must be {wanted[wrong[0]]}"
    if not any(name in value for name in wanted):
        return f"nothing in it says where the call goes: {', '.join(wanted)} or error"
    return _without_type(value.get("destination"), kind)


def _without_type(destination: Any, kind: str) -> str | None:
    if destination is None or kind == ASSISTANT_REQUEST or _is(destination.get("type"), _TEXT):
        return None
    return "`destination.type` must say what it is: number, sip, assistant"


def _is(value: Any, shape: str) -> bool:
    if shape == _TEXT:
        return isinstance(value, str) and bool(value.strip())
    return isinstance(value, dict) and bool(value)
