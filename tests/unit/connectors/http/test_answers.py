"""What an answer means for a step: the table of the language, chapter 8."""

from __future__ import annotations

import zlib
from datetime import timedelta
from gzip import compress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.http.answers import (
    HttpAnswer,
    decoded,
    excerpt,
    failure_of,
    json_of,
    retry_after,
    unpacked,
)
from hub.errors import Permanent, Transient
from hub.values import decode, encode

DATE = "Mon, 20 Oct 2025 12:00:00 GMT"


def failure(status, headers=None, text=""):
    return failure_of(HttpAnswer(status, headers or {}, text), what="POST to example.com")


@pytest.mark.parametrize(
    ("status", "kind", "code", "maybe_done"),
    [
        (301, Permanent, "rejected", True),
        (303, Permanent, "rejected", True),
        (307, Permanent, "rejected", False),
        (400, Permanent, "invalid_input", False),
        (401, Permanent, "unauthorized", False),
        (402, Permanent, "rejected", False),
        (403, Permanent, "unauthorized", False),
        (404, Permanent, "not_found", False),
        (408, Permanent, "rejected", False),
        (409, Permanent, "conflict", False),
        (410, Permanent, "rejected", False),
        (422, Permanent, "invalid_input", False),
        (429, Transient, "rate_limited", False),
        (500, Transient, "unavailable", True),
        (502, Transient, "unavailable", True),
        (503, Transient, "unavailable", True),
        (504, Transient, "unavailable", True),
        (599, Transient, "unavailable", True),
    ],
)
def test_every_status_has_its_code(status, kind, code, maybe_done):
    found = failure(status)

    assert type(found) is kind
    assert (found.code, found.maybe_done, found.status) == (code, maybe_done, status)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_2xx_is_no_failure(status):
    assert failure(status) is None


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "0"}, timedelta(0)),
        ({"retry-after": "120"}, timedelta(seconds=120)),
        ({"retry-after": "86400"}, timedelta(hours=1)),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "9" * 5000}, None),
        ({"retry-after": "٣"}, None),
        ({"retry-after": "Mon, 20 Oct 2025 12:01:30 GMT", "date": DATE}, timedelta(seconds=90)),
        ({"retry-after": "Mon, 20 Oct 2025 11:00:00 GMT", "date": DATE}, timedelta(0)),
        ({"retry-after": "Tue, 21 Oct 2025 12:00:00 GMT", "date": DATE}, timedelta(hours=1)),
        ({"retry-after": "Mon, 20 Oct 2025 12:01:30 GMT"}, None),
        ({"retry-after": "Mon, 20 Oct 2025 12:01:30 -0000", "date": DATE}, None),
    ],
)
def test_E9_retry_after_is_seconds_or_a_date_and_at_most_an_hour(headers, expected):
    assert retry_after(headers) == expected
    assert failure(429, headers).retry_after == expected
    assert failure(503, headers).retry_after == expected


def test_S6_a_message_never_repeats_a_secret():
    answer = HttpAnswer(401, {}, "no such token: s3cr3t-token!\r\nreally")

    found = failure_of(answer, what="GET to x", hidden=["s3cr3t-token!"])

    assert str(found) == "GET to x was answered with 401: no such token: [secret] really"


@given(st.text())
def test_an_excerpt_is_one_short_line_that_can_be_stored(text):
    line = excerpt(text)

    assert len(line) <= 200
    assert line.splitlines() in ([], [line])
    assert encode(line) == line


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, 2.5, true, null]}', {"a": [1, 2.5, True, None]}),
        ('{"id": 123456789012345678901234567890}', {"id": "123456789012345678901234567890"}),
        ("9223372036854775807", 9223372036854775807),
        ("9223372036854775808", "9223372036854775808"),
        (r'"a\u0000b\ud83d"', "a\ufffdb\ufffd"),
        ("NaN", None),
        ("[Infinity]", None),
        ("1e999", None),
        ("", None),
        ("ok", None),
        ("[" * 65 + "]" * 65, None),
        ("[" * 100_000, None),
    ],
)
def test_json_comes_in_a_form_that_can_be_stored(text, value):
    assert json_of(text) == value


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_whatever_is_read_as_json_can_be_stored(text):
    value = json_of(text)

    assert decode(encode(value)) == value


@pytest.mark.parametrize(
    ("body", "encoding", "expected"),
    [
        (b"plain", "", b"plain"),
        (b"plain", "identity", b"plain"),
        (compress(b"packed", mtime=0), "gzip", b"packed"),
        (zlib.compress(b"packed"), "deflate", b"packed"),
        (b"not packed", "gzip", None),
        (b"packed", "br", None),
    ],
)
def test_an_answer_is_unpacked(body, encoding, expected):
    assert unpacked(body, encoding, limit=100) == expected


def test_a_bomb_is_unpacked_up_to_the_limit_only():
    assert unpacked(compress(bytes(50_000_000)), "gzip", limit=1000) == bytes(1001)


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("é".encode(), "text/plain", "é"),
        ("é".encode("latin-1"), "text/plain; charset=latin-1", "é"),
        (b"\xff", "text/plain", "\ufffd"),
        (b"a\0b", "text/plain", "a\ufffdb"),
        (b"x", "text/plain; charset=nonsense", "x"),
        (b"x", "text/plain; charset=hex", "x"),
        (b"x", "text/plain; charset=idna", "x"),
    ],
)
def test_text_is_decoded_by_its_charset(body, content_type, text):
    assert decoded(body, content_type) == text


@pytest.mark.parametrize("charset", ["punycode", "idna", "unicode_escape", "utf-7", "undefined"])
def test_what_no_page_is_written_in_is_read_as_utf_8(charset):
    """Python would take minutes over a mebibyte of punycode."""
    assert decoded(b"a\\u0041-" * 100_000, f"charset={charset}") == "a\\u0041-" * 100_000


@pytest.mark.parametrize(
    "charset", ["utf-16", "UTF-8", "ISO-8859-2", "windows-1250", "koi8-r", "shift_jis", "gb18030"]
)
def test_charsets_of_pages_are_known(charset):
    text = "plain"

    assert decoded(text.encode(charset), f'text/html; charset="{charset}"') == text
