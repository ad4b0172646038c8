"""Origins: exactly what a browser writes, and what somebody meant who wrote something else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.values import is_origin, origin_of

LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
HOSTS = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
SCHEMES = st.sampled_from(["http", "https"])
PORTS = st.none() | st.integers(1, 65_535).filter(lambda port: port not in (80, 443))


@pytest.mark.parametrize(
    "text",
    [
        "https://book.example.com",
        "https://book.example.com:8443",
        "http://localhost:3000",
        "http://127.0.0.1",
        "http://[::1]:8000",
        "https://xn--bcher-kva.example",
        "http://book.example.com:443",
    ],
)
def test_what_a_browser_writes_is_an_origin(text):
    assert is_origin(text)
    assert origin_of(text) == text


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("https://book.example.com/", "https://book.example.com"),
        ("https://book.example.com/book?x=1#y", "https://book.example.com"),
        ("HTTPS://Book.Example.com", "https://book.example.com"),
        ("https://book.example.com:443", "https://book.example.com"),
        ("http://book.example.com:80/", "http://book.example.com"),
        ("book.example.com", None),
        ("https://*.example.com", None),
        ("https://user@book.example.com", None),
        ("https://book.example.com:0", None),
        ("https://book.example.com:65536", None),
        ("https://bücher.example", None),
        ("https://[::0001]", None),
        ("https://[::g]", None),
        ("https://" + "a." * 200 + "example", None),
        ("ftp://book.example.com", None),
        ("https://book.example.com\n", None),
        ("*", None),
        ("null", None),
        ("", None),
    ],
)
def test_what_no_browser_writes_is_none_and_what_was_meant_is_told_where_it_is_certain(text, meant):
    assert not is_origin(text)
    assert origin_of(text) == meant


@given(SCHEMES, HOSTS, PORTS, st.sampled_from(["", "/", "/a/b", "?q", "#f"]))
def test_the_origin_of_a_url_is_one_and_is_its_own_origin(scheme, host, port, rest):
    origin = f"{scheme}://{host}" + ("" if port is None else f":{port}")
    assert is_origin(origin)
    assert origin_of(origin.upper() + rest) == origin


@given(st.text(max_size=60))
def test_no_text_breaks_it(text):
    assert is_origin(text) == (origin_of(text) == text)
