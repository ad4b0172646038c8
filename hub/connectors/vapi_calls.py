"""What a call of Vapi is to a workflow: its state, and the booking its analysis found. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hub.errors import Transient

# Vapi's states that are none of ours: before it rings, and while it is passed on.
_STATUSES: Mapping[str, Literal["queued", "ringing", "in-progress", "ended"]] = {
    "scheduled": "queued",
    "queued": "queued",
    "ringing": "ringing",
    "in-progress": "in-progress",
    "forwarding": "in-progress",
    "ended": "ended",
    "not-found": "ended",
    "deletion-failed": "ended",
}


CallOutcome = Literal["confirmed", "declined", "unreached", "unclear"]

# Ends of a call in which nobody agreed to anything, whatever the analysis lacks.
_UNREACHED = frozenset(
    {
        "customer-busy",
        "customer-did-not-answer",
        "voicemail",
        "twilio-failed-to-connect-call",
        "twilio-reported-customer-misdialed",
    }
)
_NEVER_BEGAN = ("worker-not-available", "concurrency-limit-reached")


@dataclass(frozen=True)
class CallState:
    """How a call went, as far as it has gone; the booking is what its analysis found.

    `outcome` is `unclear` until the call is over, and as long as its analysis says neither yes nor
    no: it can lag the call, and a missing answer is no refusal (X15).
    """

    status: Literal["queued", "ringing", "in-progress", "ended"]
    booking_confirmed: bool
    outcome: CallOutcome
    confirmed_date: str | None = None
    confirmed_time: str | None = None
    confirmation_number: str | None = None
    transcript: str | None = None
    ended_reason: str | None = None


def state_of(call: Mapping[str, Any]) -> CallState:
    """The state in our words; raises `Transient("unavailable")` for one that Vapi does not have."""
    status = _STATUSES.get(str(call.get("status")))
    if status is None:
        raise Transient("unavailable", "Vapi told of a call without a state that is known")
    found = _results(call)
    artifact = call.get("artifact")
    written = artifact.get("transcript") if isinstance(artifact, dict) else None
    reason = _text(call.get("endedReason"))
    return CallState(
        status=status,
        booking_confirmed=found.get("booking_confirmed") is True,
        outcome=_outcome(status, found.get("booking_confirmed"), reason),
        confirmed_date=_text(found.get("confirmed_date")),
        confirmed_time=_text(found.get("confirmed_time")),
        confirmation_number=_text(found.get("confirmation_number")),
        transcript=_text(written) or _text(call.get("transcript")),
        ended_reason=reason,
    )


def _outcome(status: str, is_confirmed: Any, reason: str | None) -> CallOutcome:
    if status != "ended":
        return "unclear"
    if isinstance(is_confirmed, bool):
        return "confirmed" if is_confirmed else "declined"
    never = reason is not None and (reason in _UNREACHED or reason.endswith(_NEVER_BEGAN))
    return "unreached" if never else "unclear"


def _results(call: Mapping[str, Any]) -> dict[str, Any]:
    """What the analysis found: the old `structuredData`, and over it the new outputs."""
    analysis, artifact = call.get("analysis"), call.get("artifact")
    old = analysis.get("structuredData") if isinstance(analysis, dict) else None
    outputs = artifact.get("structuredOutputs") if isinstance(artifact, dict) else None
    found: dict[str, Any] = dict(old) if isinstance(old, dict) else {}
    for output in outputs.values() if isinstance(outputs, dict) else ():
        result = output.get("result") if isinstance(output, dict) else None
        if isinstance(result, dict):
            found.update(result)
        elif result is not None and isinstance(output.get("name"), str):
            found[output["name"]] = result
    return found


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
