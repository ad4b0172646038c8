"""Whatever stands in a file of tests is read or told, and what can be played comes to an end."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.engine.language import trials
from hub.testing.reading import read_trials
from hub.testing.trying import Trials
from tests.unit.testing.theatre import PATH, project

MAIN = """
endpoint:
  auth: app
  respond: {within: 5s, otherwise: {late: true}}
steps:
  - {id: book, do: book.write, with: {line: a}}
  - {id: pay, do: pay.charge, with: {amount: 3}, on_error: continue}
  - id: paid
    wait: {for: order.paid, key: "${{ run.id }}"}
    timeout: 1h
    on_timeout: continue
  - {id: sms, do: sms.send, with: {to: "+15550100", text: hi}, on_error: continue}
"""
PROJECT = project({"main": MAIN})
WORDS = (
    *("book.write", "pay.charge", "sms.send", "order.paid", "run-1", "succeeded", "declined"),
    *("1m", "1h", "2025-10-20T15:00:00Z", "again", "book", "sms", "unavailable", "${{ x }}", ""),
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 500)
    | st.sampled_from(WORDS)
    | st.text("a{", max_size=4)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*WORDS[:4], "contains", "any", "key", "data"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


def some_of(place: Any) -> st.SearchStrategy[dict[str, Any]]:
    """A mapping with some keys of a place of the language, and anything in them."""
    return st.dictionaries(st.sampled_from(place.names), VALUES, max_size=5)


OUTCOMES = st.fixed_dictionaries(
    {},
    optional={
        "fails": st.sampled_from(["unavailable", "timeout", "declined"]),
        "takes": st.sampled_from(["1s", "9s", "2m"]),
        "maybe_done": st.booleans(),
    },
)
ENTRIES = st.fixed_dictionaries(
    {"after": st.sampled_from(["0s", "1s", "10m", "2h"])},
    optional={"request": st.just("again"), "cancel": st.sampled_from([True])},
) | st.fixed_dictionaries(
    {
        "after": st.sampled_from(["0s", "1s", "10m", "2h"]),
        "emit": st.just("order.paid"),
        "key": st.sampled_from(["run-1", "run-2", "x"]),
        "data": st.just({"amount": 1}),
    }
)
PLAYABLE = st.fixed_dictionaries(
    {"name": st.just("it"), "expect": st.just({"runs": 1})},
    optional={
        "mocks": st.dictionaries(
            st.sampled_from(["book.write", "pay.charge", "sms.send"]),
            OUTCOMES | st.lists(OUTCOMES, min_size=1, max_size=3),
        ),
        "timeline": st.lists(ENTRIES, max_size=4),
        "crash_after": st.sampled_from(["book", "pay", "paid", "sms"]),
    },
)


def text_of(test: Any, **top: Any) -> str:
    return json.dumps({"hub": 1, "workflow": "main", **top, "tests": [test]})


@given(
    some_of(trials.TEST), some_of(trials.TESTS), some_of(trials.EXPECT), some_of(trials.TIMELINE)
)
def test_no_file_of_tests_breaks_the_reader(
    test: dict[str, Any], top: dict[str, Any], expect: dict[str, Any], entry: dict[str, Any]
):
    whole = {**test, "name": "it", "expect": expect, "timeline": [entry]}

    for text in (text_of(test, **top), text_of(whole), json.dumps(top)):
        file = read_trials(PATH, text, PROJECT)
        assert all(each.line >= 1 for each in file.findings)
        with Trials(PROJECT) as stage:
            for trial in file.trials if file.is_clean else ():
                check(stage.play(trial).problems)


@given(PLAYABLE)
def test_whatever_happens_a_test_comes_to_an_end_without_a_fault(test: dict[str, Any]):
    file = read_trials(PATH, text_of(test), PROJECT)

    with Trials(PROJECT) as stage:
        for trial in file.trials if file.is_clean else ():
            verdict = stage.play(trial)
            check(verdict.problems)
            assert verdict.timeline
            assert [path for _, path, _ in verdict.did].count("sms") <= len(
                {run for run, _, _ in verdict.did}
            )


def check(problems: Any) -> None:
    faults = [str(each) for each in problems if "a fault of the hub" in each.message]
    assert faults == []
    assert not any("come to no end" in each.message for each in problems)
