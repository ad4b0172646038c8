"""Tool calls in all their shapes, and everything else that arrives at a tool's URL (H-04, X05)."""

import json

import pytest

from hub.errors import Rejected
from hub.ingest.body import read_json
from hub.ingest.dialects import DIALECTS, Beside, Reply
from tests.unit.ingest.sample_bodies import SAMPLES, body

TOOL = DIALECTS["vapi.tool"]
LEAD = "5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21"
OFFSET_TIME = {"lead_id": LEAD, "appointment_time": "2025-12-03T14:00:00-05:00"}
UTC_TIME = {"lead_id": LEAD, "appointment_time": "2025-12-03T19:00:00Z"}
PHONE_CALL = "019a9f10-2c4e-7aa1-9d53-0f2b6c1e7d10"


def unpacked(name, tool="book_appointment"):
    return TOOL.unpack(body(name), Beside(tool=tool))


def packed(found, *replies):
    answer = TOOL.pack(found, replies)
    assert answer.headers["Content-Type"] == "application/json"
    return answer.status, json.loads(answer.body)


@pytest.mark.parametrize(
    ("name", "identity", "payload"),
    [
        ("vapi/tool-calls", "call_Xb1mZ0aQ7uYtR4eW2sDfG8hJ", OFFSET_TIME),
        ("vapi/tool-calls-arguments-string", "call_StrArgs0000000000000001", UTC_TIME),
        ("vapi/tool-calls-flat-arguments", "toolu_01ExampleFlatArgs", OFFSET_TIME),
        (
            "vapi/tool-calls-flat-parameters",
            "abc123",
            {"lead_id": LEAD, "appointment_time": "2025-12-03T14:00:00+00:00"},
        ),
        ("vapi/tool-calls-only-tool-with", "call_OnlyWith0001", OFFSET_TIME),
        ("vapi/tool-calls-minimal", "call_min", UTC_TIME),
        ("vapi/tool-calls-inline-secret", "call_Xb1mZ0aQ7uYtR4eW2sDfG8hJ", OFFSET_TIME),
        (
            "vapi/tool-calls-static-parameters",
            "call_static",
            {**OFFSET_TIME, "caller_number": "+12025550147", "api_version": "v2"},
        ),
    ],
)
def test_one_call_in_every_shape_is_one_call(name, identity, payload):
    found = unpacked(name)

    assert [call.payload for call in found.calls] == [payload]
    assert found.calls[0].id == identity
    assert found.calls[0].name == "book_appointment"
    assert found.calls[0].refusal is None
    assert found.calls[0].key.endswith(identity)
    assert found.ignored is None


def test_several_calls_are_answered_in_their_order_and_one_does_not_hinder_another():
    found = unpacked("vapi/tool-calls-multiple")
    expected = json.loads((SAMPLES / "vapi/responses/tool-calls-mixed.json").read_bytes())

    assert [call.refusal for call in found.calls] == ["Unknown tool.", None, "Unknown tool.", None]
    assert found.calls[1].payload == OFFSET_TIME
    assert packed(
        found,
        Reply({"slots": ["2025-12-03T14:00:00-05:00"]}),
        Reply("Booked."),
        Reply("Unknown tool.", is_failure=True),
        Reply("appointment_time is missing.", is_failure=True),
    ) == (200, expected)


def test_empty_arguments_in_four_ways_mean_none():
    found = unpacked("vapi/tool-calls-empty-arguments", tool="list_slots")

    assert [call.payload for call in found.calls] == [{}, {}, {}, {}]


def test_arguments_that_were_cut_off_make_an_error_and_no_run():
    found = unpacked("vapi/tool-calls-truncated-arguments")

    assert found.calls[0].payload is None
    assert "could not be read" in str(found.calls[0].refusal)


@pytest.mark.parametrize(
    "arguments", ["[1]", '"text"', "1", "null", '{"a": 1, "a": 2}', '{"a": "\\u0000"}', "{" * 99]
)
def test_arguments_that_are_no_object_make_an_error(arguments):
    item = {"id": "c", "function": {"name": "book_appointment", "arguments": arguments}}
    message = {"type": "tool-calls", "toolCallList": [item]}

    found = TOOL.unpack(
        read_json(json.dumps({"message": message}).encode()), Beside(tool="book_appointment")
    )

    assert "could not be read" in str(found.calls[0].refusal)


def test_a_character_that_cannot_be_stored_refuses_its_call_alone():
    raw = (
        b'{"message": {"type": "tool-calls", "artifact": {"x": "\\ud800"}, "toolCallList": ['
        b'{"id": "a", "name": "t", "arguments": {"x": "\\u0000"}},'
        b'{"id": "b", "name": "t", "arguments": {"x": "fine"}}]}}'
    )

    found = TOOL.unpack(read_json(raw), Beside(tool="t"))

    assert [call.refusal is None for call in found.calls] == [False, True]
    assert found.is_mended


@pytest.mark.parametrize("item", [None, 1, "text", [], {}, {"id": 7, "name": "t"}, {"name": "t"}])
def test_an_item_without_an_id_cannot_be_answered_and_makes_no_run(item):
    raw = json.dumps({"message": {"type": "tool-calls", "toolCallList": [item]}}).encode()

    found = TOOL.unpack(read_json(raw), Beside(tool="t"))

    assert found.calls[0].refusal == "The tool call has no id."
    assert packed(found, Reply("no", is_failure=True))[1]["results"][0]["toolCallId"] == ""


