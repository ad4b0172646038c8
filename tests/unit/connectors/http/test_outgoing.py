"""S14: a request built from data cannot break out of its header, its URL, its body."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.http.outgoing import body_of, outgoing_of
from hub.errors import Permanent


def outgoing(url="https://example.com/x", headers=None, query=None, body=(b"", ""), auth=None):
    return outgoing_of("POST", url, headers=headers, query=query, body=body, auth=auth)


@pytest.mark.parametrize(
    "value",
    ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b", "a\x0bb", "a\x7fb", "half \ud83d"],
)
def test_S14_a_header_value_with_a_line_break_is_refused(value):
    with pytest.raises(Permanent) as failure:
        outgoing(headers={"X-Name": value})

    assert failure.value.code == "invalid_input"


@pytest.mark.parametrize("name", ["", "X Name", "X:Name", "X\r\nEvil", "Ünicode", "X\0"])
def test_S14_a_header_name_that_is_no_token_is_refused(name):
    with pytest.raises(Permanent):
        outgoing(headers={name: "x"})


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "Connection"])
def test_S14_the_headers_that_frame_a_request_belong_to_the_hub(name):
    with pytest.raises(Permanent):
        outgoing(headers={name: "x"})


@given(st.text())
def test_S14_a_header_is_refused_or_one_line(value):
    try:
        headers = outgoing(headers={"X-Name": value}).headers
    except Permanent:
        return

    assert not set(dict(headers)[b"x-name"]) & set(b"\r\n\0")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "/path",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "http://",
        "http:///path",
        "https://user:word@example.com/",
        "https://allowed.example\\@evil.example/",
        "https://exa\nmple.com/",
        "http://0177.0.0.1.:80:80/",
        "http://[::1",
        "http://xn--/",
        "https://example.com:0/",
        "https://example.com:65536/",
    ],
)
def test_S14_a_url_that_can_be_misread_is_refused(url):
    with pytest.raises(Permanent) as failure:
        outgoing(url=url)

    assert failure.value.code == "invalid_input"


def test_S14_query_values_are_encoded_one_by_one():
    url = outgoing("https://example.com/?a=1", query={"b": "x&c=2#y", "d": ["1", 2], "e": None}).url

    assert str(url) == "https://example.com/?a=1&b=x%26c%3D2%23y&d=1&d=2"


def test_query_values_are_texts_and_numbers():
    assert outgoing(query={"a": True, "b": 1.5}).url.query == b"a=true&b=1.5"
    with pytest.raises(Permanent):
        outgoing(query={"a": {"b": 1}})


def test_a_body_is_json_or_a_form():
    assert body_of({"a": "é"}, None, None) == ('{"a":"é"}'.encode(), "application/json")
    assert body_of(None, {"a": "é&"}, None)[0] == b"a=%C3%A9%26"
    assert body_of(None, None, b"raw") == (b"raw", "")


@pytest.mark.parametrize("value", [float("nan"), object(), "half \ud83d"])
def test_what_json_cannot_say_is_refused(value):
    with pytest.raises(Permanent):
        body_of(value, None, None)


def test_S6_what_may_be_secret_is_known_and_the_url_is_not_in_the_name_of_the_request():
    ready = outgoing(
        "https://example.com/hooks/T0KEN?key=abc",
        headers={"Authorization": "Bearer s3cr3t", "Accept": "application/json"},
        auth=("name", "password"),
    )

    assert ready.what == "POST to example.com"
    assert {"s3cr3t", "Bearer s3cr3t", "password"} <= set(ready.hidden)
    assert "application/json" not in ready.hidden
