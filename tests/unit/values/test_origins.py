"""Who a URL belongs to; what could be read in two ways belongs to nobody (S3, X23)."""

from __future__ import annotations

import pytest

from hub.values import origin_of


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://clinic.example.com", "https://clinic.example.com"),
        ("HTTPS://Clinic.Example.com/book?x=1", "https://clinic.example.com"),
        ("http://clinic.example.com:8080/", "http://clinic.example.com:8080"),
        ("http://clinic.example.com:80#top", "http://clinic.example.com"),
        ("http://[::1]:5000/", "http://[::1]:5000"),
    ],
)
def test_S3_the_origin_of_a_url(url, origin):
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "clinic.example.com",
        "ftp://clinic.example.com",
        "https://user@clinic.example.com",
        "https://clinic.example.com\\@evil.example",
        "https://clinic.example.com.evil@x/",
        "https://clinic.example.com:443:80/",
        "http://clinic.example.com:0080/",
        "https://clinic.example.com/\\evil.example",
        "https:///book",
        " https://clinic.example.com",
        "https://clinic.example.com%2eevil.example/",
        "https://clinic.example.com\n.evil.example/",
    ],
)
def test_X23_S3_what_could_be_read_in_two_ways_has_none(url):
    assert origin_of(url) is None