@pytest.mark.parametrize("name", ["function-call-legacy", "function-call-legacy-object"])
def test_the_old_function_call_is_one_call_with_an_answer_of_its_own(name):
    found = unpacked(f"vapi/{name}")
    expected = json.loads((SAMPLES / "vapi/responses/function-call-legacy.json").read_bytes())

    assert [call.payload for call in found.calls] == [OFFSET_TIME]
    assert packed(found, Reply("Booked for Wednesday, December 3 at 2:00 PM Eastern.")) == (
        200,
        expected,
    )


def test_the_old_function_call_is_told_apart_by_call_name_and_arguments():
    as_text = unpacked("vapi/function-call-legacy").calls[0].key
    as_object = unpacked("vapi/function-call-legacy-object").calls[0].key

    assert as_text == as_object
    assert as_text.startswith(f"{PHONE_CALL}/book_appointment/")


def test_an_unknown_function_is_told_so():
    found = unpacked("vapi/function-call-legacy", tool="another")

    assert found.calls[0].refusal == "Unknown tool."
    assert packed(found, Reply("Unknown tool.", is_failure=True)) == (
        200,
        {"error": "Unknown tool."},
    )


@pytest.mark.parametrize(
    "name",
    [
        "assistant-request",
        "assistant-request-sip",
        "assistant-started",
        "campaign-predial",
        "conversation-update",
        "end-of-call-report",
        "end-of-call-report-error-reason",
        "end-of-call-report-legacy",
        "end-of-call-report-no-answer",
        "handoff-destination-request",
        "hang",
        "speech-update",
        "status-update-ended",
        "status-update-forwarding",
        "status-update-in-progress",
        "transcript-final",
        "transfer-destination-request",
        "unknown-message-type",
        "user-interrupted",
    ],
)
def test_other_messages_get_an_empty_object_and_make_no_run(name):
    found = unpacked(f"vapi/{name}")

    assert found.calls == ()
    assert found.ignored.startswith("message type ")
    assert packed(found) == (200, {})


@pytest.mark.parametrize("calls", [[], None, {}, "x"])
def test_a_message_without_calls_has_no_results(calls):
    raw = json.dumps({"message": {"type": "tool-calls", "toolCallList": calls}}).encode()

    found = TOOL.unpack(read_json(raw), Beside(tool="t"))

    assert packed(found) == (200, {"results": []})
    assert found.ignored


@pytest.mark.parametrize("name", ["vapi/api-request-tool", "hub/appointment-booked-offset"])
def test_a_flat_body_is_one_call_with_the_statuses_of_json(name):
    found = unpacked(name)

    assert found.calls[0].payload == body(name).value
    assert found.calls[0].key is None
    assert found.when_refused == "refuse"
    assert packed(found, Reply("Booked.")) == (200, "Booked.")
    assert packed(found, Reply({"error": "slot_taken"}, status=409)) == (
        409,
        {"error": "slot_taken"},
    )


def test_a_flat_body_with_what_cannot_be_stored_is_refused():
    with pytest.raises(Rejected) as refused:
        TOOL.unpack(read_json(b'{"lead_id": "\\u0000"}'), Beside(tool="t"))
    assert refused.value.status == 422


def test_the_caller_is_told_by_the_message():
    assert unpacked("vapi/tool-calls").caller == {
        "call_id": PHONE_CALL,
        "phone": "+12025550147",
        "assistant_id": "2bec425c-0000-4000-8000-3f0ff5f25d01",
    }
    assert unpacked("vapi/tool-calls-minimal").caller == {}
    assert unpacked("vapi/assistant-request-sip").caller == {
        "call_id": "019a9f10-2c4e-7aa1-9d53-0f2b6c1e7d13"
    }


def test_an_answer_is_always_one_line_of_text():
    found = unpacked("vapi/tool-calls")

    def result(reply):
        return packed(found, reply)[1]["results"][0]

    assert result(Reply("two\r\n lines\n"))["result"] == "two lines"
    assert result(Reply({"a": ["x\ny"]}))["result"] == '{"a":["x\\ny"]}'
    assert result(Reply(None))["result"] == "null"
    assert result(Reply("No.", status=409))["error"] == "No."
    assert result(Reply({"error": "timeout"}, status=500))["error"] == '{"error":"timeout"}'


def test_the_sample_answers_are_what_we_send():
    found = unpacked("vapi/tool-calls")
    expected = json.loads((SAMPLES / "vapi/responses/tool-calls-ok.json").read_bytes())

    assert packed(found, Reply("Booked for Wednesday, December 3 at 2:00 PM Eastern.")) == (
        200,
        expected,
    )


def test_short_ids_of_two_phone_calls_are_two_keys():
    def key(call_id):
        item = {"id": "1", "name": "t", "arguments": {}}
        message = {"type": "tool-calls", "call": {"id": call_id}, "toolCallList": [item]}
        raw = json.dumps({"message": message}).encode()
        return TOOL.unpack(read_json(raw), Beside(tool="t")).calls[0].key

    assert key("one") != key("two")
    assert key("one") == key("one")
