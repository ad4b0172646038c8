"""Lines between processes: heard by who listens, sealed, kept nowhere (B-06)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis as client

from hub.errors import Misconfigured, Unavailable
from hub.lines import Lines

LINE = "hub:lead:tests"


def sealed(message: bytes) -> bytes:
    return b"sealed " + message[::-1]


def opened(message: bytes) -> bytes:
    if not message.startswith(b"sealed "):
        raise Misconfigured("another key")
    return message.removeprefix(b"sealed ")[::-1]


@pytest.fixture
def lines(redis_url: str) -> Iterator[Lines]:
    opened_lines = Lines(redis_url, close=sealed, open_=opened)
    yield opened_lines
    opened_lines.close()


def heard(hear, what: bytes | None) -> bool:
    """Whether it comes; a subscription may be told first."""
    return any(hear(1.0) == what for _ in range(60))


def test_who_listens_hears_and_who_does_not_has_missed_it(lines, redis: client.Redis):
    assert lines.say(LINE, b"nobody is there") == 0
    with lines.hear(LINE) as hear:
        while not lines.say(LINE, b"4111"):
            hear(0.1)
        assert heard(hear, b"4111")
    assert redis.keys("*") == [], "nothing is stored"


def test_B_06_what_goes_through_redis_is_sealed_and_a_stranger_is_not_heard(
    lines, redis: client.Redis
):
    ears = redis.pubsub(ignore_subscribe_messages=True)
    ears.subscribe(LINE)
    with lines.hear(LINE) as hear:
        while lines.say(LINE, b"4111") < 2:
            hear(0.1)
        seen = [each["data"] for _ in range(60) if (each := ears.get_message(timeout=0.1))]
        redis.publish(LINE, b"a forged one")
        lines.say(LINE, b"the end")
        assert heard(hear, b"the end")
    assert set(seen) == {sealed(b"4111")}
    ears.close()


def test_without_redis_nothing_is_said_and_nobody_listens():
    nowhere = Lines("redis://127.0.0.1:1/0", close=sealed, open_=opened)

    with pytest.raises(Unavailable):
        nowhere.say(LINE, b"4111")
    with pytest.raises(Unavailable), nowhere.hear(LINE):
        raise AssertionError("nobody can listen")
