"""twilio.send_sms against a fake Twilio, in its language and in SignalWire's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.connectors.connections import ConnectionSettings
from hub.connectors.sms import TwilioClient, send_sms
from hub.connectors.sms_codes import ERROR_CODES
from hub.errors import Permanent, StepFailed, Transient
from tests.fakes.clock import FakeClock
from tests.fakes.services import CUT, HANG, Answer
from tests.fakes.twilio import FakeTwilio, TextMessage

CLOCK = FakeClock()
TO = "+12025550147"
FROM = "+12025550100"


def settings_for(twilio, **options):
    return ConnectionSettings(
        "sms",
        "twilio",
        base_url=twilio.url,
        credentials={"account_sid": twilio.account_sid, "auth_token": twilio.auth_token},
        options={"from": FROM, **options},
    )


@pytest.fixture
def client(http, twilio):
    return TwilioClient(settings_for(twilio), http)


@pytest.fixture
def signalwire(http, twilio):
    return TwilioClient(settings_for(twilio, provider="signalwire"), http)


def failure_of(client, attempt, to=TO, text="hi", from_=None):
    with pytest.raises(StepFailed) as failure:
        send_sms(client, attempt, CLOCK, to=to, text=text, from_=from_)
    found = failure.value
    return type(found), found.code, found.maybe_done


def test_a_message_is_sent_from_the_number_of_the_connection(client, attempt, twilio):
    sent = send_sms(client, attempt, CLOCK, to=TO, text="Grüße & so")

    assert twilio.messages == [TextMessage(TO, FROM, "Grüße & so", sent.sid)]


def test_a_step_may_name_another_sender(client, attempt, twilio):
    send_sms(client, attempt, CLOCK, to=TO, text="hi", from_="+12025550101")

    assert twilio.messages[0].sender == "+12025550101"


def test_a_messaging_service_can_be_the_sender(http, attempt, twilio):
    service = "MG" + "1" * 32
    send_sms(
        TwilioClient(settings_for(twilio, **{"from": service}), http),
        attempt,
        CLOCK,
        to=TO,
        text="x",
    )

    assert twilio.messages[0].sender == service


def test_an_api_key_signs_in_for_the_account(http, attempt, twilio):
    settings = settings_for(twilio)
    keyed = replace(settings, credentials={**settings.credentials, "api_key_sid": "SK1"})
    with pytest.raises(Permanent):
        send_sms(TwilioClient(keyed, http), attempt, CLOCK, to=TO, text="x")

    assert f"/Accounts/{twilio.account_sid}/" in twilio.requests[0].path


@pytest.mark.parametrize(
    ("status", "number", "expected"),
    [
        (401, 20003, (Permanent, "unauthorized", False)),
        (429, 20429, (Transient, "rate_limited", False)),
        (400, 21211, (Permanent, "invalid_number", False)),
        (400, 21217, (Permanent, "invalid_number", False)),
        (400, 21408, (Permanent, "sender_not_allowed", False)),
        (400, 21606, (Permanent, "sender_not_allowed", False)),
        (400, 21610, (Permanent, "opted_out", False)),
        (400, 21611, (Transient, "rate_limited", False)),
        (400, 21614, (Permanent, "invalid_number", False)),
        (400, 21617, (Permanent, "invalid_input", False)),
        (400, 30001, (Transient, "rate_limited", False)),
        (400, 30003, (Transient, "unavailable", False)),
        (400, 30007, (Permanent, "blocked", False)),
        (400, 30034, (Permanent, "sender_not_allowed", False)),
        (400, 29999, (Permanent, "invalid_input", False)),
        (404, 20404, (Permanent, "not_found", False)),
        (500, 20500, (Transient, "unavailable", True)),
        (503, 21610, (Transient, "unavailable", True)),
    ],
)
def test_status_first_then_the_code(client, attempt, twilio, *, status, number, expected):
    twilio.fails_with(status, number)

    assert failure_of(client, attempt) == expected
    assert twilio.messages == []


@pytest.mark.parametrize(
    ("number", "code"),
    [(21606, "invalid_number"), (21612, "invalid_input"), (21717, "sender_not_allowed")],
)
def test_the_same_code_means_something_else_at_signalwire(
    signalwire, attempt, twilio, number, code
):
    twilio.fails_with(400, number)

    assert failure_of(signalwire, attempt) == (Permanent, code, False)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"code": 21610, "message": "no", "status": 400}, "opted_out"),
        ({"code": "21610", "message": "no"}, "opted_out"),
        ({"errors": [{"code": "21610", "message": "no"}]}, "opted_out"),
        ({"errors": ["To is missing"]}, "invalid_input"),
        ({"errors": []}, "invalid_input"),
        (["what"], "invalid_input"),
    ],
)
def test_all_forms_of_error_bodies_are_read(signalwire, attempt, twilio, body, code):
    twilio.then(Answer.of(body, 400))

    assert failure_of(signalwire, attempt) == (Permanent, code, False)


def test_opting_out_is_remembered_by_the_provider(client, attempt, twilio):
    twilio.opted_out.add(TO)

    assert failure_of(client, attempt) == (Permanent, "opted_out", False)


def test_retry_after_is_kept(client, attempt, twilio):
    twilio.then(Answer.of({"code": 20429, "message": "slow down"}, 429, {"Retry-After": "3"}))

    with pytest.raises(Transient) as failure:
        send_sms(client, attempt, CLOCK, to=TO, text="hi")

    assert failure.value.retry_after == timedelta(seconds=3)


@pytest.mark.parametrize(
    "behaviour", [CUT, Answer(502), Answer(201, b"<html>"), Answer.of({}, 201), Answer.of([], 201)]
)
def test_an_unclear_answer_may_have_sent(client, attempt, twilio, behaviour):
    twilio.then(behaviour)

    assert failure_of(client, attempt) == (Transient, "unavailable", True)


def test_no_answer_in_time_may_have_sent(client, attempt, twilio):
    twilio.always(HANG)
    brief = replace(attempt, timeout=timedelta(seconds=0.3))

    assert failure_of(client, brief) == (Transient, "timeout", True)


def test_a_strange_answer_to_a_sent_message_is_not_an_error_of_the_hub(client, attempt, twilio):
    strange = {"sid": "b3f7", "num_segments": 1, "date_created": 5, "price": "x", "error_code": "1"}
    twilio.then(Answer.of(strange, 201))

    assert send_sms(client, attempt, CLOCK, to=TO, text="hi").sid == "b3f7"


@pytest.mark.parametrize("to", ["+15551234567", "+19005550100", "+1", "anonymous", "+266696687"])
def test_a_number_that_cannot_be_texted_is_refused_before_sending(client, attempt, twilio, to):
    assert failure_of(client, attempt, to=to) == (Permanent, "invalid_number", False)
    assert twilio.nothing_was_sent


def test_without_a_connection_nothing_is_sent(http, attempt):
    assert failure_of(TwilioClient(None, http), attempt) == (Permanent, "not_configured", False)


def test_without_a_sender_nothing_is_sent(http, attempt, twilio):
    client = TwilioClient(settings_for(twilio, **{"from": ""}), http)

    assert failure_of(client, attempt) == (Permanent, "not_configured", False)
    assert twilio.nothing_was_sent


def test_an_unknown_provider_is_a_mistake_in_the_connection(http, attempt, twilio):
    client = TwilioClient(settings_for(twilio, provider="other"), http)

    assert failure_of(client, attempt) == (Permanent, "not_configured", False)


def test_the_environment_does_not_change_where_messages_go(http, attempt, twilio, monkeypatch):
    for name in ("TWILIO_REGION", "TWILIO_EDGE", "TWILIO_ACCOUNT_SID"):
        monkeypatch.setenv(name, "elsewhere")

    send_sms(TwilioClient(settings_for(twilio), http), attempt, CLOCK, to=TO, text="hi")

    assert len(twilio.messages) == 1


def test_each_provider_has_a_table_of_its_own():
    assert set(ERROR_CODES) == {"twilio", "signalwire"}


def test_the_fake_refuses_another_account(http, attempt):
    with FakeTwilio() as other:
        wrong = replace(settings_for(other), credentials={"account_sid": "AC9", "auth_token": "x"})

        assert failure_of(TwilioClient(wrong, http), attempt)[1] == "not_found"
