"""To resume is to run: a run that is cut anywhere ends as the uncut one, nothing is done twice."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.engine.advance import Command, Finished
from hub.engine.compile.link import all_steps, steps_of
from hub.engine.workflow import Parallel, Workflow
from tests.unit.engine.advance.flows import FAILURES, Fate, Play, plays
from tests.unit.engine.advance.player import Chooser, Cut, Player, compiled

_DEEDS = ("do", "emit", "undo", "reply", "return")
HANDLED = {failure.code for failure in FAILURES} | {"planned"}


def first(commands: list[Command]) -> Command:
    """Of the open commands the first by its path: whoever owns the run chooses the same one."""
    return min(commands, key=lambda command: command.path)


def last(commands: list[Command]) -> Command:
    """The last by its path."""
    return max(commands, key=lambda command: command.path)


def side_by_side(workflow: Workflow) -> set[str | None]:
    """The ids of steps in branches: their order is anybody's."""
    forks = (step for step in steps_of(workflow) if isinstance(step, Parallel))
    return {inner.id for fork in forks for _, block in fork.branches for inner in all_steps(block)}


def player_of(play: Play, *, cancel_at: int | None = None) -> Player:
    has_events = play.seed % 2 == 0
    fate = Fate(play.seed)
    return Player(play.workflow, play.inputs, fate, has_events=has_events, cancel_at=cancel_at)


def told(player: Player, ending: Finished) -> dict[str, Any]:
    """All that a run leaves behind."""
    return {
        "ending": (ending.value, ending.status, ending.failure and ending.failure.as_row()),
        "stored": {
            path: (entry.kind, entry.status, entry.inputs, entry.result, entry.error, entry.key)
            for path, entry in player.stored.items()
        },
    }


def outline(player: Player, ending: Finished) -> dict[str, Any]:
    """The same without instants and ids, which differ between two runs of one workflow.

    Of what was only decided nothing is told: a branch that another one cuts may have decided more
    when it was resumed in between, because its time had come.
    """
    failure = ending.failure
    return {
        "ending": (
            ending.has_returned,
            ending.is_cancelled,
            ending.is_undo_failed,
            failure and (failure.code, failure.step),
        ),
        "stored": {
            path: (entry.kind, entry.status, entry.error and entry.error["code"], entry.key)
            for path, entry in player.stored.items()
            if entry.kind in _DEEDS and entry.status != "started"
        },
        "did": sorted(player.did),
    }


@given(play=plays(), choose=st.sampled_from([first, last]))
def test_every_step_is_done_once_and_in_order(play: Play, choose: Any) -> None:
    player = player_of(play)

    player.play(choose=choose)

    assert len(set(player.did)) == len(player.did)
    beside = side_by_side(play.workflow)
    written = [
        path
        for path, text in zip(player.did, player.texts, strict=True)
        if re.fullmatch(r"s\d+", path) and text not in HANDLED and path not in beside
    ]
    if choose is first:  # else branches on the right come first
        assert written == sorted(written)


@given(
    play=plays(),
    choose=st.sampled_from([first, last]),
    cancel_at=st.sampled_from([None, None, 0, 1, 2, 4]),
    cuts=st.data(),
)
def test_a_run_cut_after_any_command_and_resumed_ends_as_the_uncut_one(
    play: Play, choose: Any, cancel_at: int | None, cuts: st.DataObject
) -> None:
    uncut = player_of(play, cancel_at=cancel_at)
    expected = outline(uncut, uncut.play(choose=choose))

    player = player_of(play, cancel_at=cancel_at)
    ending = None
    while ending is None:
        with suppress(Cut):
            ending = player.play(cut_after=cuts.draw(st.sampled_from([1, 1, 2, 5])), choose=choose)

    assert outline(player, ending) == expected


@given(
    play=plays(),
    choose=st.sampled_from([first, last]),
    cancel_at=st.sampled_from([None, None, 0, 1, 2, 4]),
    cuts=st.data(),
)
def test_a_run_cut_between_rounds_of_several_commands_ends_as_the_uncut_one(
    play: Play, choose: Any, cancel_at: int | None, cuts: st.DataObject
) -> None:
    """What a cut strand did in its last round leads nowhere, whoever goes on with the run."""
    uncut = player_of(play, cancel_at=cancel_at)
    expected = outline(uncut, uncut.play_rounds(choose=choose))

    player = player_of(play, cancel_at=cancel_at)
    ending = None
    while ending is None:
        after = cuts.draw(st.sampled_from([1, 1, 2, 5]))
        with suppress(Cut):
            ending = player.play_rounds(cut_after=after, choose=choose)

    found = outline(player, ending)
    assert (found["ending"], found["did"]) == (expected["ending"], expected["did"])


@given(play=plays())
def test_what_was_decided_stays_decided(play: Play) -> None:
    player = player_of(play)
    expected = told(player, player.play())

    again = player_of(play)
    again.stored = dict(player.stored)
    found = told(again, again.play())

    assert again.did == []
    assert found == expected


# ---------------------------------------------------------------------- loops that were stopped


def loop(body: str, more: str = "") -> str:
    return f"""\
inputs:
  words: {{type: array, items: {{type: string}}}}
steps:
  - id: loop
    for_each: word in inputs.words
    max_parallel: 2
    on_error: continue
    steps:
{body}{more}  - id: after
    do: voice.say
    with: {{text: after}}
"""


def tell(name: str, indent: int) -> str:
    pad = " " * indent
    return f"{pad}- id: {name}\n{pad}  do: voice.say\n{pad}  with: {{text: x}}\n"


def by_turns(*paths: str) -> Chooser:
    """The commands in this order, those of one path after the other."""
    waiting = list(paths)

    def choose(commands: list[Command]) -> Command:
        path = waiting.pop(0)
        return next(command for command in commands if command.path == path)

    return choose


def test_a_stopped_loop_goes_on_with_the_items_it_had_begun_and_no_other():
    main = compiled(main=loop(tell("say", 6)))
    player = Player(main, {"words": ["a", "b", "c"]}, {"loop[0]/say": FAILURES[0]})
    with pytest.raises(Cut):
        player.play(cut_after=1)

    player.play()

    assert player.did == ["loop[0]/say", "loop[1]/say", "after"]


def test_a_loop_that_was_stopped_by_a_fail_deep_inside_stays_stopped():
    inner = "      - id: inner\n        if: word == 'b'\n        for_each: part in [1]\n"
    inner += "        steps:\n          - fail: enough\n"
    handlers = "on_error:\n" + tell("sorry", 2)
    main = compiled(main=loop(tell("say", 6) + inner) + handlers)
    player = Player(main, {"words": ["a", "b", "c"]})
    with pytest.raises(Cut):
        player.play(cut_after=1, choose=last)

    player.play()

    assert player.did == ["loop[1]/say", "sorry"]
