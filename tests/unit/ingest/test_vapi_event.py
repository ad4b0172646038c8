"""Server messages that report what happened: old and new results together, nothing secret."""

import json

import pytest

from hub.ingest.body import read_json
from hub.ingest.dialects import DIALECTS, Reply
from hub.ingest.dialects.judging import is_dropped, judge
from hub.ingest.notes import notes_of, reason
from tests.unit.ingest.door import Door, said, workflow
from tests.unit.ingest.sample_bodies import SAMPLES, body

EVENT = DIALECTS["vapi.event"]
APOLOGY = "I am sorry, this call cannot be taken just now."
CALL = "019a9f10-2c4e-7aa1-9d53-0f2b6c1e7d10"
MESSAGES = sorted(
    path.stem for path in (SAMPLES / "vapi").glob("*.json") if path.stem != "api-request-tool"
)


ACCEPTED = Reply({"status": "accepted", "run_id": "r"}, status=202)
# What an endpoint that does not wait says to those who ask: `{}` is no answer to them.
SAID_UNASKED = {
    "assistant-request": {"error": APOLOGY},
    "assistant-request-sip": {"error": APOLOGY},
    "transfer-destination-request": {"error": APOLOGY},
    "handoff-destination-request": {"error": APOLOGY},
    "campaign-predial": {"eligible": False},
}


def unpacked(name):
    return EVENT.unpack(body(f"vapi/{name}"))


def message(**members):
    raw = json.dumps({"message": {"type": "end-of-call-report", **members}}).encode()
    return EVENT.unpack(read_json(raw)).calls[0].payload


@pytest.mark.parametrize("name", MESSAGES)
def test_every_server_message_is_one_call_and_those_that_ask_are_answered(name):
    found = unpacked(name)

    assert len(found.calls) == 1
    assert found.calls[0].payload["type"] == body(f"vapi/{name}").value["message"]["type"]
    assert found.when_refused == "record"
    answer = EVENT.pack(found, [ACCEPTED])
    assert (answer.status, json.loads(answer.body)) == (200, SAID_UNASKED.get(name, {}))
    assert not is_dropped(judge("vapi.event", answer.body, asked=found))


def test_a_tool_call_at_the_wrong_url_is_noted_as_such():
    found = unpacked("tool-calls-minimal")

    assert "hears silence" in str(reason(notes_of(found, [])))
    assert reason(notes_of(unpacked("end-of-call-report"), [])) is None


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("end-of-call-report", f"{CALL}/end-of-call-report"),
        ("end-of-call-report-legacy", f"{CALL}/end-of-call-report"),
        ("status-update-ended", f"{CALL}/status-update/ended"),
        ("status-update-in-progress", f"{CALL}/status-update/in-progress"),
        ("speech-update", None),
        ("conversation-update", None),
        ("transcript-final", None),
        ("unknown-message-type", None),
    ],
)
def test_only_messages_that_come_once_have_a_key(name, key):
    assert unpacked(name).calls[0].key == key


def test_old_and_new_results_stand_together():
    payload = unpacked("end-of-call-report").calls[0].payload

    assert payload["analysis"]["structuredData"] == {
        "outcome": "appointment_booked",
        "lead_id": "5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21",
        "appointment_time": "2025-12-03T14:00:00-05:00",
    }
    assert payload["analysis"]["successEvaluation"] == "true"


def test_new_results_alone_are_found_at_the_old_place():
    outputs = {
        "1": {"name": "outcome", "result": {"booking_confirmed": True}},
        "2": {"name": "score", "result": 7},
        "3": {"name": "late", "result": None},
        "4": None,
    }
    payload = message(artifact={"structuredOutputs": outputs})

    assert payload["analysis"]["structuredData"] == {"booking_confirmed": True, "score": 7}


@pytest.mark.parametrize("analysis", [None, {}, {"structuredData": None}, {"structuredData": {}}])
def test_a_report_without_results_says_nothing(analysis):
    payload = message(analysis=analysis, artifact={"structuredOutputs": {}})

    assert not payload.get("analysis", {}).get("structuredData")


def test_members_that_are_null_are_left_out():
    payload = unpacked("end-of-call-report-error-reason").calls[0].payload

    assert payload["analysis"] == {}
    assert payload["endedReason"] == "call.in-progress.error-vapifault-worker-not-available"


