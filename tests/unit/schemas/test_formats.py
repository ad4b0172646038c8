"""Each format, with what it takes and what it refuses."""

import pytest

from hub.schemas import FORMATS

TAKES = {
    "date-time": [
        "2025-10-20T14:00:00Z",
        "2025-10-20t14:00:00.123456z",
        "2025-10-20T14:00:00-05:00",
    ],
    "local-date-time": ["2025-10-20T14:00", "2025-10-20T14:00:00"],
    "date": ["2025-10-20", "2024-02-29"],
    "duration": ["90s", "15m", "24h", "7d", "1h30m"],
    "timezone": ["America/New_York", "UTC"],
    "uuid": ["5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21", "5B0C2C2E-6F0A-4A51-9A8E-3D1F6F0D7A21"],
    "e164": ["+12025550147", "+4930123456", "+1234567", "+123456789012345"],
    "email": ["a@example.com", "first.last+tag@sub.example.co.uk"],
    "uri": [
        "https://example.com",
        "http://127.0.0.1:3100/x?y=1#z",
        "https://user@[::1]:8000/",
        "mailto:a@example.com",
        "urn:uuid:5b0c2c2e",
    ],
    "origin": ["https://book.example.com", "http://localhost:3000", "https://[2001:db8::1]:8443"],
}
REFUSES = {
    "date-time": ["2025-10-20T14:00:00", "2025-10-20", "2025-10-20T14:00:00-0500", "", "now"],
    "local-date-time": ["2025-10-20T14:00:00Z", "2025-10-20", "14:00", ""],
    "date": ["2025-02-29", "20251020", "2025-10-20T00:00", "2025-W01-1", ""],
    "duration": ["1 h", "PT1H", "1.5h", "-1h", ""],
    "timezone": ["Mars/Base", "../etc/passwd", "EST5EDT4", ""],
    "uuid": [
        "lead-42",
        "5b0c2c2e6f0a4a519a8e3d1f6f0d7a21",
        "{5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21}",
    ],
    "e164": [
        "12025550147",
        "+1 202 555 0147",
        "+0123456",
        "+1",
        "+123456",
        "+1234567890123456",
        "",
    ],
    "email": ["a", "a@b", "a b@example.com", ".a@example.com", "a..b@example.com", "a@-x.com", ""],
    "uri": [
        "example.com",
        "http:",
        "https://",
        "https:///x",
        "http://a b",
        "http://[::1",
        "//x",
        "",
    ],
    "origin": ["https://book.example.com/", "https://book.example.com:443", "*", "null", ""],
}


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in TAKES.items() for text in texts]
)
def test_a_format_takes_what_it_should(name, text):
    assert FORMATS[name].fits(text)


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in REFUSES.items() for text in texts]
)
def test_a_format_refuses_the_rest(name, text):
    assert not FORMATS[name].fits(text)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_covered_here_and_survives_a_long_text(name):
    assert name in TAKES
    assert name in REFUSES
    assert not FORMATS[name].fits("a" * 100_000 + "@" * 100_000)
