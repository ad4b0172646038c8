"""webhooks.send against a platform that verifies, and that platform itself."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hub.connectors.connections import ConnectionSettings
from hub.connectors.webhooks import WebhooksClient, send, sign
from hub.errors import Permanent, StepFailed, Transient
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform
from tests.fakes.services import Answer

SAMPLES = Path(__file__).parents[2] / "samples"
VECTORS = json.loads((SAMPLES / "signatures.json").read_text("utf-8"))["vectors"]
SECRET = "whsec_" + base64.b64encode(b"a key of thirty-two bytes length").decode()
FORMER = "whsec_" + base64.b64encode(b"the former key, also of 32 bytes").decode()


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def platform(clock):
    with FakePlatform(SECRET, clock.now) as fake:
        yield fake


@pytest.fixture
def settings(platform):
    return ConnectionSettings(
        "platforms", "webhooks", credentials={"secret": SECRET}, options={"origins": platform.url}
    )


@pytest.fixture
def posts(http, settings, attempt, clock, platform):
    def post(url=None, *, changed=None, tried=attempt, data=None):
        client = WebhooksClient(changed or settings, http)
        to = url or f"{platform.url}/hook"
        return send(client, tried, clock, url=to, type_="a.b", data=data or {"n": "ü"}).status

    return post


def failure_of(act, *given, **more):
    with pytest.raises(StepFailed) as failure:
        act(*given, **more)
    found = failure.value
    return type(found), found.code, found.maybe_done


def test_an_event_is_signed_as_the_platform_verifies(posts, platform):
    assert posts() == 204
    (event,) = platform.events.values()
    assert event == {"type": "a.b", "timestamp": "2025-10-20T12:00:00Z", "data": {"n": "ü"}}


def test_E7_an_attempt_later_has_the_same_id_and_a_fresh_time(posts, platform, clock, attempt):
    platform.loses_answers = 1

    assert failure_of(posts) == (Transient, "unavailable", True)
    clock.advance(timedelta(hours=2))
    assert posts(tried=replace(attempt, number=2)) == 204

    assert len(platform.events) == 1
    times = [each.headers["webhook-timestamp"] for each in platform.requests]
    assert int(times[1]) - int(times[0]) == 7200


def test_while_platforms_change_over_both_secrets_sign(posts, settings):
    both = replace(settings, credentials={"secret": FORMER, "former_secret": SECRET})

    assert posts(changed=both) == 204
    assert failure_of(posts, changed=replace(settings, credentials={"secret": FORMER})) == (
        Permanent,
        "unauthorized",
        False,
    )


@pytest.mark.parametrize(
    "place",
    [
        "http://127.0.0.1:1/hook",
        "https://{at}/hook",
        "http://user@{at}/hook",
        "http://{at}@evil.example/",
        "http://{at}.evil.example/",
        "http://{at}\\@evil.example/",
    ],
)
def test_only_a_listed_origin_is_called(posts, platform, place):
    url = place.format(at=platform.url.removeprefix("http://"))

    assert failure_of(posts, url) == (Permanent, "not_allowed", False)
    assert platform.nothing_was_sent


def test_a_platform_that_wants_no_more_is_not_asked_again(posts, platform):
    platform.then(Answer(410), Answer(302), Answer(429, b"", {"Retry-After": "7"}))

    assert failure_of(posts) == (Permanent, "gone", False)
    assert failure_of(posts)[:2] == (Permanent, "rejected")
    with pytest.raises(Transient) as busy:
        posts()
    assert busy.value.retry_after == timedelta(seconds=7)


def test_a_signature_is_that_of_the_official_example():
    (vector,) = (each for each in VECTORS if each["id"] == "standard-webhooks-official")
    headers, key = vector["headers"], base64.b64decode(vector["secret"].removeprefix("whsec_"))

    signed = sign(
        key, headers["webhook-id"], int(headers["webhook-timestamp"]), vector["body"].encode()
    )

    assert signed == headers["webhook-signature"]


def test_a_secret_may_lack_its_prefix_and_its_padding(posts, settings):
    bare = SECRET.removeprefix("whsec_").rstrip("=")

    assert posts(changed=replace(settings, credentials={"secret": bare})) == 204


@pytest.mark.parametrize("secret", ["whsec_short", "whsec_" + "=" * 40, "whsec_" + "A" * 400])
def test_S6_a_secret_that_cannot_sign_is_told_and_not_shown(posts, settings, platform, secret):
    with pytest.raises(Permanent) as failure:
        posts(changed=replace(settings, credentials={"secret": secret}))

    assert failure.value.code == "not_configured"
    assert secret not in failure.value.message
    assert platform.nothing_was_sent


def test_a_check_says_what_can_be_signed_and_for_whom(http, settings):
    said = WebhooksClient(settings, http).check()

    assert said == "1 secret(s) can sign; 1 origin(s) may be called"
    wrong = replace(settings, options={"origins": "platform.example.com"})
    assert failure_of(WebhooksClient(wrong, http).check)[1] == "not_configured"


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, 204),
        ({"webhook-id": ""}, 400),
        ({"webhook-id": "msg_2"}, 401),
        ({"webhook-timestamp": "soon"}, 400),
        ({"webhook-timestamp": "1760960000"}, 401),
        ({"webhook-signature": "v1,AAAA"}, 401),
        ({"webhook-signature": ""}, 401),
    ],
)
def test_the_platform_refuses_what_is_not_signed_now(http, platform, clock, changed, status):
    body = b'{"type": "a", "timestamp": "b", "data": {}}'
    seconds = int(clock.now().timestamp())
    key = b"a key of thirty-two bytes length"
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1a,x {sign(key, 'msg_1', seconds, body)}",
    }

    answer = http.exchange(
        "POST",
        platform.url,
        headers={**headers, **changed},
        content=body,
        timeout=timedelta(seconds=5),
    )

    assert answer.status == status
    assert len(platform.events) == (status == 204)
