"""Schemas for a language model, formulas of Airtable, calls of Vapi: what needs no service."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connectors.airtable_formula import formula
from hub.connectors.llm_answers import answer_format, is_strict
from hub.connectors.vapi_calls import state_of
from hub.errors import Permanent, Transient

REST = Path(__file__).parents[2] / "samples" / "vapi" / "rest"
CLOSED = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}


@given(st.text())
def test_a_text_in_a_formula_ends_where_it_ends(text):
    written = formula({"Name": text})
    inner = re.fullmatch(r"AND\(\{Name\}='((?:[^'\\]|\\.)*)'\)", written, re.DOTALL)

    assert inner is not None
    back = {"n": "\n", "r": "\r", "t": "\t"}
    assert re.sub(r"\\(.)", lambda each: back.get(each[1], each[1]), inner[1]) == text


@pytest.mark.parametrize("where", [{"a}": 1}, {"": 1}, {"a\\": 1}, {"a": None}, {"a": [1]}])
def test_what_cannot_stand_in_a_formula_is_refused(where):
    with pytest.raises(Permanent) as failure:
        formula(where)

    assert failure.value.code == "invalid_input"


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (CLOSED, True),
        ({**CLOSED, "additionalProperties": True}, False),
        ({**CLOSED, "required": []}, False),
        ({**CLOSED, "properties": {"a": {"type": "string", "maxLength": 3}}}, False),
        ({**CLOSED, "properties": {"a": {"type": "array", "items": CLOSED}}}, True),
        ({**CLOSED, "properties": {"a": {"type": "array", "items": {"minimum": 1}}}}, False),
        ({"type": "string"}, True),
    ],
)
def test_a_schema_is_of_the_strict_form_or_not(schema, strict):
    assert is_strict(schema) is strict


def test_only_an_object_is_asked_for_in_the_strict_form():
    described = answer_format("json_schema", {"type": "string"})["response_format"]["json_schema"]

    assert described["strict"] is False
    assert answer_format("none", CLOSED) == {}


@pytest.mark.parametrize(
    ("status", "state"),
    [("scheduled", "queued"), ("forwarding", "in-progress"), ("ended", "ended")],
)
def test_every_state_of_a_call_is_one_of_four(status, state):
    assert state_of({"status": status}).status == state


def test_a_call_as_vapi_tells_it_is_read():
    call = json.loads((REST / "get-call-ended.json").read_text("utf-8"))

    assert (state_of(call).status, state_of(call).ended_reason) == ("ended", "voicemail")
    assert state_of(call).booking_confirmed is False


def test_of_old_and_new_results_the_new_ones_count():
    call = {
        "status": "ended",
        "analysis": {"structuredData": {"booking_confirmed": False, "confirmed_time": "9"}},
        "artifact": {"structuredOutputs": {"1": {"name": "booking_confirmed", "result": True}}},
    }

    assert (state_of(call).booking_confirmed, state_of(call).confirmed_time) == (True, "9")


def test_a_state_that_nobody_knows_is_no_state():
    with pytest.raises(Transient):
        state_of({"status": "singing"})
