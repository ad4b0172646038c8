"""A call that is made again, when the run is resumed in between."""

from __future__ import annotations

import pytest

from hub.engine.advance import Failure
from tests.unit.engine.advance.player import Cut, Player, compiled

MAIN = """\
inputs: {}
steps:
  - id: called
    call: other
    with: {word: x}
    retry: {attempts: 3, first: 10s}
"""
OTHER = """\
inputs:
  word: {type: string}
concurrency:
  key: ${{ inputs.word }}
steps:
  - id: tell
    do: voice.say
    with: {text: "${{ inputs.word }}"}
"""


def test_E16_a_resumed_run_takes_no_turn_for_a_try_that_had_failed():
    later = Failure("unavailable", "not now")
    player = Player(compiled(main=MAIN, other=OTHER), script={"called/tell": later})
    with pytest.raises(Cut):
        player.play(cut_after=4)  # turn, action, turn left, pause
    player.asked.clear()

    player.play()

    assert player.asked == ["Pause called~1.pause", "TakeTurn called~2", "LeaveTurn called~2"]
    assert player.did == ["called/tell", "called~2/tell"]


def test_a_condition_that_cannot_be_evaluated_calls_nothing_again():
    main = MAIN.replace("first: 10s", "only_if: 1 / (error.attempts - 1) > 0")
    failing = Failure("unavailable", "not now")

    player = Player(compiled(main=main, other=OTHER), script={"called/tell": failing})
    ending = player.play()

    assert player.did == ["called/tell"]
    assert ending.failure is not None
    assert ending.failure.code == "unavailable"
