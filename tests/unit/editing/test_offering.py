"""What may be written at a place of a workflow, and what stands there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.editing.offering import explanation, offers

ROOT = Path(__file__).parents[3]
SCHEMA: dict[str, Any] = json.loads((ROOT / "workflows/workflow.schema.json").read_text("utf-8"))
LEAD = (ROOT / "workflows/lead-phone.yaml").read_text("utf-8")
HERE = "§"  # where somebody writes


def place_in(text: str) -> tuple[str, int, int]:
    before, _, after = text.partition(HERE)
    line = before.count("\n") + 1
    return before + after, line, len(before.rsplit("\n", 1)[-1]) + 1


def offered(text: str) -> list[str]:
    return [each.label for each in offers(*place_in(text), SCHEMA)]


@pytest.mark.parametrize(
    ("text", "some", "none"),
    [
        ("§", ["hub", "title", "endpoint", "steps"], ["do", "auth"]),
        ("hub: 1\n§\nsteps:\n", ["title", "endpoint"], ["hub", "steps"]),
        ("endpoint:\n  §", ["auth", "respond", "dialect"], ["hub", "do"]),
        ("endpoint:\n  auth: §", ["broker", "public"], ["auth"]),
        ("endpoint:\n  respond:\n    within: 5s\n    §", ["otherwise"], ["within", "auth"]),
        ("steps:\n  - §", ["id", "do", "call", "if", "return"], ["title"]),
        ("steps:\n- §", ["id", "do"], ["title"]),
        ("steps:\n  - id: a\n    do: §", ["phones.assign", "twilio.send_sms"], ["id"]),
        (
            "steps:\n  - id: a\n    do: phones.assign\n    §",
            ["with", "retry", "on_error"],
            ["do", "id", "cases"],
        ),
        ("steps:\n  - id: a\n    with:\n      §\n    do: leads.update", ["lead_id", "set"], ["do"]),
        ("steps:\n  - id: a\n    do: phones.assign\n    with:\n      §", ["lead_id"], ["set"]),
        ("steps:\n  - if: x\n    then:\n      - §", ["do", "log"], ["cases_"]),
        (
            "steps:\n  - switch: x\n    cases:\n      a:\n        - id: b\n          §",
            ["do"],
            ["a"],
        ),
        ("steps:\n  - id: a\n    do: leads.find\n    on_error: §", ["fail", "continue"], ["do"]),
        ("enabled: §", ["true", "false"], ["enabled"]),
        ("# §", [], ["hub"]),
    ],
)
def test_what_fits_is_offered_and_nothing_else(text: str, some: list[str], none: list[str]):
    found = offered(text)

    assert set(some) <= set(found)
    assert not set(none) & set(found)


def test_each_key_of_our_workflows_is_explained():
    text = LEAD.split("\n")
    said = {
        line.strip().lstrip("- ").partition(":")[0]: explanation(
            LEAD, number, len(line) - len(line.lstrip(" -")) + 1, SCHEMA
        )
        for number, line in enumerate(text, start=1)
        if ":" in line and not line.lstrip().startswith("#")
    }

    for name in ("title", "endpoint", "auth", "respond", "within", "steps", "id", "if", "do"):
        assert said[name], name
    assert "longest" not in said["lead_id"]
    assert explanation(LEAD, 10_000, 1, SCHEMA) == ""


def test_an_action_is_explained_by_its_own_words_where_it_is_offered_and_where_it_stands():
    line = 1 + LEAD[: LEAD.index("do: phones.assign")].count("\n")
    meaning = "Give the lead a number for 18 hours; a lead who holds one keeps it as it is."

    (offer,) = [each for each in offers(LEAD, line, 9, SCHEMA) if each.label == "phones.assign"]

    assert offer.detail == meaning
    assert explanation(LEAD, line, 12, SCHEMA) == meaning
    assert explanation(LEAD, line, 6, SCHEMA) != meaning
    assert not explanation(LEAD.replace("phones.assign", "phones.assing"), line, 12, SCHEMA)


@given(st.text(alphabet="abz: -#\n'{}[]$§", max_size=60), st.integers(0, 9), st.integers(0, 30))
def test_any_text_has_its_offers(text: str, line: int, column: int):
    assert isinstance(offers(text, line, column, SCHEMA), list)
    assert isinstance(explanation(text, line, column, SCHEMA), str)


def test_a_schema_that_means_itself_comes_to_an_end():
    schema = {
        "$ref": "#/definitions/a",
        "definitions": {"a": {"anyOf": [{"$ref": "#/definitions/a"}], "properties": {"x": {}}}},
    }

    assert [each.label for each in offers("", 1, 1, schema)] == ["x"]
