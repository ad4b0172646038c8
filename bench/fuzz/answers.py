"""What others answer over HTTP, and the invitations that we write (S14)."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta
from random import Random

from bench.fuzz.door import BODY
from bench.fuzz.target import Target, expect
from hub.connectors.http.answers import (
    LONGEST_RETRY_AFTER,
    HttpAnswer,
    decoded,
    excerpt,
    failure_of,
    json_of,
    retry_after,
    unpacked,
)
from hub.connectors.icalendar import Invitation, write
from hub.storage.json_text import json_text
from hub.values import encode

_LARGEST_ANSWER = 1024 * 1024
_LONGEST_LINE = 75
_LONGEST_EXCERPT = 200
_STATUSES = (200, 204, 301, 302, 307, 400, 401, 404, 409, 418, 422, 429, 500, 503, 599)
_AT = datetime(2025, 10, 20, 14, tzinfo=UTC)


# ---------------------------------------------------------------------------------------- answers


def _check_answer(case: bytes) -> None:
    """A case: `encoding|content type|retry-after|date`, a line end, the body."""
    head, _, body = case.partition(b"\n")
    encoding, kind, after, date = (head.decode("latin-1").split("|") + [""] * 4)[:4]
    plain = unpacked(body, encoding, limit=_LARGEST_ANSWER)
    if plain is None:
        return
    expect(len(plain) <= _LARGEST_ANSWER + 1, "unpacked beyond the limit")
    text = decoded(plain, kind)
    value = json_of(text)
    encode(text)
    encode(value)
    json_text(value)
    headers = {"retry-after": after, "date": date}
    pause = retry_after(headers)
    expect(pause is None or timedelta(0) <= pause <= LONGEST_RETRY_AFTER, f"a pause of {pause}")
    said = excerpt(text, hidden=["s3cret"])
    expect(len(said) <= _LONGEST_EXCERPT and "\n" not in said and "s3cret" not in said, said)
    status = _STATUSES[len(body) % len(_STATUSES)]
    failure_of(HttpAnswer(status, headers, text, value), what="POST /", hidden=["s3cret"])


_KINDS = (
    *("application/json", "text/html; charset=utf-16", "charset=idna", "charset=rot13", ""),
    *('text/plain; charset="latin-1"', "charset=unicode_escape", "charset=undefined"),
    *("charset=utf-7", "charset=punycode", "charset=hex", "charset=zip", "charset=mbcs"),
)
_DATES = (
    *("", "", "120", "999999999", "-1", "1e3", "Mon, 20 Oct 2025 14:00:00 GMT"),
    *("Mon, 99 Oct 0000", "Mon, 20 Oct 2025 14:00:00 -0000", "1 Jan 1 00:00:00 +2359"),
)


def _head(chance: Random) -> bytes:
    encoding = chance.choice(["", "", "", "identity", "gzip", "x-gzip", "deflate", "br"])
    kind = chance.choice(_KINDS)
    after, date = chance.choice(_DATES), chance.choice(_DATES)
    return f"{encoding}|{kind}|{after}|{date}".encode()


def _write_answer(chance: Random) -> bytes:
    head, body = _head(chance), BODY.write(chance)
    if head.startswith((b"gzip", b"x-gzip", b"deflate")):
        body = zlib.compress(body * chance.choice([1, 1, 50, 20_000]))[: 64 * 1024]
    return head + b"\n" + body


ANSWERS = Target(
    "answers",
    _check_answer,
    lambda: (
        [b"|application/json||\n" + each for each in BODY.samples]
        + [
            b"deflate|text/plain; charset=utf-8|120|\n" + zlib.compress(each)
            for each in BODY.samples
        ]
        + [b"||Mon, 20 Oct 2025 14:00:10 GMT|Mon, 20 Oct 2025 14:00:00 GMT\n<html>busy</html>"]
    ),
    _write_answer,
    words=[b"|", b"gzip", b"deflate", b"charset=utf-16", b"\n", *BODY.words],
    most=_LARGEST_ANSWER,
)


# -------------------------------------------------------------------------------------- invitations


def _check_invitation(case: bytes) -> None:
    """A case: lines with the texts of an invitation."""
    title, place, uid = (case.decode("utf-8", "replace").split("|") + [""] * 3)[:3]
    written = write(
        Invitation(
            uid=uid or "1@hub",
            title=title,
            start=_AT,
            end=_AT + timedelta(hours=1),
            organizer="hub@example.com",
            attendee="ada@example.com",
            stamped_at=_AT,
            location=place or None,
        )
    )
    lines = written.split("\r\n")
    expect(lines.pop() == "", "the last line has no end")
    expect(not any({"\r", "\n", "\0"} & set(line) for line in lines), "a line is broken")
    expect(max(len(line.encode()) for line in lines) <= _LONGEST_LINE, "a line is too long")
    whole = "\r\n".join(lines).replace("\r\n ", "").split("\r\n")
    names = [line.partition(":")[0].partition(";")[0] for line in whole]
    expected = ["BEGIN", "PRODID", "VERSION", "CALSCALE", "METHOD", "BEGIN", "UID", "SEQUENCE"]
    expected += ["DTSTAMP", "DTSTART", "DTEND", "SUMMARY", *(["LOCATION"] if place else [])]
    expected += ["ORGANIZER", "ATTENDEE", "STATUS", "END", "END"]
    expect(names == expected, f"text became a property: {names}")


def _write_invitation(chance: Random) -> bytes:
    pieces = [
        "Ada",
        "\n",
        "\r\nATTENDEE:x",
        "\\n",
        ";",
        ",",
        "é",
        "\U0001f600",
        " ",
        "\r",
        "\x85",
        "\u2028",
    ]
    texts = (
        "".join(chance.choice(pieces) for _ in range(chance.choice([1, 5, 80]))) for _ in range(3)
    )
    return "|".join(texts).encode()


INVITATIONS = Target(
    "invitations",
    _check_invitation,
    lambda: [
        b"Appointment with Ada|12 Main St; Springfield|1@hub",
        "Zoë, Müller\\|Köln|2".encode(),
    ],
    _write_invitation,
    words=[
        b"\r\n",
        b"\n",
        b"\r\n ",
        b"BEGIN:VEVENT",
        b"END:VCALENDAR",
        b";",
        b",",
        b"\\",
        b"|",
        b":",
    ],
    most=64 * 1024,
)
