"""Dialect `calcom`: booking events of Cal.com, in one flat shape for all of its triggers.

Most events come as `{triggerEvent, createdAt, payload}`; meetings come flat. `start` and `end` are
the booking's times, of a reschedule the old ones, with the new ones beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.ingest.body import Body
from hub.ingest.dialects.contract import (
    FORM_TYPE,
    JSON_TYPE,
    NOTHING,
    Beside,
    Call,
    Dialect,
    Unpacked,
    text_at,
)
from hub.ingest.secret_places import without_secrets

_SECRET_PLACES = (
    "videoCallData.password",
    "downloadLink",
    "downloadLinks",
    "oneTimePassword",
)
# The questions that Cal.com's own form asks: never ids of ours.
_FORM_FIELDS = {
    "attendeePhoneNumber",
    "email",
    "guests",
    "location",
    "name",
    "notes",
    "rescheduleReason",
    "smsReminderNumber",
    "title",
}


class Calcom(Dialect):
    """Webhooks of Cal.com."""

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:  # noqa: ARG002
        """One run for each event; a template without trigger and a test delivery make none."""
        trigger = text_at(body.value, "triggerEvent")
        if trigger is None:
            return Unpacked(ignored="no triggerEvent", when_refused="record")
        if trigger == "PING":
            return Unpacked(ignored="test delivery", when_refused="record")
        inner = body.value.get("payload")
        booking = without_secrets(inner if isinstance(inner, dict) else body.value, _SECRET_PLACES)
        payload = _payload(trigger, booking, text_at(body.value, "createdAt"))
        return Unpacked(
            calls=(Call(payload, key=_key(payload, booking)),),
            when_refused="record",
            kind=trigger,
            is_mended=bool(body.faults),
        )


def _payload(trigger: str, booking: Mapping[str, Any], created_at: str | None) -> dict[str, Any]:
    own = {
        "trigger": trigger,
        "booking_uid": text_at(booking, "uid") or text_at(booking, "bookingUid"),
        "created_at": created_at,
        "no_show": _no_show(trigger, booking),
        **_times(trigger, booking),
    }
    return {**_ids(booking), **{name: value for name, value in own.items() if value is not None}}


def _times(trigger: str, booking: Mapping[str, Any]) -> dict[str, str | None]:
    start, end = text_at(booking, "startTime"), text_at(booking, "endTime")
    if trigger != "BOOKING_RESCHEDULED":
        return {"start": start, "end": end}
    return {
        "old_booking_uid": text_at(booking, "rescheduleUid"),
        "start": text_at(booking, "rescheduleStartTime"),
        "end": text_at(booking, "rescheduleEndTime"),
        "new_start": start,
        "new_end": end,
    }


def _no_show(trigger: str, booking: Mapping[str, Any]) -> bool | None:
    """Only where the event is about it: in others the attendees' marks say nothing yet."""
    if trigger == "AFTER_GUESTS_CAL_VIDEO_NO_SHOW":
        return True
    if trigger != "BOOKING_NO_SHOW_UPDATED":
        return None
    attendees = booking.get("attendees")
    marked = attendees if isinstance(attendees, list) else []
    return any(isinstance(each, dict) and each.get("noShow") is True for each in marked)


def _ids(booking: Mapping[str, Any]) -> dict[str, Any]:
    """What we put into the booking ourselves: its metadata and the hidden fields of its form."""
    metadata, responses = booking.get("metadata"), booking.get("responses")
    found = {
        name: value
        for name, value in (metadata.items() if isinstance(metadata, dict) else ())
        if isinstance(value, str | int | float)
    }
    for name, response in responses.items() if isinstance(responses, dict) else ():
        if isinstance(response, dict) and _is_hidden(name, response):
            value = response.get("value")
            if isinstance(value, str | int | float):
                found[name] = value
    return found


def _is_hidden(name: str, response: Mapping[str, Any]) -> bool:
    """Cancellations do not say `isHidden`: then every field that is not Cal.com's own counts."""
    return bool(response.get("isHidden", name not in _FORM_FIELDS))


def _key(payload: Mapping[str, Any], booking: Mapping[str, Any]) -> str | None:
    """Trigger, booking and its sequence; events without one are told apart by their own time."""
    uid = payload.get("booking_uid")
    if uid is None:
        return None
    sequence = booking.get("iCalSequence")
    if isinstance(sequence, int):
        return f"{payload['trigger']}/{uid}/{sequence}"
    mark = f"{payload.get('no_show', '')}".lower()
    return f"{payload['trigger']}/{uid}/{mark}/{payload.get('created_at', '')}"


CALCOM = Calcom(
    name="calcom",
    default_auth="calcom",
    media_types=(JSON_TYPE, FORM_TYPE),  # a template that is no JSON comes as a form: recorded
    names_messages=True,
    payload_names=(
        "trigger",
        "booking_uid",
        "old_booking_uid",
        "start",
        "end",
        "new_start",
        "new_end",
        "no_show",
        "created_at",
    ),
    secret_places=_SECRET_PLACES,
)
