"""The stand-in for curl sends what curl sends."""

from __future__ import annotations

import pytest

from tests.fakes import curl
from tests.fakes.receiver import FakeReceiver


def test_a_request_is_sent_as_curl_sends_it(capsys: pytest.CaptureFixture[str]):
    with FakeReceiver() as receiver:
        curl.main(["-s", f"{receiver.url}/door", "-H", "X-Key: a: b", "-d", '{"name": "Ada"}'])
        curl.main(["-s", f"{receiver.url}/ready"])

    first, second = receiver.requests
    assert (first.method, first.path, first.body) == ("POST", "/door", b'{"name": "Ada"}')
    assert first.headers["x-key"] == "a: b"
    assert (second.method, second.path) == ("GET", "/ready")
    assert capsys.readouterr().out != ""
