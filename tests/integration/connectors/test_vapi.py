"""vapi.start_call and vapi.get_call against a fake Vapi."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from hub.bootstrap.clock import SystemClock
from hub.connectors.connections import ConnectionSettings
from hub.connectors.vapi import VapiClient, start_call
from hub.connectors.vapi_reading import find_call, get_call
from hub.errors import Permanent, StepFailed, Transient
from tests.fakes.services import CUT, Answer
from tests.fakes.vapi import SAMPLES, sample

ASSISTANT = "2bec425c-0000-4000-8000-3f0ff5f25d01"
TO = "+12025550147"
CLOCK = SystemClock()
LONG_AGO = CLOCK.now() - timedelta(hours=1)


def settings_for(vapi, **options):
    return ConnectionSettings(
        "calls",
        "vapi",
        base_url=vapi.url,
        credentials={"api_key": vapi.api_key},
        options={"phone_number_id": "pn-1", "assistants": f"booking={ASSISTANT}", **options},
    )


@pytest.fixture
def client(http, vapi):
    return VapiClient(settings_for(vapi), http)


def failure_of(client, attempt, assistant="booking", to=TO):
    with pytest.raises(StepFailed) as failure:
        start_call(client, attempt, CLOCK, to=to, assistant=assistant)
    found = failure.value
    return type(found), found.code, found.maybe_done


def test_a_call_is_started_by_the_name_of_an_assistant(client, attempt, vapi):
    started = start_call(
        client,
        attempt,
        CLOCK,
        to=TO,
        assistant="booking",
        first_message="Hello {{name}}",
        variables={"name": "Zoë"},
    )

    call = vapi.calls[started.call_id]
    assert call["assistantId"] == ASSISTANT
    assert call["customer"] == {"number": TO}
    assert call["assistantOverrides"] == {
        "variableValues": {"name": "Zoë"},
        "firstMessage": "Hello {{name}}",
        "metadata": {"hub_run": str(attempt.run_id), "hub_step": attempt.key},
    }


def test_an_assistant_is_an_id_or_a_name_that_hub_yaml_has(client, attempt, vapi):
    assert start_call(client, attempt, CLOCK, to=TO, assistant=ASSISTANT).call_id in vapi.calls
    assert failure_of(client, attempt, "nobody") == (Permanent, "not_configured", False)
    assert len(vapi.requests) == 1


def test_a_201_with_all_lines_busy_is_no_call_and_may_be_tried_again(client, attempt, vapi):
    vapi.lines = 0

    assert failure_of(client, attempt) == (Transient, "lines_busy", False)

    vapi.lines = 1
    assert start_call(client, attempt, CLOCK, to=TO, assistant="booking").call_id in vapi.calls


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (Answer.of(sample("error-400.json"), 400), (Permanent, "invalid_input", False)),
        (Answer(429), (Transient, "rate_limited", False)),
        (Answer(500), (Transient, "unavailable", True)),
        (CUT, (Transient, "unavailable", True)),
        (Answer(201, b"<html>"), (Transient, "unavailable", True)),
        (Answer.of({"status": "queued"}, 201), (Transient, "unavailable", True)),
        (Answer.of(sample("create-call-201.json"), 200), (Transient, "unavailable", True)),
        (Answer.of(sample("create-call-batch-201.json"), 201), (Transient, "unavailable", True)),
        (
            Answer.of(sample("create-call-201-concurrency-blocked.json"), 201),
            (Transient, "lines_busy", False),
        ),
    ],
)
def test_whatever_leaves_open_whether_it_rings_may_have_rung(
    client, attempt, vapi, behaviour, expected
):
    vapi.then(behaviour)

    assert failure_of(client, attempt) == expected


def test_what_is_sent_has_the_members_of_the_sample_in_their_places(client, attempt, vapi):
    """Of the sample's members only those that a workflow has nothing to say of are left out."""
    start_call(client, attempt, CLOCK, to=TO, assistant="booking", variables={"lead_name": "Zoë"})

    (request,) = vapi.requests
    wanted = sample("create-call-request.json")
    assert request.json.keys() == wanted.keys() - {"name", "schedulePlan"}
    assert request.json["customer"].keys() <= wanted["customer"].keys()
    assert request.json["assistantOverrides"].keys() == wanted["assistantOverrides"].keys()
    assert request.json["assistantId"] == wanted["assistantId"]


def test_no_sample_of_the_rest_api_is_left_out():
    """`get-call-ended` is what the fake answers when a call is over."""
    assert {each.name for each in SAMPLES.iterdir()} == {
        "create-call-201.json",
        "create-call-201-concurrency-blocked.json",
        "create-call-batch-201.json",
        "create-call-request.json",
        "error-400.json",
        "get-call-ended.json",
    }


def test_a_number_that_is_none_is_refused(client, attempt):
    assert failure_of(client, attempt, to="+1202") == (Permanent, "invalid_input", False)


def test_S6_a_wrong_key_is_refused_and_not_shown(http, attempt, vapi):
    settings = replace(settings_for(vapi), credentials={"api_key": "vapi-key-wrong"})
    vapi.then(Answer(401, b"Invalid Key: vapi-key-wrong"))

    with pytest.raises(Permanent) as failure:
        start_call(VapiClient(settings, http), attempt, CLOCK, to=TO, assistant="booking")

    assert failure.value.code == "unauthorized"
    assert "vapi-key-wrong" not in failure.value.message


