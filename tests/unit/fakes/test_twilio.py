"""The fake Twilio and the fake SignalWire refuse what the services refuse."""

from __future__ import annotations

import json
from base64 import b64encode
from urllib.parse import parse_qsl, urlencode

import pytest

from tests.fakes.services import Received
from tests.fakes.twilio import FakeSignalWire, FakeTwilio
from tests.unit.ingest.sample_bodies import SAMPLES

FORM = "application/x-www-form-urlencoded"
MESSAGE = {"To": "+12025550147", "From": "+12025550100", "Body": "hi"}


def ask(fake, message=None, *, method="POST", media_type=FORM, proof=None, path=None, query=None):
    word = b64encode(f"{fake.account_sid}:{proof or fake.auth_token}".encode()).decode()
    place = f"{fake.prefix}/2010-04-01/Accounts/{fake.account_sid}/Messages.json"
    answer = fake.answer(
        Received(
            method,
            path or place,
            query or {},
            {"authorization": f"Basic {word}", "content-type": media_type},
            urlencode(message or {}).encode(),
        )
    )
    return answer.status, json.loads(answer.body)


@pytest.mark.parametrize(
    ("changes", "how", "status", "code"),
    [
        ({}, {"proof": "wrong"}, 401, 20003),
        ({}, {"path": "/2010-04-01/Accounts/other/Messages.json"}, 404, 20404),
        ({}, {"media_type": "application/json"}, 400, 21604),
        ({"To": ""}, {}, 400, 21604),
        ({"To": "12025550147"}, {}, 400, 21211),
        ({"From": ""}, {}, 400, 21603),
        ({"Body": ""}, {}, 400, 21602),
        ({"Body": "x" * 1601}, {}, 400, 21617),
        ({"To": "+12025550199"}, {}, 400, 21610),
    ],
)
def test_what_is_wrong_is_refused(changes, how, status, code):
    for fake in (FakeTwilio(), FakeSignalWire()):
        fake.opted_out.add("+12025550199")
        answer, said = ask(fake, {**MESSAGE, **changes}, **how)

        assert (answer, fake.messages) == (status, [])
        is_listed = isinstance(fake, FakeSignalWire) and status != 401
        assert (said["errors"][0]["code"] if is_listed else said["code"]) == (
            str(code) if is_listed else code
        )


@pytest.mark.parametrize("provider", ["twilio", "signalwire"])
def test_what_is_made_has_the_fields_and_types_of_the_sample(provider):
    fake = FakeTwilio() if provider == "twilio" else FakeSignalWire()
    sample = json.loads((SAMPLES / f"{provider}/rest/create-message-201.json").read_text())

    status, made = ask(fake, MESSAGE)

    assert status == 201
    assert set(made) == set(sample)
    assert [type(made[name]) for name in ("sid", "num_segments", "num_media", "body")] == [
        type(sample[name]) for name in ("sid", "num_segments", "num_media", "body")
    ]


def test_messages_are_listed_by_receiver_and_time():
    fake = FakeTwilio()
    ask(fake, MESSAGE)
    ask(fake, {**MESSAGE, "To": "+12025550148"})

    def listed(since):
        query = {"To": [MESSAGE["To"]], "DateSent>": [since]}
        return [each["to"] for each in ask(fake, method="GET", query=query)[1]["messages"]]

    assert listed("2025-10-20T11:59:00Z") == [MESSAGE["To"]]
    assert listed("2025-10-20T12:01:00Z") == []


@pytest.mark.parametrize("url", ["", "/webhook/status", "ftp://hub.example.com/x"])
def test_a_callback_to_what_is_no_url_is_refused(url):
    fake = FakeTwilio()

    status, said = ask(fake, {**MESSAGE, "StatusCallback": url})

    assert (status, said["code"], fake.messages) == (400, 21609, [])


@pytest.mark.parametrize(
    ("fake", "sample"),
    [
        (FakeTwilio(auth_token="12345"), "twilio/message-status-delivered"),
        (FakeTwilio(auth_token="12345"), "twilio/message-status-undelivered-30007"),
        (FakeTwilio(auth_token="12345"), "twilio/message-status-new-parameter"),
        (FakeSignalWire(), "signalwire/message-status-delivered"),
    ],
)
def test_a_report_is_signed_as_the_samples_are(fake, sample):
    sent = json.loads((SAMPLES / f"{sample}.request.json").read_text())

    made = fake.signed(sent["target"], dict(parse_qsl(sent["body"], keep_blank_values=True)))

    assert made.headers[fake.signature_header] == sent["headers"][fake.signature_header]
    assert made.body.decode() == sent["body"]
