"""Dialect `calendly`: booking events of Calendly, in the flat shape of `calcom`.

A booking that is moved is told by two events, in either order: the old one cancelled with
`rescheduled` and `new_invitee`, the new one created with `old_invitee`. Here both are
`invitee.rescheduled`, with the same `reschedule_id` and the same uids; the first knows `start`, the
second `new_start`. That an invitee has an old one is no move: it keeps that mark all its life.

Calendly ends a subscription after a day of failures: whatever is authentic is answered with 200.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from hub.ingest.body import Body
from hub.ingest.dialects.contract import NOTHING, Beside, Call, Dialect, Unpacked, text_at
from hub.ingest.dialects.members import object_at, present

MOVED = "invitee.rescheduled"
_CREATED, _CANCELED = "invitee.created", "invitee.canceled"
_NO_SHOWS = {"invitee_no_show.created": True, "invitee_no_show.deleted": False}


class Calendly(Dialect):
    """Webhooks of Calendly."""

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:  # noqa: ARG002
        """One run for each event; a body that is no event with a payload makes none."""
        event = text_at(body.value, "event")
        told = object_at(body.value, "payload")
        if event is None or not told:
            return Unpacked(ignored="no event of Calendly with a payload", when_refused="record")
        payload = _payload(event, told, text_at(body.value, "created_at"))
        return Unpacked(
            calls=(Call(payload, key=_key(event, told)),),
            when_refused="record",
            kind=event,
            is_mended=bool(body.faults),
        )


def _payload(event: str, told: Mapping[str, Any], created_at: str | None) -> dict[str, Any]:
    booking = object_at(told, "scheduled_event")
    if not booking:  # a form, an event type: nothing is booked
        return present({"trigger": event, "created_at": created_at, "data": dict(told)})
    own = {
        "trigger": event,
        "event": event,
        "booking_uid": text_at(told, "uri"),
        "event_uid": text_at(booking, "uri"),
        "event_type": text_at(booking, "event_type"),
        "title": text_at(booking, "name"),
        "start": text_at(booking, "start_time"),
        "end": text_at(booking, "end_time"),
        "no_show": _NO_SHOWS.get(event),
        "created_at": created_at,
        **_person(told, booking),
        **_cancellation(told),
    }
    return present({**_tracking(told), **own, **_move(event, told, booking)})


def _move(event: str, told: Mapping[str, Any], booking: Mapping[str, Any]) -> dict[str, Any]:
    """What one half of a move says of all of it; of other events nothing."""
    start, end = text_at(booking, "start_time"), text_at(booking, "end_time")
    if event == _CREATED and text_at(told, "old_invitee"):
        old, new = text_at(told, "old_invitee"), text_at(told, "uri")
        times = {"start": None, "end": None, "new_start": start, "new_end": end}
    elif event == _CANCELED and (told.get("rescheduled") is True or text_at(told, "new_invitee")):
        old, new = text_at(told, "uri"), text_at(told, "new_invitee")
        times = {"start": start, "end": end}
    else:
        return {}
    return {
        "trigger": MOVED,
        "booking_uid": new,
        "old_booking_uid": old,
        "reschedule_id": f"{_last(old)}/{_last(new)}" if old and new else None,
        **times,
    }


def _last(uri: str) -> str:
    return uri.rstrip("/").rpartition("/")[2]


def _person(told: Mapping[str, Any], booking: Mapping[str, Any]) -> dict[str, Any]:
    """Who booked; the number is in one of three places, written for people."""
    place = object_at(booking, "location")
    called = text_at(place, "location") if place.get("type") == "outbound_call" else None
    return {
        "name": text_at(told, "name"),
        "email": text_at(told, "email"),
        "phone": text_at(told, "text_reminder_number") or called,
        "timezone": text_at(told, "timezone"),
        "answers": _answers(told.get("questions_and_answers")),
        "cancel_url": text_at(told, "cancel_url"),
        "reschedule_url": text_at(told, "reschedule_url"),
    }


def _answers(asked: Any) -> list[dict[str, Any]] | None:
    """What the form of the booking asked, in its order."""
    found = [
        {"question": text_at(each, "question"), "answer": text_at(each, "answer") or ""}
        for each in (asked if isinstance(asked, list) else ())
        if text_at(each, "question")
    ]
    return found or None


def _cancellation(told: Mapping[str, Any]) -> dict[str, Any]:
    cancelled = object_at(told, "cancellation")
    return {
        "cancelled_by": text_at(cancelled, "canceler_type"),
        "cancel_reason": text_at(cancelled, "reason"),
    }


def _tracking(told: Mapping[str, Any]) -> dict[str, Any]:
    """What our link carried. Of these texts a link can only be told by us: no other id is ours."""
    found = {
        name: text_at(told, "tracking", name)
        for name in object_at(told, "tracking")
        if name.startswith("utm_") or name == "salesforce_uuid"
    }
    content = found.get("utm_content")
    return {**found, "lead_id": content if content and _is_uuid(content) else None}


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def _key(event: str, told: Mapping[str, Any]) -> str | None:
    """An invitee is created and cancelled once; what can happen again is told apart by its time."""
    uri = text_at(told, "uri")
    if uri is None:
        return None
    if event in {_CREATED, _CANCELED}:
        return f"{event}/{uri}"
    mark = text_at(told, "no_show", "uri") or ""
    return f"{event}/{uri}/{mark}/{text_at(told, 'updated_at') or ''}"


CALENDLY = Calendly(
    name="calendly",
    default_auth="calendly",
    names_messages=True,
    payload_names=(
        "trigger",
        "booking_uid",
        "old_booking_uid",
        "reschedule_id",
        "start",
        "end",
        "new_start",
        "new_end",
        "no_show",
        "created_at",
        "lead_id",
    ),
)
