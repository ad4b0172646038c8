"""Dialect `hubspot`: changes of objects in HubSpot, up to a hundred in one request.

A change that is sent again has the same ids and a higher `attemptNumber`, maybe among others.
HubSpot does not promise that an `eventId` is its own alone, so its key says more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.ingest.body import Body
from hub.ingest.dialects.contract import NOTHING, Beside, Call, Dialect, Unpacked, text_at
from hub.ingest.dialects.members import id_at, moment_at, present

MOST_CHANGES = 100
_OUTCOME = "hs_meeting_outcome"
_OUTCOMES = {
    "COMPLETED": "showed",
    "NO_SHOW": "no_show",
    "CANCELED": "cancelled",
    "CANCELLED": "cancelled",
    "RESCHEDULED": "rescheduled",
}


class HubSpot(Dialect):
    """Webhooks of HubSpot's apps."""

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:  # noqa: ARG002
        """One run for each change; a body that is no list of them makes none."""
        changes = body.value
        if not isinstance(changes, list) or not changes:
            return Unpacked(ignored="no list of changes", when_refused="record")
        if len(changes) > MOST_CHANGES:
            reason = f"more than {MOST_CHANGES} changes, which HubSpot never sends"
            return Unpacked(ignored=reason, when_refused="record")
        return Unpacked(
            calls=tuple(_call(change) for change in changes),
            when_refused="record",
            is_mended=bool(body.faults),
        )


def _call(change: Any) -> Call:
    kind = text_at(change, "subscriptionType")
    if kind is None:
        return Call(refusal="This change has no subscriptionType.")
    payload = {
        "type": kind,
        "id": id_at(change, "eventId"),
        "object_id": id_at(change, "objectId"),
        "property": text_at(change, "propertyName"),
        "value": change.get("propertyValue"),
        "outcome": _outcome(change),
        "occurred_at": moment_at(change, "occurredAt", per_second=1000),
        "portal_id": id_at(change, "portalId"),
        "subscription_id": id_at(change, "subscriptionId"),
        "change_source": text_at(change, "changeSource"),
    }
    return Call(present(payload), id=payload["id"], key=_key(change, payload))


def _outcome(change: Mapping[str, Any]) -> str | None:
    """What became of a meeting, in the hub's words; that it is planned is no outcome."""
    if text_at(change, "propertyName") != _OUTCOME:
        return None
    return _OUTCOMES.get(text_at(change, "propertyValue") or "")


def _key(change: Mapping[str, Any], payload: Mapping[str, Any]) -> str | None:
    if payload["id"] is None:
        return None
    parts = [payload[name] or "" for name in ("portal_id", "subscription_id", "id", "object_id")]
    return "/".join([*parts, id_at(change, "occurredAt") or ""])


HUBSPOT = HubSpot(
    name="hubspot",
    default_auth="hubspot",
    names_messages=True,
    payload_names=("type",),
)
