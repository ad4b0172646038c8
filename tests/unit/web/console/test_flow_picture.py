"""The flow of a workflow as a picture."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from hub.bootstrap.actions import all_actions
from hub.web.console.flow_picture import Drawn, Lane, draw

WORKFLOWS = sorted((Path(__file__).parents[4] / "workflows").glob("*.yaml"))
FLOW = """
steps:
  - id: told
    if: payload.to is set
    do: twilio.send_sms
    with: {to: "+1", text: hello}
    retry: 0
    timeout: 5s
    on_error: continue
    compensate:
      - do: twilio.send_sms
        id: sorry
        with: {to: "+1", text: sorry}
  - if: payload.a
    then:
      - return: {ok: true}
    elif:
      - if: payload.b
        then:
          - fail: bad
    else:
      - log: neither
  - parallel:
      left: [{log: l}]
      right: [{log: r}]
  - for_each: x in payload.list
    steps:
      - call: other
        id: called
  - id: answer
    wait: {for: [a.b, c.d], key: k}
    timeout: 2h
    on_timeout:
      - log: late
on_cancel:
  - log: gone
"""


def drawn(text: str = FLOW) -> list[Drawn]:
    return list(draw("x", text, all_actions()).steps)


def lanes(step: Drawn) -> list[tuple[str, str, list[str]]]:
    return [(each.label, each.kind, [inner.kind for inner in each.steps]) for each in step.lanes]


def test_a_step_says_what_it_does_when_and_what_others_notice():
    told = drawn()[0]

    assert (told.kind, told.title, told.what) == ("do", "told", "twilio.send_sms")
    assert told.condition == "payload.to is set"
    assert told.effect == "acts outside"
    assert told.line == 3
    assert told.facts == ["at most 5s", "never tried again", "if it fails: continue"]
    assert [(each.label, each.kind) for each in told.handlers] == [("undo", "undo")]


def test_branches_loops_and_parallels_hold_their_steps():
    _, choice, beside, loop, _ = drawn()

    assert choice.what == "if payload.a"
    assert lanes(choice) == [
        ("then", "branch", ["return"]),
        ("else if payload.b", "branch", ["fail"]),
        ("else", "branch", ["log"]),
    ]
    assert lanes(beside) == [("left", "parallel", ["log"]), ("right", "parallel", ["log"])]
    assert lanes(loop) == [("for each", "loop", ["call"])]
    assert loop.lanes[0].steps[0].called == "other"


def test_a_wait_tells_what_it_waits_for_and_what_happens_when_nothing_comes():
    answer = drawn()[-1]

    assert answer.what == "for a.b or c.d, key k"
    assert answer.facts == ["at most 2h"]
    assert [each.label for each in answer.handlers] == ["if time is over"]


def test_what_is_done_for_a_cancelled_run_stands_beside_the_steps():
    assert [each.label for each in draw("x", FLOW, {}).handlers] == ["if it is cancelled"]


@pytest.mark.parametrize("text", ["", "steps: 3", "steps: [3, {}, {if: 1}]", "steps: [", "- a"])
def test_a_file_that_is_no_workflow_is_drawn_as_far_as_it_goes(text: str):
    assert all(each.kind == "step" for each in drawn(text))


def test_every_step_of_our_workflows_is_in_its_picture():
    for path in WORKFLOWS:
        text = path.read_text("utf-8")
        found = draw(path.name, text, all_actions())

        flat = list(each_step(found.steps, found.handlers))
        assert "step" not in {each.kind for each in flat}, path
        ids = re.findall(r"^ *- id: (\w+)$", text, re.MULTILINE)
        assert set(ids) <= {each.title for each in flat} | names_in(text), path


def names_in(text: str) -> set[str]:
    """Steps that have a name for people besides their id are shown by it."""
    return set(re.findall(r"- id: (\w+)\n +name: ", text))


def each_step(steps: Sequence[Drawn], lanes: Sequence[Lane] = ()) -> Iterator[Drawn]:
    for step in steps:
        yield step
        yield from each_step([], [*step.lanes, *step.handlers])
    for lane in lanes:
        yield from each_step(lane.steps)
