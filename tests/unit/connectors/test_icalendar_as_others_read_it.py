"""Invitations as a library of calendars reads them: what goes in comes out (X31, R-17)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from hub.connectors.icalendar import Invitation, write

ZONES = [
    "America/New_York",
    "Europe/Paris",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Phoenix",
    "Pacific/Chatham",
    "UTC",
]
INVITATION = Invitation(
    uid="44444444-4444-4444-8444-444444444444",
    title="Boiler check",
    start=datetime(2025, 11, 20, 10, tzinfo=UTC),
    end=datetime(2025, 11, 20, 11, tzinfo=UTC),
    organizer="team@example.com",
    attendee="ada@example.com",
    stamped_at=datetime(2025, 11, 18, 9, tzinfo=UTC),
    sequence=1,
)
WRITABLE = st.characters(exclude_categories=["Cs", "Cc"])
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001 - zoned below


def read(invitation: Invitation) -> tuple[Any, Any]:
    """The calendar and its one event."""
    calendar = Calendar.from_ical(write(invitation).encode())
    (event,) = calendar.walk("VEVENT")
    return calendar, event


@given(st.text(WRITABLE, min_size=1, max_size=300), st.text(WRITABLE, max_size=2000))
def test_every_text_comes_back_as_it_was(title: str, description: str):
    _, event = read(replace(INVITATION, title=title, description=description))

    assert str(event["SUMMARY"]) == title
    assert str(event.get("DESCRIPTION", "")) == description


@given(st.text(max_size=300).filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text)))
def test_no_text_adds_a_property_or_a_second_event(text: str):
    hostile = f"{text}\r\nEND:VEVENT\nATTENDEE:mailto:eve@example.com\rBEGIN:VEVENT"

    _, event = read(replace(INVITATION, title=hostile, description=hostile, location=hostile))

    assert event["ATTENDEE"] == "mailto:ada@example.com"
    known = {"UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "DESCRIPTION"}
    assert set(event) == {*known, "LOCATION", "ORGANIZER", "ATTENDEE", "STATUS"}


@given(INSTANTS, st.sampled_from(ZONES), st.integers(1, 24 * 60))
def test_every_local_time_of_every_zone_is_the_instant_it_was(
    local: datetime, zone: str, minutes: int
):
    start = local.replace(microsecond=0, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    there = start.astimezone(ZoneInfo(zone))

    _, event = read(replace(INVITATION, start=there, end=start + timedelta(minutes=minutes)))

    assert event["DTSTART"].dt == start
    assert event["DTEND"].dt - event["DTSTART"].dt == timedelta(minutes=minutes)


@given(st.integers(0, 10_000))
def test_X31_changes_keep_the_uid_and_count_and_a_cancellation_is_the_last_of_them(version: int):
    asked, event = read(replace(INVITATION, sequence=version))
    ended, over = read(replace(INVITATION, sequence=version + 1, is_cancelled=True))

    assert (asked["METHOD"], ended["METHOD"]) == ("REQUEST", "CANCEL")
    assert (event["STATUS"], over["STATUS"]) == ("CONFIRMED", "CANCELLED")
    assert event["UID"] == over["UID"]
    assert over["SEQUENCE"] == event["SEQUENCE"] + 1
    assert event["ORGANIZER"] == over["ORGANIZER"]
    assert event["ATTENDEE"] == over["ATTENDEE"]


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_R_17_what_google_apple_and_outlook_each_want_is_there(*, is_cancelled: bool):
    """Google: METHOD and ATTENDEE; Apple: UID, DTSTAMP, UTC; Outlook: ORGANIZER and SEQUENCE."""
    calendar, event = read(replace(INVITATION, is_cancelled=is_cancelled, description="Hello"))

    assert calendar["VERSION"] == "2.0"
    assert calendar["PRODID"]
    assert calendar["CALSCALE"] == "GREGORIAN"
    assert event["ATTENDEE"].params["RSVP"] == "TRUE"
    assert event["ATTENDEE"].params["PARTSTAT"] == "NEEDS-ACTION"
    assert event["DTSTAMP"].dt.tzinfo is not None
    assert event["DTSTART"].dt.utcoffset() == timedelta(0)
    assert {"UID", "SEQUENCE", "ORGANIZER", "DTEND", "SUMMARY", "DESCRIPTION"} <= set(event)
    assert not calendar.errors
    assert not event.errors
