"""What is different between two texts of a workflow, in words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.editing.differences import differences
from hub.engine.yaml_profile import load, plain

FLOW = """
hub: 1
title: A flow
endpoint:
  auth: broker
  respond: {within: 5s}
steps:
  - id: lead
    do: leads.find
    with: {lead_id: "${{ payload.lead_id }}"}
    on_error:
      - return: {success: false}
        status: 404
  - if: steps.lead.phone is set
    then:
      - log: has one
    else:
      - log: has none
  - switch: payload.kind
    cases:
      a:
        - vars: {x: 1}
  - return: {success: true}
"""
CHANGES = [
    ("within: 5s", "within: 8s", ["`endpoint.respond.within` is `8s`; it was `5s`"]),
    ("title: A flow\n", "title: A flow\ntimeout: 2h\n", ["`timeout` is new: `2h`"]),
    ("title: A flow\n", "", ["`title` is gone; it was `A flow`"]),
    (
        "    with: {lead",
        "    retry: 2\n    with: {lead",
        ["step `lead`: `retry` is new: `2`"],
    ),
    (
        '"${{ payload.lead_id }}"',
        '"${{ payload.id }}"',
        ["step `lead`: `with.lead_id` is `${{ payload.id }}`; it was `${{ payload.lead_id }}`"],
    ),
    (
        "        status: 404",
        "        status: 410",
        ['the step `return: {"success": false}`: `status` is `410`; it was `404`'],
    ),
    (
        "  - if: steps",
        "  - id: told\n    emit: a.b\n  - if: steps",
        ["step `told` is new, behind step `lead`"],
    ),
    (
        "      - log: has none\n",
        "      - log: has none\n      - log: more\n",
        [
            "the step `log: more` is new, in `else` of the branch at `if steps.lead.phone is set`",
        ],
    ),
    (
        "      a:\n        - vars: {x: 1}\n",
        "      a:\n        - vars: {x: 1}\n      b: []\n",
        ["the step `switch: payload.kind`: the branch `b` is new"],
    ),
    ("  - return: {success: true}\n", "", ['the step `return: {"success": true}` is gone']),
    (
        "log: has one",
        "log: has a phone",
        [
            "the step `log: has a phone` was the step `log: has one`",
            "the step `log: has a phone`: `log` is `has a phone`; it was `has one`",
        ],
    ),
]


def said(before: str, after: str) -> list[str]:
    return [each.text for each in differences(before, after)]


@pytest.mark.parametrize(("old", "new", "sentences"), CHANGES)
def test_a_change_is_told_in_words(old: str, new: str, sentences: list[str]):
    assert FLOW.count(old) == 1

    assert said(FLOW, FLOW.replace(old, new)) == sentences


def test_comments_and_layout_are_no_difference():
    assert said(FLOW, FLOW.replace("steps:\n", "# what it does\nsteps:\n\n")) == []


def test_a_step_that_stands_elsewhere_moved():
    block = "  - return: {success: true}\n"
    moved = FLOW.replace(block, "").replace("steps:\n  - id: lead", f"steps:\n{block}  - id: lead")

    assert said(FLOW, moved) == ['the step `return: {"success": true}` moved, first of all']


def test_what_cannot_be_read_is_told_as_gone():
    assert "`title` is gone; it was `A flow`" in said(FLOW, "steps: [")


STEPS = st.recursive(
    st.one_of(
        st.fixed_dictionaries({"id": st.sampled_from("abcd"), "do": st.sampled_from("xy")}),
        st.fixed_dictionaries({"log": st.sampled_from(["one", "two"])}),
    ),
    lambda inner: st.fixed_dictionaries(
        {"if": st.sampled_from(["p", "q"]), "then": st.lists(inner, min_size=1, max_size=3)}
    ),
    max_leaves=8,
)
FLOWS = st.fixed_dictionaries(
    {"title": st.sampled_from(["A", "B"]), "steps": st.lists(STEPS, max_size=4)}
)


@given(FLOWS, FLOWS)
def test_two_flows_are_told_apart_if_and_only_if_they_differ(
    before: dict[str, Any], after: dict[str, Any]
):
    old, new = json.dumps(before), json.dumps(after)
    trees = [load("", text).root for text in (old, new)]
    assert [each and plain(each) for each in trees] == [before, after]

    assert bool(said(old, new)) == (before != after)
