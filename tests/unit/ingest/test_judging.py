"""What callers of voice agents would make of an answer; and that they use every one of ours."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.ingest.dialects import DIALECTS, Reply
from hub.ingest.dialects.judging import JUDGED, is_dropped, judge
from tests.unit.ingest.sample_bodies import SAMPLES, body, raw

SENT = {
    f"{path.parent.name}/{path.stem}"
    for folder in ("vapi", "retell", "elevenlabs", "bland")
    for path in (SAMPLES / folder).glob("*.json")
}
QUESTIONS = ["assistant-request", "transfer-dest", "handoff-dest", "campaign-predial", "hang"]


def is_served(dialect, name):
    """Whether the answer depends on the reply; a flat body gets what any client of HTTP wants."""
    caller, _, file = name.partition("/")
    if dialect == "vapi.event":
        return file.startswith(tuple(QUESTIONS))
    if dialect == "vapi.tool":
        return file.startswith(("tool-calls", "function-call", "hang"))
    return dialect.startswith(caller) and not name.endswith("-flat")


SERVED = [
    (dialect, name) for dialect in JUDGED for name in sorted(SENT) if is_served(dialect, name)
]
ENVELOPE = "vapi/tool-calls"
ONE = "call_Xb1mZ0aQ7uYtR4eW2sDfG8hJ"
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
MEMBERS = st.sampled_from(
    ["assistantId", "assistant", "destination", "error", "eligible", "call_inbound", "metadata",
     "override_agent_id", "results", "result"]
)  # fmt: skip
BODIES = VALUES | TEXTS | st.dictionaries(MEMBERS, VALUES, max_size=3)
REPLIES = st.builds(
    Reply,
    BODIES,
    st.sampled_from([200, 201, 202, 204, 404, 409, 422, 500]),
    is_failure=st.booleans(),
) | st.just(Reply({"status": "accepted", "run_id": "r"}, 202))  # of an endpoint that does not wait


def asked(dialect, name):
    return DIALECTS[dialect].unpack(body(name))


def verdict(value, *, dialect="vapi.tool", request=ENVELOPE, status=200):
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return judge(dialect, content, status=status, asked=request and asked(dialect, request))


@pytest.mark.parametrize(("dialect", "name"), SERVED)
def test_nothing_that_a_caller_would_ignore_is_sent(dialect, name):
    found = asked(dialect, name)

    @settings(
        max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(st.lists(REPLIES, min_size=len(found.calls), max_size=len(found.calls)))
    def every_reply_is_used(replies):
        packed = DIALECTS[dialect].pack(found, replies)
        verdicts = judge(dialect, packed.body, status=packed.status, asked=found)
        assert {each.fate for each in verdicts} <= {"used"}, (packed.body, verdicts)

    every_reply_is_used()


@pytest.mark.parametrize(
    ("name", "request_name"),
    [
        ("tool-calls-ok", "tool-calls"),
        ("tool-calls-error", "tool-calls-truncated-arguments"),
        ("tool-calls-mixed", "tool-calls-multiple"),
        ("function-call-legacy", "function-call-legacy"),
    ],
)
def test_the_vendors_own_answers_to_tools_are_used(name, request_name):
    assert {
        each.fate for each in verdict(raw(f"vapi/responses/{name}"), request=f"vapi/{request_name}")
    } == {"used"}


@pytest.mark.parametrize("name", ["assistant-request", "transfer-destination-request"])
def test_the_vendors_own_answers_to_questions_are_used_and_are_what_we_send(name):
    content = raw(f"vapi/responses/{name}")
    found = asked("vapi.event", f"vapi/{name}")

    assert not is_dropped(judge("vapi.event", content, asked=found))
    packed = DIALECTS["vapi.event"].pack(found, [Reply(json.loads(content))])
    assert json.loads(packed.body) == json.loads(content)


def result(**changes):
    given = {"name": "book_appointment", "toolCallId": ONE, "result": "Booked.", **changes}
    return {"results": [{name: value for name, value in given.items() if value is not None}]}


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (b"Booked.", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b'{"results": NaN}', "no JSON"),
        ([], "no list `results`"),
        ({"result": "Booked."}, "no list `results`"),
        ({"results": {}}, "no list `results`"),
        ({"results": []}, "gets no result"),
        ({"results": ["Booked."]}, "no object"),
        (result(toolCallId=None), "`toolCallId` is missing"),
        (result(toolCallId=7), "`toolCallId` is missing"),
        (result(toolCallId="call_other"), "no call of the request has this id"),
        (result(result=None), "either `result` or `error`"),
        (result(error="x"), "either `result` or `error`"),
        (result(result={"slots": []}), "no text"),
        (result(result="Booked.\nSee you."), "line break"),
        (result(result="Booked.\r"), "line break"),
        (result(result=""), "empty"),
        ({"results": result()["results"] * 2}, "stands twice"),
    ],
)
def test_an_answer_that_vapi_drops_is_explained(value, why):
    told = verdict(value)

    assert is_dropped(told)
    assert any(why in each.why for each in told), told


def test_each_result_of_a_batch_is_judged_by_itself():
    value = json.loads(raw("vapi/responses/tool-calls-mixed"))
    value["results"][1]["result"] = "two\nlines"

    told = verdict(value, request="vapi/tool-calls-multiple")

    assert [each.fate for each in told] == ["used", "ignored", "used", "used"]


def test_without_the_request_ids_are_not_compared():
    assert not is_dropped(verdict(result(toolCallId="any"), request=None))


def test_a_result_without_a_name_is_doubtful():
    assert [each.fate for each in verdict(result(name=None))] == ["used", "doubtful"]


def test_an_error_for_the_whole_message_is_taken():
    assert not is_dropped(verdict({"error": "Not now."}, request=None))


@pytest.mark.parametrize(
    ("dialect", "request_name", "taken", "refused"),
    [
        ("vapi.tool", ENVELOPE, [200], [201, 500, 503]),
        ("vapi.event", "vapi/hang", [200, 204], [302, 400]),
        ("retell.tool", "retell/custom-function", [200, 201], [400, 500]),
        ("elevenlabs.event", "elevenlabs/post_call_audio", [200], [202, 204, 404]),
        ("bland.event", "bland/post-call", [200, 204], [500]),
    ],
)
def test_a_status_that_the_caller_does_not_take_is_told(dialect, request_name, taken, refused):
    value = result() if dialect == "vapi.tool" else {"result": "x"}
    for status in taken + refused:
        told = verdict(value, dialect=dialect, request=request_name, status=status)
        assert is_dropped(told) == (status in refused), (status, told)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("assistant-request", {}, "where the call goes"),
        ("assistant-request", {"assistantId": None}, "`assistantId` must be a text"),
        ("assistant-request", {"assistant": "text"}, "`assistant` must be an object"),
        ("assistant-request", {"error": 7}, "`error` must be a text"),
        ("transfer-destination-request", {"assistantId": "x"}, "where the call goes"),
        ("transfer-destination-request", {"destination": {"number": "1"}}, "destination.type"),
        ("handoff-destination-request", [], "no JSON object"),
        ("campaign-predial", {"eligible": "true"}, "true or false"),
        ("campaign-predial", {}, "true or false"),
    ],
)
def test_an_answer_to_a_question_of_vapi_that_it_drops_is_explained(name, value, why):
    (told,) = verdict(value, dialect="vapi.event", request=f"vapi/{name}")

    assert told.fate == "ignored"
    assert why in told.why


def test_long_answers_are_cut_by_retell():
    (told,) = verdict({"x": "y" * 15_000}, dialect="retell.tool", request=None)

    assert (told.fate, told.why) == ("cut", "15,009 characters: cut at 15,000")


def test_members_that_retell_does_not_read_are_told():
    value = {"call_inbound": {"metadata": {"a": 1}, "agent": "x"}}
    told = verdict(value, dialect="retell.event", request="retell/call_inbound")

    assert [(each.place, each.fate) for each in told] == [
        ("call_inbound.metadata", "used"),
        ("call_inbound.agent", "ignored"),
    ]
