"""A calendar invitation as text (RFC 5545, RFC 5546): pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

_LONGEST_LINE = 75
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
# Control characters have no place in a text value; the tab may stay.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Invitation:
    """One appointment for one person. `sequence` grows with every change of the same `uid`."""

    uid: str
    title: str
    start: datetime
    end: datetime
    organizer: str
    attendee: str
    stamped_at: datetime
    location: str | None = None
    sequence: int = 0
    is_cancelled: bool = False
    description: str | None = None

    @property
    def method(self) -> str:
        """REQUEST or CANCEL; the header of the mail's part must say the same."""
        return "CANCEL" if self.is_cancelled else "REQUEST"


def write(invitation: Invitation) -> str:
    """The whole calendar object: CRLF, folded at 75 octets, times in UTC."""
    lines = [
        "BEGIN:VCALENDAR",
        "PRODID:-//Webhook Hub//EN",
        "VERSION:2.0",
        "CALSCALE:GREGORIAN",
        f"METHOD:{invitation.method}",
        "BEGIN:VEVENT",
        f"UID:{_text(invitation.uid)}",
        f"SEQUENCE:{invitation.sequence}",
        f"DTSTAMP:{_instant(invitation.stamped_at)}",
        f"DTSTART:{_instant(invitation.start)}",
        f"DTEND:{_instant(invitation.end)}",
        f"SUMMARY:{_text(invitation.title)}",
        # Outlook shows this in the place of the mail's text.
        *([f"DESCRIPTION:{_text(invitation.description)}"] if invitation.description else []),
        *([f"LOCATION:{_text(invitation.location)}"] if invitation.location else []),
        f"ORGANIZER:mailto:{invitation.organizer}",
        "ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:"
        + invitation.attendee,
        f"STATUS:{'CANCELLED' if invitation.is_cancelled else 'CONFIRMED'}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(fold(line) + "\r\n" for line in lines)


def fold(line: str) -> str:
    """Break a line so that no piece is longer than 75 octets; no character is cut in two."""
    pieces: list[str] = []
    piece, room = "", _LONGEST_LINE
    for sign in line:
        size = len(sign.encode())
        if size > room:
            pieces.append(piece)
            # The space that marks a continuation counts.
            piece, room = "", _LONGEST_LINE - 1
        piece += sign
        room -= size
    return "\r\n ".join([*pieces, piece])


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return _CONTROL.sub("", _LINE_BREAK.sub("\\\\n", escaped))


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
