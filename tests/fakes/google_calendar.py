"""Google Calendar v3: events, free and busy times, the list of calendars."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from tests.fakes.google_errors import Refused, json_of, query_of
from tests.fakes.services import Answer, Received

_EVENT = {
    "id", "summary", "description", "location", "attendees", "start", "end", "status",
    "reminders", "extendedProperties", "recurrence", "transparency", "visibility", "colorId",
}  # fmt: skip
_TIME = {"date", "dateTime", "timeZone"}
_FREE_BUSY = {
    "timeMin",
    "timeMax",
    "timeZone",
    "items",
    "groupExpansionMax",
    "calendarExpansionMax",
}
_ID = re.compile(r"[a-v0-9]{5,1024}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")

_NO_PAGE = Answer(404, b"<!DOCTYPE html>Not Found", {"Content-Type": "text/html"})


class Calendars:
    """The calendars that are shared with the account; `events` by calendar and id."""

    def __init__(self) -> None:
        self.events: dict[str, dict[str, dict[str, Any]]] = {}
        self.invited: list[tuple[str, str]] = []
        self.listed: list[str] = []

    def share(self, calendar: str) -> None:
        self.events.setdefault(calendar, {})

    def book(self, calendar: str, start: str, end: str) -> None:
        """Somebody has an appointment."""
        events = self.events[calendar]
        name = f"own{len(events):05}"
        times = {"start": {"dateTime": start}, "end": {"dateTime": end}}
        events[name] = {"id": name, "status": "confirmed", **times}

    def living(self, calendar: str) -> list[dict[str, Any]]:
        return [each for each in self.events[calendar].values() if each["status"] != "cancelled"]

    def answer(self, request: Received, path: str, _: str | None) -> Answer:
        parts = [unquote(part) for part in path.split("/")]
        if len(parts) == 4 and (parts[0], parts[2]) == ("calendars", "events"):
            return self._about_event(request, parts[1], parts[3])
        said: dict[str, Any]
        match request.method, parts:
            case "POST", ["freeBusy"]:
                said = self._free_busy(request)
            case "GET", ["users", "me", "calendarList"]:
                items = [{"kind": "calendar#calendarListEntry", "id": each} for each in self.listed]
                said = {"kind": "calendar#calendarList", "items": items}
            case "POST", ["calendars", calendar, "events"]:
                said = self._insert(request, calendar)
            case "GET", ["calendars", calendar, "events"]:
                query_of(request, {"maxResults", "timeMin", "timeMax", "q", "singleEvents"})
                self._calendar(calendar)
                said = {"kind": "calendar#events", "items": self.living(calendar)}
            case _:
                return _NO_PAGE
        return Answer.of(said)

    def _about_event(self, request: Received, calendar: str, event: str) -> Answer:
        if request.method == "DELETE":
            return self._delete(request, calendar, event)
        if request.method == "PATCH":
            return Answer.of(self._patch(request, calendar, event))
        return Answer.of(self._event(calendar, event)) if request.method == "GET" else _NO_PAGE

    def _insert(self, request: Received, calendar: str) -> dict[str, Any]:
        notify = _notify(request)
        events = self._calendar(calendar)
        said = json_of(request, _EVENT)
        name = said.get("id", f"made{len(events):05}")
        if not isinstance(name, str) or not _ID.fullmatch(name):
            raise Refused(400, "invalid", "Invalid resource id value.")
        _check_event(said)
        if name in events:
            raise Refused(409, "duplicate", "The requested identifier already exists.")
        self._invite(said, notify)
        events[name] = _shown({**said, "id": name, "status": "confirmed"})
        return events[name]

    def _patch(self, request: Received, calendar: str, name: str) -> dict[str, Any]:
        notify = _notify(request)
        event = self._event(calendar, name)
        changed = _merged(event, json_of(request, _EVENT - {"id"}))
        _check_event(changed)
        if event["status"] != "cancelled":
            self._invite(changed, notify)
            self.events[calendar][name] = changed
        return self.events[calendar][name]

    def _delete(self, request: Received, calendar: str, name: str) -> Answer:
        _notify(request)
        event = self._event(calendar, name)
        if event["status"] == "cancelled":
            raise Refused(410, "deleted", "Resource has been deleted")
        self.events[calendar][name] = {**event, "status": "cancelled"}
        return Answer(204)

    def _free_busy(self, request: Received) -> dict[str, Any]:
        said = json_of(request, _FREE_BUSY)
        start, end = _instant(said.get("timeMin")), _instant(said.get("timeMax"))
        if end <= start:
            raise Refused(400, "timeRangeEmpty", "The specified time range is empty.")
        told = {each["id"]: self._busy(each["id"], start, end) for each in said["items"]}
        return {"kind": "calendar#freeBusy", "calendars": told}

    def _busy(self, calendar: str, start: datetime, end: datetime) -> dict[str, Any]:
        if calendar not in self.events:
            return {"errors": [{"domain": "global", "reason": "notFound"}], "busy": []}
        spans = [
            (max(_meant(each["start"]), start), min(_meant(each["end"]), end))
            for each in self.living(calendar)
        ]
        busy = [{"start": s.isoformat(), "end": e.isoformat()} for s, e in sorted(spans) if s < e]
        return {"busy": busy}

    def _calendar(self, name: str) -> dict[str, dict[str, Any]]:
        if name not in self.events:
            raise Refused(404, "notFound", "Not Found")
        return self.events[name]

    def _event(self, calendar: str, name: str) -> dict[str, Any]:
        if name not in self._calendar(calendar):
            raise Refused(404, "notFound", "Not Found")
        return self.events[calendar][name]

    def _invite(self, event: dict[str, Any], notify: str) -> None:
        if notify == "all":
            told = event.get("attendees") or []
            self.invited += [(str(event.get("summary")), each["email"]) for each in told]


def _notify(request: Received) -> str:
    told = query_of(request, {"sendUpdates", "conferenceDataVersion", "maxAttendees"})
    notify = told.get("sendUpdates", "none")
    if notify not in {"all", "externalOnly", "none"}:
        raise Refused(400, "invalidParameter", f"Invalid value '{notify}' for sendUpdates.")
    return notify


def _merged(event: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """Patch semantics: objects are merged, null takes a field away."""
    merged = dict(event)
    for name, value in said.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            merged[name] = _merged(event.get(name, {}), value)
        else:
            merged[name] = value
    return merged


def _check_event(event: dict[str, Any]) -> None:
    times = {}
    for side in ("start", "end"):
        if not isinstance(event.get(side), dict):
            raise Refused(400, "required", f"Missing {side} time.")
        if set(event[side]) - _TIME:
            raise Refused(400, "badRequest", f"Invalid JSON payload received at '{side}'.")
        times[side] = _meant(event[side])
    if times["end"] < times["start"]:
        raise Refused(400, "timeRangeEmpty", "The specified time range is empty.")
    for each in event.get("attendees") or []:
        if not _ADDRESS.fullmatch(each.get("email", "")):
            raise Refused(400, "invalid", "Invalid attendee email.")


def _meant(said: dict[str, Any]) -> datetime:
    """The instant of a start or an end."""
    if said.get("date") and said.get("dateTime"):
        raise Refused(400, "invalid", "Invalid start time.")
    named = said.get("timeZone", "UTC")
    try:
        zone = ZoneInfo(named)
    except (KeyError, ValueError) as unknown:
        raise Refused(400, "invalid", "Invalid value for: Invalid time zone") from unknown
    if said.get("date"):
        return datetime.fromisoformat(said["date"]).replace(tzinfo=zone)
    return _instant(said.get("dateTime"))


def _instant(text: Any) -> datetime:
    if not isinstance(text, str) or not _INSTANT.fullmatch(text):
        raise Refused(400, "badRequest", "Bad Request")
    return datetime.fromisoformat(text)


def _shown(event: dict[str, Any]) -> dict[str, Any]:
    link = f"https://www.google.com/calendar/event?eid={event['id']}"
    return {"kind": "calendar#event", "etag": '"1"', "htmlLink": link, **event}
