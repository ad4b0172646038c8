"""Google Calendar: the actions that create, move and delete an event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

from hub.action import Attempt, action
from hub.connectors.google.client import CALENDAR, Calls, GoogleClient, segment
from hub.errors import Permanent, StepFailed
from hub.signature import Email
from hub.values import format_instant
from hub.values import zone as zone_named

__all__ = ["create_event", "delete_event", "move_event"]

Notify = Literal["all", "externalOnly", "none"]

_NOT_FOUND, _CONFLICT, _GONE = 404, 409, 410
_ERRORS = ("not_found", "not_configured", "address_not_allowed")
_EVENT = {"event_id": "4bq1e6f2", "link": "https://www.google.com/calendar/event?eid=NGJx"}


@dataclass(frozen=True)
class Event:
    """`event_id` names the event in its calendar; `link` opens it in a browser."""

    event_id: str
    link: str | None = None


@action(
    "google_calendar.create_event",
    effect="keyed",
    example=_EVENT,
    errors=(*_ERRORS, "event_deleted"),
    outward=True,
    destination_inputs={"calendar": "email", "attendees": "email"},
)
def create_event(
    google: GoogleClient,
    attempt: Attempt,
    *,
    calendar: str,
    title: str,
    start: datetime,
    end: datetime,
    zone: str | None = None,
    description: str | None = None,
    location: str | None = None,
    attendees: list[Email] | None = None,
    notify: Notify = "none",
) -> Event:
    """Create an event, once for all attempts of the step."""
    calls = google.calls(CALENDAR, attempt.timeout)
    events = f"/calendars/{segment(calendar, 'calendar')}/events"
    # Made by the client, so that a repeat meets the first try: [a-v0-9], unique in its calendar.
    event_id = sha256(attempt.key.encode()).hexdigest()
    event = {
        "id": event_id,
        "summary": title,
        "description": description,
        "location": location,
        "attendees": [{"email": each} for each in attendees] if attendees else None,
        **_times(start, end, zone),
    }
    said = {name: value for name, value in event.items() if value is not None}
    try:
        made = calls.write("POST", events, query={"sendUpdates": notify}, json=said)
    except Permanent as refused:
        if refused.status != _CONFLICT:
            raise
        made = _made_before(calls, f"{events}/{event_id}")
    return _event(calls, made)


@action(
    "google_calendar.move_event",
    effect="idempotent",
    example=_EVENT,
    errors=(*_ERRORS, "event_deleted"),
    outward=True,
    destination_inputs={"calendar": "email"},
)
def move_event(
    google: GoogleClient,
    attempt: Attempt,
    *,
    calendar: str,
    event_id: str,
    start: datetime,
    end: datetime,
    zone: str | None = None,
    notify: Notify = "none",
) -> Event:
    """Give an event another time; everything else of it stays."""
    calls = google.calls(CALENDAR, attempt.timeout)
    times = {name: {**value, "date": None} for name, value in _times(start, end, zone).items()}
    path = _event_path(calendar, event_id)
    moved = calls.write("PATCH", path, query={"sendUpdates": notify}, json=times)
    return _event(calls, _living(moved))


@action(
    "google_calendar.delete_event",
    effect="idempotent",
    example={},
    errors=_ERRORS,
    outward=True,
    destination_inputs={"calendar": "email"},
)
def delete_event(
    google: GoogleClient,
    attempt: Attempt,
    *,
    calendar: str,
    event_id: str,
    notify: Notify = "none",
) -> None:
    """Delete an event; one that is gone already is done."""
    calls = google.calls(CALENDAR, attempt.timeout)
    try:
        path = _event_path(calendar, event_id)
        calls.send("DELETE", path, query={"sendUpdates": notify})
    except Permanent as refused:
        if refused.status == _NOT_FOUND:
            # The same answer as for a calendar that does not exist or is not shared: that one
            # is refused here, or a wrong calendar would look like success.
            events = f"/calendars/{segment(calendar, 'calendar')}/events"
            calls.get(events, query={"maxResults": 1})
        elif refused.status != _GONE:
            raise


def _times(start: datetime, end: datetime, zone: str | None) -> dict[str, dict[str, Any]]:
    if end <= start:
        raise Permanent("invalid_input", "end is not after start")
    try:
        named = {} if zone is None else {"timeZone": zone_named(zone).key}
    except ValueError as unknown:
        raise Permanent("invalid_input", f"zone: {unknown}") from unknown
    return {
        "start": {"dateTime": format_instant(start), **named},
        "end": {"dateTime": format_instant(end), **named},
    }


def _event_path(calendar: str, event_id: str) -> str:
    return f"/calendars/{segment(calendar, 'calendar')}/events/{segment(event_id, 'event_id')}"


def _made_before(calls: Calls, path: str) -> dict[str, Any]:
    """The event of an earlier try. It was made, whatever becomes of this question."""
    try:
        return _living(calls.get(path))
    except StepFailed as failure:
        failure.maybe_done = True
        raise


def _living(event: dict[str, Any]) -> dict[str, Any]:
    if event.get("status") == "cancelled":
        raise Permanent("event_deleted", "the event exists no more: somebody deleted it")
    return event


def _event(calls: Calls, said: Mapping[str, Any]) -> Event:
    if not isinstance(said.get("id"), str):
        raise calls.strange()
    link = said.get("htmlLink")
    return Event(said["id"], link if isinstance(link, str) else None)
