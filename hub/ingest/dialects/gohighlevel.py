"""Dialect `gohighlevel`: appointments and other events of GoHighLevel.

The one calendar that reports both who showed and who did not: in the status of the appointment. Its
examples of an update carry the type of a creation, so go by `status`, not by `trigger`. Its
signature covers no time: an event without an id is told apart by all that it says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from hub.ingest.body import Body
from hub.ingest.dialects.contract import NOTHING, Beside, Call, Dialect, Unpacked, text_at
from hub.ingest.dialects.members import object_at, present

_OURS = {"noshow": "no_show", "canceled": "cancelled"}
_OUTCOMES = {"showed", "no_show", "cancelled"}
_ENVELOPE = {"type", "timestamp", "webhookId", "locationId"}


class GoHighLevel(Dialect):
    """Webhooks of GoHighLevel."""

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:  # noqa: ARG002
        """One run for each event; a body without a type makes none."""
        trigger = text_at(body.value, "type")
        if trigger is None:
            return Unpacked(ignored="no type in the event", when_refused="record")
        envelope = {
            "trigger": trigger,
            "id": text_at(body.value, "webhookId"),
            "created_at": text_at(body.value, "timestamp"),
            "location_id": text_at(body.value, "locationId"),
        }
        appointment = object_at(body.value, "appointment")
        rest = {name: each for name, each in body.value.items() if name not in _ENVELOPE}
        about = _appointment(trigger, appointment) if appointment else {"data": rest}
        return Unpacked(
            calls=(
                Call(present({**envelope, **about}), key=envelope["id"] or _digest(body.value)),
            ),
            when_refused="record",
            kind=trigger,
            is_mended=bool(body.faults),
        )


def _appointment(trigger: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """`outcome` is only there when the appointment has one."""
    said = (text_at(told, "appointmentStatus") or "").lower()
    status = "cancelled" if trigger == "AppointmentDelete" else _OURS.get(said, said)
    return {
        "booking_uid": text_at(told, "id"),
        "contact_id": text_at(told, "contactId"),
        "calendar_id": text_at(told, "calendarId"),
        "title": text_at(told, "title"),
        "status": status,
        "outcome": status if status in _OUTCOMES else None,
        "start": text_at(told, "startTime"),
        "end": text_at(told, "endTime"),
        "updated_at": text_at(told, "dateUpdated"),
    }


def _digest(event: Mapping[str, Any]) -> str:
    return sha256(json.dumps(event, sort_keys=True).encode()).hexdigest()


GOHIGHLEVEL = GoHighLevel(
    name="gohighlevel",
    default_auth="gohighlevel",
    names_messages=True,
    payload_names=("trigger", "id"),
)
