"""A message whose answer was lost: looked for, and never sent a second time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.connectors.connections import ConnectionSettings
from hub.connectors.sms import TwilioClient, send_sms
from hub.errors import Permanent, StepFailed, Transient
from tests.fakes.clock import FakeClock
from tests.fakes.services import CUT, HANG, Answer
from tests.fakes.twilio import FakeSignalWire, FakeTwilio
from tests.unit.ingest.sample_bodies import SAMPLES

TO, FROM = "+12025550147", "+12025550100"


@pytest.fixture(params=[FakeTwilio, FakeSignalWire])
def service(request: pytest.FixtureRequest) -> Iterator[FakeTwilio]:
    with request.param() as fake:
        yield fake


@pytest.fixture
def signalwire() -> Iterator[FakeSignalWire]:
    with FakeSignalWire() as fake:
        yield fake


def client_of(http, service, **options):
    provider = "signalwire" if isinstance(service, FakeSignalWire) else "twilio"
    settings = ConnectionSettings(
        "sms",
        "twilio",
        base_url=service.url + service.prefix,
        credentials={"account_sid": service.account_sid, "auth_token": service.auth_token},
        options={"from": FROM, "provider": provider, **options},
    )
    return TwilioClient(settings, http)


def send(http, service, attempt, text="Tomorrow at 9", **options):
    client = client_of(http, service, **options)
    return send_sms(client, attempt, FakeClock(), to=TO, text=text).sid


def posts(service):
    return [each for each in service.requests if each.method == "POST"]


@pytest.mark.parametrize("sender", [FROM, "MG" + "1" * 32])
def test_E8_a_message_whose_answer_was_lost_is_found(http, attempt, service, sender):
    service.loses_the_answer()

    sid = send(http, service, attempt, **{"from": sender})

    assert [each.sid for each in service.messages] == [sid]


def test_E8_a_message_in_doubt_is_looked_for_before_it_is_sent_again(http, attempt, service):
    first = send(http, service, attempt)

    again = send(http, service, replace(attempt, number=2, may_be_done=True))

    assert again == first
    assert len(service.messages) == 1


def test_a_message_that_did_not_arrive_is_sent(http, attempt, service):
    send(http, service, attempt, text="Another one")

    send(http, service, replace(attempt, number=2, may_be_done=True))

    assert len(service.messages) == 2


def test_the_same_words_without_a_doubt_are_another_message(http, attempt, service):
    for number in (1, 2):
        send(http, service, replace(attempt, number=number))

    assert len(service.messages) == 2


def test_E8_what_cannot_be_looked_up_stays_in_doubt(http, attempt, service):
    service.then(CUT, Answer(500))

    with pytest.raises(Transient) as failure:
        send(http, service, attempt)

    assert failure.value.maybe_done


@pytest.mark.parametrize("said", [Answer(500), Answer.of({"other": []}), Answer(200, b"<html>")])
def test_E8_in_doubt_nothing_is_sent_before_the_service_answers(http, attempt, service, said):
    service.always(said)

    with pytest.raises(Transient):
        send(http, service, replace(attempt, number=2, may_be_done=True))

    assert posts(service) == []


def test_E9_looking_costs_no_more_than_the_attempts_own_time(http, attempt, service):
    """Both hang: the attempt still ends, and stays in doubt."""
    service.always(HANG)

    with pytest.raises(Transient) as failure:
        send(http, service, replace(attempt, timeout=timedelta(seconds=0.5)))

    assert (failure.value.code, failure.value.maybe_done) == ("timeout", True)


@pytest.mark.parametrize(
    "found",
    [
        {"body": "other"},
        {"from": "+12025550199"},
        {"to": "+12025550199"},
        {"date_created": "Sun, 19 Oct 2025 11:00:00 +0000"},
        {"date_created": None},
        {"sid": ""},
    ],
)
def test_another_message_is_not_taken_for_ours(http, attempt, twilio, found):
    made = {
        "sid": "SM9",
        "to": TO,
        "from": FROM,
        "body": "Tomorrow at 9",
        "date_created": "Mon, 20 Oct 2025 12:00:00 +0000",
    }
    twilio.then(CUT, Answer.of({"messages": [{**made, **found}, None]}))

    with pytest.raises(Transient):
        send(http, twilio, attempt)


# ------------------------------------------------------------------------- what the services say

SAID = {  # sample → status, kind, code, whether it may have been sent
    "twilio/rest/error-21211.json": (400, Permanent, "invalid_number", False),
    "twilio/rest/error-21610.json": (400, Permanent, "opted_out", False),
    "twilio/rest/error-20003.json": (401, Permanent, "unauthorized", False),
    "twilio/rest/error-20429.json": (429, Transient, "rate_limited", False),
    "twilio/rest/error-21611.json": (400, Transient, "rate_limited", False),
    "twilio/rest/error-503.html": (503, Transient, "unavailable", True),
    "signalwire/rest/error-401.json": (401, Permanent, "unauthorized", False),
    "signalwire/rest/error-400-errors-array.json": (400, Permanent, "opted_out", False),
    "signalwire/rest/error-422-string-array.json": (422, Permanent, "invalid_input", False),
}
MADE = ("twilio/rest/create-message-201.json", "signalwire/rest/create-message-201.json")


@pytest.mark.parametrize("name", SAID)
def test_each_refusal_of_the_samples_is_understood(http, attempt, twilio, signalwire, name):
    status, *expected = SAID[name]
    service = signalwire if name.startswith("signalwire") else twilio
    service.then(Answer(status, (SAMPLES / name).read_bytes()))

    with pytest.raises(StepFailed) as failure:
        send(http, service, attempt)

    assert [type(failure.value), failure.value.code, failure.value.maybe_done] == expected
    assert service.messages == []


@pytest.mark.parametrize("name", MADE)
def test_each_message_of_the_samples_was_accepted(http, attempt, twilio, name):
    raw = (SAMPLES / name).read_bytes()
    twilio.then(Answer(201, raw))

    assert send(http, twilio, attempt) == json.loads(raw)["sid"]


def test_no_sample_of_an_answer_is_left_out():
    found = {
        f"{folder}/rest/{each.name}"
        for folder in ("twilio", "signalwire")
        for each in (SAMPLES / folder / "rest").iterdir()
    }

    assert found == {*SAID, *MADE}


def test_an_opt_out_at_signalwire_is_noticed(http, attempt, signalwire):
    signalwire.opted_out.add(TO)

    with pytest.raises(Permanent) as failure:
        send(http, signalwire, attempt)

    assert failure.value.code == "opted_out"
