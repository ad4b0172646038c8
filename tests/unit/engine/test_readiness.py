"""Which workflows cannot be served, because an action of theirs is only declared."""

from __future__ import annotations

import pytest

from hub.engine.project import Project, load_project
from hub.engine.readiness import missing_actions, why_not_served
from tests.fakes.oracle import ASK, BRIBE
from tests.unit.engine.small_project import ACTIONS, AUTH_TYPES, DIALECTS, FILES

DECLARED = {each.name: each for each in (ASK, BRIBE)}
MISSING = "oracle.ask has no implementation yet"
ASKS = """\
hub: 1
title: Asks
inputs: {}
steps:
  - id: said
    do: oracle.ask
    with:
      question: When?
  - return:
      answer: ${{ steps.said.answer }}
"""
CALLS = """\
hub: 1
title: Calls
inputs: {}
steps:
  - log: First
  - id: told
    call: CALLED
  - log: Then
"""


def load(**workflows: str) -> Project:
    """The small project with more workflows, and with actions nobody implemented."""
    more = {f"workflows/{name}.yaml": text for name, text in workflows.items()}
    return load_project(
        {**FILES, **more},
        actions={**ACTIONS, **DECLARED},
        auth_types=AUTH_TYPES,
        dialects=DIALECTS,
    )


def test_a_workflow_whose_actions_are_all_there_is_served():
    project = load()

    assert project.unserved == {}
    assert project.served == project.workflows
    assert project.notes == ()


def test_a_workflow_with_an_action_nobody_implemented_is_right_but_not_served():
    project = load(asks=ASKS)

    assert project.findings == load().findings
    assert "asks" in project.workflows
    assert project.unserved == {"asks": ("oracle.ask",)}
    assert set(project.served) == {"book", "sweep", "take-seat"}


def test_the_results_of_such_an_action_are_checked_like_all_others():
    (found,) = load(asks=ASKS.replace("said.answer", "said.anser")).errors

    assert (found.code, found.line) == ("HUB203", 10)


def test_who_calls_it_is_not_served_either_however_deep():
    calls = {f"c{depth}": CALLS.replace("CALLED", f"c{depth - 1}") for depth in range(2, 5)}

    project = load(asks=ASKS, c1=CALLS.replace("CALLED", "asks"), **calls)

    missing = ("oracle.ask",)
    assert project.unserved == dict.fromkeys(["asks", "c1", "c2", "c3", "c4"], missing)


@pytest.mark.parametrize(
    "place",
    [
        "  - if: run.mode == 'live'\n    then:\n      - id: x\n{step}",
        "  - if: run.mode == 'live'\n    then:\n      - log: a\n    else:\n      - id: x\n{step}",
        "  - switch: run.mode\n    cases:\n      simulate | live | test:\n      - id: x\n{step}",
        "  - id: each\n    for_each: one in ['a']\n    steps:\n      - id: x\n{step}",
        "  - id: call\n    call: sweeps\n    on_error:\n      - id: x\n{step}",
        "  - log: a\non_error:\n      - id: x\n{step}",
    ],
)
def test_the_action_is_found_wherever_it_stands(place):
    step = "        do: oracle.bribe\n        with: {answer: soon}"
    head = "hub: 1\ntitle: A\ninputs: {}\nsteps:\n"

    project = load(asks=f"{head}{place.format(step=step)}\n", sweeps=f"{head}  - log: a\n")

    assert [str(each) for each in project.errors] == []
    assert project.unserved == {"asks": ("oracle.bribe",)}


def test_an_action_that_is_only_asked_by_a_poll_is_found_as_well():
    poll = "{do: oracle.ask, with: {question: When?}, every: 5s, done_if: result.answer is set}"
    wait = f"  - id: said\n    wait:\n      poll: {poll}\n    timeout: 1h\n"

    project = load(asks=f"hub: 1\ntitle: A\ninputs: {{}}\nsteps:\n{wait}")

    assert [str(each) for each in project.errors] == []
    assert project.unserved == {"asks": ("oracle.ask",)}


def test_an_action_that_is_gone_is_missing_like_one_that_never_came():
    project = load(asks=ASKS)

    assert missing_actions(project.workflows["asks"], ACTIONS) == ("oracle.ask",)


def test_the_note_stands_at_the_first_step_that_keeps_the_workflow_and_is_no_mistake():
    project = load(asks=ASKS, calls=CALLS.replace("CALLED", "asks"))

    assert [str(note) for note in project.notes] == [
        f"workflows/asks.yaml:5:5: note HUB701 'asks' is not served: {MISSING}",
        f"workflows/calls.yaml:6:5: note HUB701 'calls' is not served: {MISSING}",
    ]
    assert [note.is_error for note in project.notes] == [False, False]
    assert all(note.is_note for note in project.notes)


def test_several_missing_actions_are_told_in_one_sentence():
    assert why_not_served(("a.b",)) == "a.b has no implementation yet"
    assert why_not_served(("a.b", "c.d")) == "a.b and c.d have no implementation yet"
    assert why_not_served(("a.b", "c.d", "e.f")) == "a.b, c.d and e.f have no implementation yet"