def test_a_call_is_read_until_it_has_ended(client, attempt, vapi):
    call_id = start_call(client, attempt, CLOCK, to=TO, assistant="booking").call_id
    before = get_call(client, attempt, call_id=call_id)
    found = {"name": "Booking", "result": {"booking_confirmed": True, "confirmed_date": "Monday"}}
    vapi.ends(call_id, artifact={"structuredOutputs": {"1": found}, "transcript": "Hello."})

    after = get_call(client, attempt, call_id=call_id)

    assert (before.status, before.booking_confirmed) == ("queued", False)
    assert (after.status, after.booking_confirmed) == ("ended", True)
    assert (after.confirmed_date, after.transcript) == ("Monday", "Hello.")
    assert after.ended_reason == "voicemail"


@pytest.mark.parametrize(
    ("ended", "outcome"),
    [
        (("customer-ended-call", {"booking_confirmed": True}), "confirmed"),
        (("customer-ended-call", {"booking_confirmed": False}), "declined"),
        (("customer-ended-call", {}), "unclear"),
        (("customer-ended-call", {"booking_confirmed": "yes"}), "unclear"),
        (("customer-did-not-answer", {}), "unreached"),
        (("voicemail", {}), "unreached"),
        (("call.start.error-vapi-concurrency-limit-reached", {}), "unreached"),
        (("pipeline-error-openai-llm-failed", {}), "unclear"),
        ((None, {}), "unclear"),
    ],
)
def test_X15_what_a_call_came_to_is_told_only_where_it_is_known(
    client, attempt, vapi, ended, outcome
):
    reason, results = ended
    call_id = start_call(client, attempt, CLOCK, to=TO, assistant="booking").call_id
    assert get_call(client, attempt, call_id=call_id).outcome == "unclear"

    vapi.ends(call_id, endedReason=reason, analysis={"structuredData": results}, artifact={})

    assert get_call(client, attempt, call_id=call_id).outcome == outcome


@pytest.mark.parametrize("behaviour", [CUT, Answer(500), Answer(201, b"<html>")])
def test_X15_an_unclear_answer_is_reconciled_and_nobody_is_dialled_twice(
    client, attempt, vapi, behaviour
):
    """The call was started, its answer was lost: it is found by the run and the step."""
    vapi.loses_answers = [behaviour]

    started = start_call(client, attempt, CLOCK, to=TO, assistant="booking")

    assert [started.call_id] == list(vapi.calls)
    assert [each.method for each in vapi.requests] == ["POST", "GET"]


def test_X15_what_is_not_found_stays_unclear(client, attempt, vapi):
    vapi.forgets, vapi.loses_answers = True, [CUT]

    assert failure_of(client, attempt) == (Transient, "unavailable", True)
    assert len(vapi.calls) == 1


def test_X15_an_attempt_that_may_have_called_looks_before_it_dials(client, attempt, vapi):
    first = start_call(client, attempt, CLOCK, to=TO, assistant="booking")

    again = start_call(
        client, replace(attempt, may_be_done=True), CLOCK, to=TO, assistant="booking"
    )

    assert again == first
    assert len(vapi.calls) == 1


def test_X15_a_call_is_found_by_its_run_among_the_calls_of_others(client, attempt):
    for other in range(3):
        theirs = replace(attempt, run_id=UUID(int=100 + other))
        start_call(client, theirs, CLOCK, to=TO, assistant="booking")
    ours = start_call(client, attempt, CLOCK, to=TO, assistant="booking").call_id

    def find(run_id, since=LONG_AGO):
        return find_call(client, attempt, run_id=str(run_id), since=since)

    assert (find(attempt.run_id).found, find(attempt.run_id).call_id) == (True, ours)
    assert not find(UUID(int=7)).found
    assert not find(attempt.run_id, CLOCK.now() + timedelta(hours=1)).found


def test_X15_a_list_of_many_pages_is_read_to_its_end(client, attempt, vapi):
    ours = start_call(client, attempt, CLOCK, to=TO, assistant="booking").call_id
    old = vapi.calls[ours]
    for index in range(2500):
        made = (CLOCK.now() + timedelta(milliseconds=5 * index)).isoformat(timespec="milliseconds")
        newer = {**old, "id": f"call-{index}", "assistantOverrides": {}}
        vapi.calls[f"call-{index}"] = {**newer, "createdAt": made.replace("+00:00", "Z")}

    found = find_call(client, attempt, run_id=str(attempt.run_id), since=LONG_AGO)

    assert found.call_id == ours
    assert len(vapi.requests) == 4


@pytest.mark.parametrize("said", [{"results": []}, ["call"], None])
def test_X15_a_list_that_is_not_vapis_says_nothing(client, attempt, vapi, said):
    vapi.then(Answer.of(said))

    with pytest.raises(Transient) as failure:
        find_call(client, attempt, run_id="1", since=LONG_AGO)

    assert failure.value.code == "unavailable"


def test_X15_more_calls_in_one_instant_than_a_page_has_are_no_proof(client, attempt, vapi):
    full = [{"id": str(index), "createdAt": "2025-11-20T12:00:00.000Z"} for index in range(1000)]
    vapi.always(Answer.of(full))

    with pytest.raises(Transient) as failure:
        find_call(client, attempt, run_id="1", since=LONG_AGO)

    assert failure.value.code == "unavailable"


def test_a_call_that_is_none_is_not_found(client, attempt):
    with pytest.raises(Permanent) as failure:
        get_call(client, attempt, call_id="../phone-number/pn-1")

    assert failure.value.code == "not_found"


def test_a_check_asks_for_the_number_and_calls_nobody(http, client, vapi):
    assert client.check() == "Vapi takes the key; calls come from +12025550100"

    wrong = VapiClient(settings_for(vapi, phone_number_id="pn-2"), http)
    with pytest.raises(Permanent) as failure:
        wrong.check()

    assert "options.phone_number_id pn-2 is none" in failure.value.message
    assert vapi.calls == {}
