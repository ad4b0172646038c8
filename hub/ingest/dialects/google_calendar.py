"""Dialect `google.calendar`: Google says that a calendar changed, in headers alone.

The message does not say what changed: list the events of the calendar. Its only proof is the token
that was given when the channel was opened. The first message of a channel says that it works.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import unquote, urlsplit

from hub.ingest.body import Body
from hub.ingest.dialects.contract import NOTHING, Beside, Call, Dialect, Unpacked
from hub.ingest.dialects.members import present
from hub.ingest.request import storable
from hub.values import format_instant

_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
_CALENDAR = re.compile(r"/calendars/([^/]+)/")


class GoogleCalendar(Dialect):
    """Push notifications of Google Calendar."""

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:
        """One run for each message but the first of a channel; headers that say nothing: none."""
        said = {name: storable(value) for name, value in beside.headers.items()}
        state, channel = said.get("x-goog-resource-state"), said.get("x-goog-channel-id")
        if not state or not channel:
            return Unpacked(ignored="no state or channel in X-Goog headers", when_refused="record")
        if state == "sync":
            return Unpacked(ignored="sync: the channel is open", when_refused="record", kind=state)
        number = said.get("x-goog-message-number", "")
        payload = _payload(state, channel, said)
        return Unpacked(
            calls=(Call(payload, key=f"{channel}/{number}" if number else None),),
            when_refused="record",
            kind=state,
            is_mended=bool(body.faults),
        )


def _payload(state: str, channel: str, said: Mapping[str, str]) -> dict[str, object]:
    number = said.get("x-goog-message-number", "")
    uri = said.get("x-goog-resource-uri")
    return present(
        {
            "trigger": state,
            "channel_id": channel,
            "message_number": int(number) if _NUMBER.fullmatch(number) else None,
            "resource_id": said.get("x-goog-resource-id"),
            "resource_uri": uri,
            "calendar_id": _calendar(uri or ""),
            "expires_at": _instant(said.get("x-goog-channel-expiration", "")),
        }
    )


def _calendar(uri: str) -> str | None:
    """The calendar that is meant, out of the address of its events."""
    try:
        found = _CALENDAR.search(urlsplit(uri).path)
    except ValueError:
        return None
    return None if found is None else storable(unquote(found[1]))


def _instant(text: str) -> str | None:
    """A date as headers write it, in ISO 8601; one without a zone says nothing."""
    try:
        return format_instant(parsedate_to_datetime(text))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


GOOGLE_CALENDAR = GoogleCalendar(
    name="google.calendar",
    default_auth="google_calendar",
    may_be_empty=True,
    answers_with=204,
    payload_names=("trigger", "channel_id"),
)
