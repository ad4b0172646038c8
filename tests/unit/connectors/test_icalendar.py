"""Calendar invitations: RFC 5545's form, RFC 5546's meaning."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.icalendar import Invitation, fold, write
from tests.unit.ingest.sample_bodies import SAMPLES

ATTENDEE = "ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE"
INVITATION = Invitation(
    uid="appt-91@hub.example.com",
    title="Consultation: Zoë Müller-Nakamura, 30 min; by phone",
    start=datetime(2025, 12, 3, 14, tzinfo=timezone(timedelta(hours=-5))),
    end=datetime(2025, 12, 3, 14, 30, tzinfo=timezone(timedelta(hours=-5))),
    organizer="ana@example.com",
    attendee="zoe@example.com",
    stamped_at=datetime(2025, 11, 20, 18, 54, tzinfo=UTC),
)
MOVED = replace(
    INVITATION,
    start=datetime(2025, 12, 5, 15, tzinfo=UTC),
    end=datetime(2025, 12, 5, 15, 30, tzinfo=UTC),
)
_NAME = re.compile(r';CN="[^"]*"')


def lines(invitation):
    return write(invitation).replace("\r\n ", "").split("\r\n")


def test_an_invitation_holds_what_a_calendar_needs():
    assert lines(INVITATION) == [
        "BEGIN:VCALENDAR",
        "PRODID:-//Webhook Hub//EN",
        "VERSION:2.0",
        "CALSCALE:GREGORIAN",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        "UID:appt-91@hub.example.com",
        "SEQUENCE:0",
        "DTSTAMP:20251120T185400Z",
        "DTSTART:20251203T190000Z",
        "DTEND:20251203T193000Z",
        r"SUMMARY:Consultation: Zoë Müller-Nakamura\, 30 min\; by phone",
        "ORGANIZER:mailto:ana@example.com",
        ATTENDEE + ":mailto:zoe@example.com",
        "STATUS:CONFIRMED",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


def test_a_cancellation_repeats_organizer_and_attendee():
    cancelled = lines(replace(INVITATION, is_cancelled=True, sequence=2))

    assert "METHOD:CANCEL" in cancelled
    assert "STATUS:CANCELLED" in cancelled
    assert "SEQUENCE:2" in cancelled
    assert "ORGANIZER:mailto:ana@example.com" in cancelled


def test_a_title_cannot_add_a_line():
    hostile = replace(INVITATION, title="x\r\nATTENDEE:mailto:evil@example.com\\n\x07")

    assert r"SUMMARY:x\nATTENDEE:mailto:evil@example.com\\n" in lines(hostile)
    assert len(lines(hostile)) == len(lines(INVITATION))


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=400))
def test_folding_keeps_the_text_and_the_75_octets(text):
    folded = fold(text)

    assert folded.replace("\r\n ", "") == text
    assert all(len(piece.encode()) <= 75 for piece in folded.split("\r\n"))


@given(st.text(max_size=300), st.text(max_size=300))
def test_whatever_the_texts_the_form_holds(title, location):
    calm = "".join(sign for sign in title + location if not "\ud800" <= sign <= "\udfff")
    text = write(replace(INVITATION, title=calm, location=calm or None))

    assert len(lines(INVITATION)) + bool(calm) == len(text.replace("\r\n ", "").split("\r\n"))
    assert all(len(piece.encode()) <= 75 for piece in text.split("\r\n"))


# --------------------------------------------------------------- what calendars are known to accept


@pytest.mark.parametrize(
    ("sample", "invitation"),
    [
        ("request", INVITATION),
        ("request-rescheduled", replace(MOVED, sequence=1)),
        ("cancel", replace(MOVED, sequence=2, is_cancelled=True)),
    ],
)
def test_an_invitation_says_what_the_samples_say(sample, invitation):
    """The samples also have a description and names of people, which ours leaves out."""
    raw = (SAMPLES / f"ics/{sample}.ics").read_bytes()
    wanted = [
        _NAME.sub("", line)
        for line in raw.decode().replace("\r\n ", "").split("\r\n")
        if not line.startswith(("PRODID:", "DESCRIPTION:"))
    ]

    assert [line for line in lines(invitation) if not line.startswith("PRODID:")] == wanted
    assert raw == raw.replace(b"\n", b"\r\n").replace(b"\r\r\n", b"\r\n")
