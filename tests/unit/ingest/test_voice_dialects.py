"""Retell, ElevenLabs and Bland as they send, and what they get back."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.ingest.body import Body, read_json
from hub.ingest.dialects import DIALECTS, Beside, Call, Reply, Unpacked
from hub.ingest.secret_places import carries_secret
from tests.unit.ingest.door import Door, answered, said, workflow
from tests.unit.ingest.sample_bodies import SAMPLES, body

RETELL_TOOL, RETELL_EVENT, ELEVEN_TOOL, ELEVEN_EVENT, BLAND = (
    DIALECTS[name]
    for name in (
        "retell.tool",
        "retell.event",
        "elevenlabs.tool",
        "elevenlabs.event",
        "bland.event",
    )
)
LEAD = "5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21"
BOOKING = {"lead_id": LEAD, "appointment_time": "2025-12-03T14:00:00-05:00"}
CALL = "call_7e1f0c2b9d"
ON_THE_LINE = {"call_id": CALL, "phone": "+12025550147", "assistant_id": "agent_01example"}
CONVERSATION = {"call_id": "conv_x1"}
OF_ELEVEN = {**CONVERSATION, "assistant_id": "agent_x"}
BLAND_CALL = "d12f0a8e-0000-4000-8000-7f1c6a2b0001"
BOOKED_KEY = f"{CALL}/book_appointment/{json.dumps(BOOKING, sort_keys=True, separators=(',', ':'))}"

# dialect, sample, key, caller, what of the payload says that it was read
EXPECTED = [
    ("retell.tool", "custom-function", BOOKED_KEY, ON_THE_LINE, BOOKING),
    ("retell.tool", "custom-function-args-at-root", None, {}, BOOKING),
    ("retell.event", "call_started", f"call_started/{CALL}", ON_THE_LINE, {}),
    ("retell.event", "call_ended-no-answer", f"call_ended/{CALL}", ON_THE_LINE, {}),
    ("retell.event", "call_ended", f"call_ended/{CALL}", ON_THE_LINE, {}),
    ("retell.event", "call_analyzed", f"call_analyzed/{CALL}", ON_THE_LINE, {}),
    (
        "retell.event",
        "call_inbound",
        None,
        {"phone": "+12025550147", "assistant_id": "agent_01example"},
        {"event": "call_inbound"},
    ),
    ("elevenlabs.tool", "server-tool-flat", None, {}, BOOKING),
    ("elevenlabs.tool", "server-tool-envelope", "conv_x1/call_abc123", CONVERSATION, BOOKING),
    (
        "elevenlabs.event",
        "post_call_transcription",
        "post_call_transcription/conv_x1",
        OF_ELEVEN,
        {"type": "post_call_transcription"},
    ),
    (
        "elevenlabs.event",
        "post_call_audio",
        "post_call_audio/conv_x1",
        OF_ELEVEN,
        {
            "data": {
                "agent_id": "agent_x",
                "conversation_id": "conv_x1",
                "audio_characters": 16,
            }
        },
    ),
    (
        "elevenlabs.event",
        "call_initiation_failure",
        "call_initiation_failure/conv_x2",
        {"call_id": "conv_x2", "assistant_id": "agent_x"},
        {},
    ),
    (
        "bland.event",
        "post-call",
        f"{BLAND_CALL}/completed",
        {"call_id": BLAND_CALL, "phone": "+12025550147"},
        {"summary": "Booked.", "call_length": 2.4},
    ),
]


def sample(dialect, name):
    found = DIALECTS[dialect].unpack(
        body(f"{dialect.split('.')[0]}/{name}"), Beside(tool="book_appointment")
    )
    return found, found.calls[0]


def test_every_sample_of_these_callers_is_read():
    files = {
        (path.parent.name, path.stem)
        for folder in ("retell", "elevenlabs", "bland")
        for path in (SAMPLES / folder).glob("*.json")
    }

    assert files == {(dialect.split(".")[0], name) for dialect, name, *_ in EXPECTED}


@pytest.mark.parametrize(("dialect", "name", "key", "caller", "told"), EXPECTED)
def test_a_sample_is_one_call_with_its_key_and_its_caller(dialect, name, key, caller, told):
    found, call = sample(dialect, name)

    assert len(found.calls) == 1
    assert (call.refusal, call.key, found.caller) == (None, key, caller)
    assert {each: call.payload[each] for each in told} == told
    packed = DIALECTS[dialect].pack(found, [Reply({"status": "accepted", "run_id": "r"}, 202)])
    assert packed.status == 200
    assert isinstance(json.loads(packed.body), dict)


# ----------------------------------------------------------------------------------------- retell


def envelope(**changes):
    return Body({"name": "book", "args": {"a": 1}, "call": {"call_id": "c1"}, **changes})


def test_a_function_asked_again_later_in_the_call_is_asked_anew():
    _, call = sample("retell.tool", "custom-function")

    assert call.window is not None
    assert 120 < call.window.total_seconds() < 600


def test_arguments_in_another_order_are_the_same_call():
    one = RETELL_TOOL.unpack(envelope(args={"a": 1, "b": 2})).calls[0]
    other = RETELL_TOOL.unpack(envelope(args={"b": 2, "a": 1})).calls[0]

    assert one.key == other.key
    assert one.key != RETELL_TOOL.unpack(envelope(args={"a": 2, "b": 2})).calls[0].key
    assert one.key != RETELL_TOOL.unpack(envelope(call={"call_id": "c2"})).calls[0].key


@pytest.mark.parametrize(
    ("value", "payload"),
    [
        ({"args": {"a": 1}}, {"args": {"a": 1}}),  # a field of the arguments that is called args
        ({"call": "me", "args": 1}, {"call": "me", "args": 1}),
        ({"name": "Ada", "call": {"x": 1}}, {"name": "Ada", "call": {"x": 1}}),
    ],
)
def test_what_is_no_envelope_is_the_arguments(value, payload):
    assert RETELL_TOOL.unpack(Body(value), Beside(tool="book")).calls[0].payload == payload


@pytest.mark.parametrize("dialect", [RETELL_TOOL, ELEVEN_TOOL])
@pytest.mark.parametrize("value", [None, [], "text", 7])
def test_arguments_that_are_no_object_are_refused_in_words(dialect, value):
    found = dialect.unpack(Body(value))

    assert found.when_refused == "tell"
    assert "could not be read" in str(found.calls[0].refusal)


def test_a_function_that_is_not_served_here_is_told_so():
    assert RETELL_TOOL.unpack(envelope(), Beside(tool="other")).calls[0].refusal == "Unknown tool."


def test_what_cannot_be_stored_in_the_transcript_does_not_hinder_the_function():
    raw = b'{"name": "t", "args": {"x": 1}, "call": {"call_id": "c", "transcript": "\\ud800"}}'
    broken = b'{"name": "t", "args": {"x": "\\u0000"}, "call": {"call_id": "c"}}'

    assert RETELL_TOOL.unpack(read_json(raw)).calls[0].payload == {"x": 1}
    assert RETELL_TOOL.unpack(read_json(broken)).calls[0].refusal is not None


def told(dialect, reply, value=None):
    packed = dialect.pack(dialect.unpack(value or envelope()), [reply])
    assert packed.status == 200
    return json.loads(packed.body)


@pytest.mark.parametrize("dialect", [RETELL_TOOL, ELEVEN_TOOL])
def test_a_model_hears_texts_data_and_errors_always_with_200(dialect):
    assert told(dialect, Reply("Booked.\nSee you.")) == {"result": "Booked. See you."}
    assert told(dialect, Reply({"slots": [1]})) == {"slots": [1]}
    assert told(dialect, Reply([1, 2])) == {"result": "[1,2]"}
    assert told(dialect, Reply("Not now.", status=500)) == {"error": "Not now."}
    assert told(dialect, Reply({"a": 1}, is_failure=True)) == {"error": '{"a":1}'}


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["a", '"', "\\", "\x01", "ö", "😀", "word "]), st.integers(14_900, 15_100))
def test_an_answer_that_retell_would_cut_says_itself_that_it_is_cut(sign, length):
    packed = RETELL_TOOL.pack(RETELL_TOOL.unpack(envelope()), [Reply((sign * length)[:length])])
    text = packed.body.decode()

    assert len(text) <= 15_000
    whole = json.loads(text)["result"]
    assert whole.endswith("(cut)") or whole == " ".join((sign * length)[:length].split())


def test_long_data_is_told_as_text_and_cut():
    found = told(RETELL_TOOL, Reply({"slots": ["2025-12-03T14:00:00-05:00"] * 1000}))

    assert found["result"].startswith('{"slots":["2025-12-03T14')
    assert found["result"].endswith("(cut)")


def test_signed_links_of_a_call_are_not_in_the_payload():
    value = {
        "event": "call_ended",
        "call": {
            "call_id": "c",
            "recording_url": "https://s/s3cret",
            "scrubbed_recording_multi_channel_url": "https://s/s3cret",
            "public_log_url": "https://s/s3cret",
            "duration_ms": 1,
            "call_analysis": None,
        },
    }
    found = RETELL_EVENT.unpack(Body(value))

    assert found.calls[0].payload == {
        "event": "call_ended",
        "call": {"call_id": "c", "duration_ms": 1},
    }
    assert carries_secret(value, RETELL_EVENT.secret_places)


@pytest.mark.parametrize("event", ["transcript_updated", "transfer_started", "call_inbound"])
def test_events_that_may_come_again_in_one_call_have_no_key(event):
    found = RETELL_EVENT.unpack(Body({"event": event, "call": {"call_id": "c"}}))

    assert found.calls[0].key is None


@pytest.mark.parametrize("value", [None, [], {}, {"event": 7}, {"event": ""}, {"call": {}}])
def test_what_is_no_event_of_retell_is_recorded_and_makes_no_run(value):
    found = RETELL_EVENT.unpack(Body(value))

    assert (found.calls, found.ignored, found.when_refused) == ((), "no event", "record")
    assert RETELL_EVENT.pack(found, []).body == b"{}"


def test_an_inbound_call_gets_what_the_workflow_replied():
    found, _ = sample("retell.event", "call_inbound")
    reply = {"dynamic_variables": {"lead_name": "Zoë"}, "metadata": {"lead_id": LEAD}}

    def told_of(body, **how):
        return json.loads(RETELL_EVENT.pack(found, [Reply(body, **how)]).body)

    assert told_of(reply) == {"call_inbound": reply}
    assert told_of({"call_inbound": reply}) == {"call_inbound": reply}
    assert told_of(reply, status=202) == {"call_inbound": reply}
    assert told_of({"override_agent_id": "agent_2", "metadata": 7}) == {
        "call_inbound": {"override_agent_id": "agent_2"}
    }
    assert told_of("text") == {"call_inbound": {}}
    assert told_of(reply, is_failure=True) == {"call_inbound": {}}


# ------------------------------------------------------------------------- elevenlabs and bland


def test_many_megabytes_of_audio_do_not_come_into_the_run():
    audio = "A" * 3_000_000
    event = {"type": "post_call_audio", "data": {"conversation_id": "c", "full_audio": audio}}

    payload = ELEVEN_EVENT.unpack(Body(event)).calls[0].payload

    assert payload["data"] == {"conversation_id": "c", "audio_characters": 3_000_000}
    assert ELEVEN_EVENT.default_max_body > 10 * len(audio)


@pytest.mark.parametrize("value", [None, [], {}, {"type": "x"}, {"type": "x", "data": []}])
def test_what_is_no_event_of_elevenlabs_gets_200_and_makes_no_run(value):
    found = ELEVEN_EVENT.unpack(Body(value))

    assert (found.calls, found.when_refused) == ((), "record")
    assert (ELEVEN_EVENT.pack(found, []).status, found.ignored) == (200, "no event with data")


@pytest.mark.parametrize("dialect", ["vapi.tool", "retell.tool", "elevenlabs.tool"])
@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (
            Reply({"error": "no_slot", "run_id": "r"}, 500, is_failure=True),
            {"error": "That did not work: no slot."},
        ),
        (
            Reply({"status": "accepted", "run_id": "r"}, 202),
            {"result": "This takes a moment longer: it is being worked on."},
        ),
        (Reply({"status": "succeeded", "run_id": "r"}), {"result": "This is done."}),
    ],
)
def test_what_nobody_wrote_a_sentence_for_is_spoken_without_ids(dialect, reply, said):
    call = Call({}, id="c", name="book")

    packed = DIALECTS[dialect].pack(Unpacked((call,), kind="envelope"), [reply])

    told = json.loads(packed.body)
    told = told["results"][0] if dialect == "vapi.tool" else told
    assert packed.status == 200
    assert {name: told[name] for name in told if name in {"result", "error"}} == said


def test_a_flat_tool_may_have_a_field_called_parameters():
    value = {"parameters": {"a": 1}, "tool_name": "x"}

    assert ELEVEN_TOOL.unpack(Body(value), Beside(tool="y")).calls[0].payload == value


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ({"call_id": "c", "completed": True}, "c"),
        ({"c_id": "c", "end_at": "x", "queue_status": "complete"}, "c/complete"),
        ({"call_id": "c", "category": "info", "message": "dialing"}, None),
        ({"completed": True}, None),
        ({"anything": 1}, None),
    ],
)
def test_bland_is_read_leniently_and_only_a_report_has_a_key(value, key):
    (call,) = BLAND.unpack(Body(value)).calls

    assert (call.key, call.refusal) == (key, None)


def test_a_body_of_bland_that_is_no_object_makes_no_run():
    assert BLAND.unpack(Body([])).ignored == "no object with the details of a call"


# ---------------------------------------------------------------------------- through the way in

BOOK = workflow(
    "path: /webhook/book\nauth: broker\ndialect: retell.tool\ntool: book_appointment\n"
    "respond:\n  within: 5s\n  otherwise: I am still at it."
)
PROVED = {"Authorization": "Bearer new-token"}


def test_a_repeat_of_a_function_is_the_same_run_and_gets_the_same_kind_of_answer():
    door = Door({"book": BOOK})
    raw = (SAMPLES / "retell/custom-function.json").read_bytes()

    first, second = (door.send("/webhook/book", raw, headers=PROVED) for _ in range(2))

    assert len(door.memory.runs) == 1
    assert door.memory.runs[0].window.total_seconds() == 180
    assert first.outcomes[0].run_id == second.outcomes[0].run_id
    assert said(first) == {"result": "I am still at it."}


def test_a_database_that_is_away_is_told_in_words():
    door = Door({"book": BOOK})
    door.memory.is_down = True

    answer = answered(door.send("/webhook/book", {"a": 1}, headers=PROVED))

    assert answer.status == 200
    assert "could not be saved" in json.loads(answer.body)["error"]
