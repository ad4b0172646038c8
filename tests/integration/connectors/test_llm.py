"""llm.text and llm.extract against a fake that speaks chat completions."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.connectors.connections import ConnectionSettings
from hub.connectors.llm import LlmClient, extract, text
from hub.errors import Permanent, StepFailed, Transient
from tests.fakes.services import CUT, HANG, Answer

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "size": {"type": "integer", "minimum": 1}},
    "required": ["name", "size"],
    "additionalProperties": False,
}
SECRET_PROMPT = "Ada owes 4711 to nobody"


def settings_for(llm, **options):
    return ConnectionSettings(
        "model",
        "llm",
        base_url=llm.base_url,
        credentials={"api_key": llm.api_key},
        options={"model": "small-1", **options},
    )


@pytest.fixture
def client(http, llm):
    return LlmClient(settings_for(llm), http)


def failure_of(client, attempt, **given):
    with pytest.raises(StepFailed) as failure:
        text(client, attempt, prompt=SECRET_PROMPT, **given)
    assert SECRET_PROMPT not in failure.value.message
    assert "sk-test" not in failure.value.message
    return type(failure.value), failure.value.code


def test_a_text_comes_back(client, attempt, llm):
    llm.says("Yes.")

    said = text(client, attempt, prompt="Is it?", system="Be brief.", max_tokens=5)

    asked = llm.requests[0].json
    assert said.text == "Yes."
    assert asked["max_tokens"] == 5
    assert [each["role"] for each in asked["messages"]] == ["system", "user"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(401), (Permanent, "unauthorized")),
        (Answer.of({"error": {"code": "insufficient_quota"}}, 429), (Permanent, "no_quota")),
        (Answer.of({"error": {"code": "rate_limit_exceeded"}}, 429), (Transient, "rate_limited")),
        (Answer.of({"error": {"code": "context_length_exceeded"}}, 400), (Permanent, "too_long")),
        (Answer.of({"error": {"code": "sk-test-0123456789"}}, 403), (Permanent, "unauthorized")),
        (Answer.of({"error": f"{SECRET_PROMPT}?"}, 400), (Permanent, "invalid_input")),
        (Answer.of({"error": {"message": SECRET_PROMPT}}, 503), (Transient, "unavailable")),
        (Answer(200, b"<html>"), (Transient, "unavailable")),
        (Answer.of({"choices": []}), (Transient, "unavailable")),
        (CUT, (Transient, "unavailable")),
    ],
)
def test_S6_a_failure_has_its_class_and_never_the_prompt(client, attempt, llm, answer, expected):
    llm.then(answer)

    assert failure_of(client, attempt) == expected


def test_a_model_that_is_none_is_told(client, attempt):
    assert failure_of(client, attempt, model="huge-9") == (Permanent, "unknown_model")


def test_an_answer_that_was_cut_off_or_refused_is_no_answer(client, attempt, llm):
    llm.says("It is because", reason="length")
    llm.says(None, refusal="I cannot.")
    llm.says("", reason="content_filter")

    codes = [failure_of(client, attempt)[1] for _ in range(3)]

    assert codes == ["too_long", "refused", "refused"]


def test_E9_the_time_of_the_attempt_holds_for_both_questions_together(client, attempt, llm):
    llm.always(HANG)
    short = replace(attempt, timeout=timedelta(seconds=0.2))

    with pytest.raises(Transient) as failure:
        extract(client, short, text="x", schema=SCHEMA)

    assert failure.value.code == "timeout"
    assert len(llm.requests) == 1


def test_what_a_schema_asks_for_is_taken_out_of_a_text(client, attempt, llm):
    llm.says('{"name": "Ada", "size": 3}')

    found = extract(client, attempt, text="Ada comes with 3.", schema=SCHEMA)

    assert found.data == {"name": "Ada", "size": 3}
    described = llm.requests[0].json["response_format"]["json_schema"]
    assert described["strict"] is False  # it says `minimum`, which the strict form has no word for


def test_a_schema_of_the_strict_form_is_sent_as_one(client, attempt, llm):
    llm.says('{"name": "Ada"}')
    strict = {**SCHEMA, "properties": {"name": {"type": "string"}}, "required": ["name"]}

    extract(client, attempt, text="Ada", schema=strict)

    assert llm.requests[0].json["response_format"]["json_schema"]["strict"] is True


def test_what_a_model_writes_can_always_be_stored(client, attempt, llm):
    llm.says('{"name": "A\\u0000d\\ud800a", "size": 3}')

    assert extract(client, attempt, text="Ada", schema=SCHEMA).data["name"] == "A\ufffdd\ufffda"


def test_what_does_not_fit_is_asked_for_once_more(client, attempt, llm):
    llm.says('{"name": "Ada", "size": 0}')
    llm.says('```json\n{"name": "Ada", "size": 1}\n```')

    found = extract(client, attempt, text="Ada comes alone.", schema=SCHEMA)

    assert found.data["size"] == 1
    assert "/size" in llm.requests[1].json["messages"][-1]["content"]


@pytest.mark.parametrize("wrong", ['{"name": 7}', "Sure! Here it is.", "[" * 3000, "NaN"])
def test_what_does_not_fit_twice_is_no_match(client, attempt, llm, wrong):
    llm.says(wrong)
    llm.says(wrong)

    with pytest.raises(Permanent) as failure:
        extract(client, attempt, text="x", schema=SCHEMA)

    assert failure.value.code == "no_match"
    assert len(llm.requests) == 2


def test_a_schema_that_is_none_is_refused_before_anything_is_sent(client, attempt, llm):
    with pytest.raises(Permanent) as failure:
        extract(client, attempt, text="x", schema={"type": "thing"})

    assert failure.value.code == "invalid_schema"
    assert llm.nothing_was_sent


def test_a_service_without_schemas_is_asked_as_it_can_be(http, attempt, llm):
    llm.formats, llm.limit_field = {"text"}, "max_completion_tokens"
    llm.says('{"name": "Ada", "size": 3}')
    able = settings_for(llm, structured="none", limit_field="max_completion_tokens")

    assert extract(LlmClient(able, http), attempt, text="Ada, 3", schema=SCHEMA).data["size"] == 3


def test_S6_neither_the_key_nor_the_prompt_is_logged(client, attempt, llm, caplog):
    caplog.set_level(logging.DEBUG)
    llm.says("Yes.")
    llm.then(Answer(500, SECRET_PROMPT.encode()))
    failure_of(client, attempt)
    text(client, attempt, prompt=SECRET_PROMPT)

    assert SECRET_PROMPT not in caplog.text
    assert llm.api_key not in caplog.text


def test_a_check_lists_the_models_and_costs_nothing(http, client, llm):
    assert client.check() == "the service answers and lists 2 models; small-1 is used"

    with pytest.raises(Permanent) as failure:
        LlmClient(settings_for(llm, model="gone-1"), http).check()

    assert failure.value.code == "unknown_model"