def test_secrets_do_not_reach_the_payload():
    payload = message(
        artifact={"presignedMonoUrl": "s3cret", "transcript": "Hello"},
        call={"id": "c", "monitor": {"controlUrl": "s3cret", "listenUrl": "s3cret"}},
        assistant={"serverUrlSecret": "s3cret"},
    )

    assert "s3cret" not in repr(payload)
    assert payload["artifact"] == {"transcript": "Hello"}


@pytest.mark.parametrize("value", [{}, [], "text", {"message": "text"}, {"message": {}}, {"a": 1}])
def test_a_body_that_is_no_message_is_recorded_and_makes_no_run(value):
    found = EVENT.unpack(read_json(json.dumps(value).encode()))

    assert found.calls == ()
    assert found.ignored == "no server message"
    assert EVENT.pack(found, []).body == b"{}"


def test_a_message_that_wants_something_gets_the_reply():
    found = unpacked("assistant-request")
    expected = json.loads((SAMPLES / "vapi/responses/assistant-request.json").read_bytes())

    assert json.loads(EVENT.pack(found, [Reply(expected)]).body) == expected
    failed = EVENT.pack(found, [Reply("Not now.", status=500, is_failure=True)])
    assert json.loads(failed.body) == {"error": "Not now."}
    eligible = EVENT.pack(unpacked("campaign-predial"), [Reply({"eligible": False})])
    assert json.loads(eligible.body) == {"eligible": False}


def test_a_faulty_transcript_is_mended_and_the_event_is_kept():
    raw = b'{"message": {"type": "end-of-call-report", "artifact": {"transcript": "a\\u0000b"}}}'

    found = EVENT.unpack(read_json(raw))

    assert found.calls[0].payload["artifact"]["transcript"] == "a\N{REPLACEMENT CHARACTER}b"
    assert found.is_mended


# ------------------------------------------------------------------- questions and their answers

VOICE_DOOR = {
    "voice": workflow(
        "path: /webhook/voice\nauth: broker\ndialect: vapi.event\n"
        "respond:\n  within: 9s\n  otherwise: {assistantId: a-1}"
    )
}
PROVED = {"Authorization": "Bearer new-token"}


def sent(name):
    raw = (SAMPLES / f"vapi/{name}.json").read_bytes()
    return Door(VOICE_DOOR).send("/webhook/voice", raw, headers=PROVED)


def test_an_assistant_request_is_answered_before_vapi_hangs_up():
    for name, seconds in [
        ("assistant-request", 6),
        ("assistant-request-sip", 6),
        ("transfer-destination-request", 9),
        ("campaign-predial", 9),
    ]:
        (outcome,) = sent(name).outcomes
        assert outcome.wait.total_seconds() == seconds, name


def test_what_is_said_at_the_deadline_is_told_to_the_one_who_asked():
    assert said(sent("assistant-request")) == {"assistantId": "a-1"}


@pytest.mark.parametrize(
    ("name", "reply", "told"),
    [
        ("assistant-request", Reply("We are closed."), {"error": "We are closed."}),
        ("assistant-request", Reply({"assistantId": 7}), {"error": APOLOGY}),
        ("assistant-request", Reply({"error": "x", "run_id": "r"}, 500), {"error": APOLOGY}),
        ("assistant-request", Reply("One\ntwo.", 500), {"error": "One two."}),
        ("assistant-request", Reply(None), {"error": APOLOGY}),
        ("transfer-destination-request", Reply({"assistantId": "a"}), {"error": APOLOGY}),
        (
            "handoff-destination-request",
            Reply({"destination": {"type": "assistant"}, "result": "Moving."}),
            {"destination": {"type": "assistant"}, "result": "Moving."},
        ),
        ("campaign-predial", Reply({"eligible": True}), {"eligible": True}),
        ("campaign-predial", Reply({"eligible": "yes"}), {"eligible": False}),
        ("campaign-predial", Reply("The list is away.", 500), {"eligible": False}),
    ],
)
def test_an_answer_that_vapi_would_not_take_is_never_sent(name, reply, told):
    assert json.loads(EVENT.pack(unpacked(name), [reply]).body) == told
