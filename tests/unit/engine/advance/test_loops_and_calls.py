"""Loops and calls: what is done for each item, and what a called workflow may see and say."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.engine.advance import Failure
from tests.unit.engine.advance.player import Player, compiled, play
from tests.unit.engine.advance.writing import HOARSE, INPUTS, say, steps, value

# -------------------------------------------------------------------------------------------- loops


def loop(head: str, *body: str, more: str = "") -> str:
    inside = "\n".join(line.replace("\n", "\n    ").replace("  - ", "      - ", 1) for line in body)
    return f"  - id: loop\n    for_each: {head}\n{more}    steps:\n{inside}"


WORDS = {"words": ["one", "two", "three"]}
EACH = say("tell", "${{ word }}")


def test_a_loop_does_its_steps_for_every_item_in_order():
    player, _ = play(steps(loop("word in inputs.words", EACH)), given=WORDS)

    assert player.texts == ["one", "two", "three"]
    assert player.did == ["loop[0]/tell", "loop[1]/tell", "loop[2]/tell"]
    assert player.most_at_once == 1


def test_a_loop_over_nothing_is_done_at_once():
    main = steps(loop("word in inputs.words", EACH), "  - return: ${{ steps.loop }}")

    assert value(main, {"words": []}) == {"items": [], "count": 0, "failed": 0}


def test_collect_gives_one_value_an_item_and_omit_gives_none():
    main = steps(
        loop(
            "word in inputs.words",
            EACH,
            more="    collect: ${{ omit if word == 'two' else word }}\n",
        ),
        "  - return: ${{ steps.loop }}",
    )

    assert value(main, WORDS) == {"items": ["one", "three"], "count": 3, "failed": 0}


def test_results_inside_a_loop_live_for_one_item():
    main = steps(
        loop(
            "word in inputs.words",
            say("tell", "${{ vars.x }}", "    if: word == 'one'").replace(
                "${{ vars.x }}", "${{ word }}"
            ),
            "  - log: '${{ steps.tell is skipped }}'",
        ),
    )

    player, _ = play(main, given=WORDS)

    told = [player.stored[f"loop[{place}]/2-log"].result for place in range(3)]
    assert told == ["false", "true", "true"]


def test_at_most_max_parallel_items_are_open_at_once():
    main = steps(loop("word in inputs.words", EACH, more="    max_parallel: 2\n"))

    player, _ = play(main, given={"words": list("abcdef")})

    assert player.most_at_once == 2
    assert sorted(player.texts) == list("abcdef")


def test_a_failed_item_ends_the_loop():
    main = steps(loop("word in inputs.words", EACH))

    player, ending = play(main, given=WORDS, script={"loop[1]/tell": HOARSE})

    assert player.texts == ["one", "two"]
    assert ending.failure is not None
    assert (ending.failure.code, ending.failure.step) == ("hoarse", "loop[1]/tell")


def test_a_loop_may_go_on_behind_a_failed_item():
    main = steps(
        loop(
            "word in inputs.words",
            EACH,
            more="    on_item_error: continue\n    collect: ${{ word }}\n",
        ),
        "  - return: ${{ steps.loop }}",
    )

    result = value(main, WORDS, script={"loop[1]/tell": HOARSE})

    assert result == {"items": ["one", "three"], "count": 3, "failed": 1}


def test_a_loop_has_handlers_of_its_own():
    main = steps(
        loop("word in inputs.words", EACH, more="    on_error: continue\n"),
        "  - return: ${{ steps.loop is failed }}",
    )

    assert value(main, WORDS, script={"loop[0]/tell": HOARSE}) is True


@pytest.mark.parametrize("word", ["return: enough", "fail: enough"])
@pytest.mark.parametrize("more", ["", "    on_item_error: continue\n    on_error: continue\n"])
def test_return_and_fail_inside_a_loop_end_the_run(word, more):
    main = steps(loop("word in inputs.words", EACH, f"  - {word}", more=more), say("never"))

    player, ending = play(main, given=WORDS)

    assert player.texts == ["one"]
    found = ending.value if ending.has_returned else ending.failure and ending.failure.code
    assert found == "enough"


def test_a_for_each_needs_a_list():
    _, ending = play(steps(loop("word in inputs.word", EACH)), given={"word": "one"})

    assert ending.failure is not None
    assert (ending.failure.code, ending.failure.step) == ("invalid_input", "loop")


# -------------------------------------------------------------------------------------------- calls

CALL = "  - id: called\n    call: other\n    with: {word: '${{ inputs.word }}'}\n"
OTHER = INPUTS + "steps:\n" + say("tell", "${{ inputs.word }}")


def test_a_call_gives_what_the_called_workflow_returned():
    player, ending = play(
        steps(CALL, "  - return: ${{ steps.called.heard }}"),
        other=OTHER + "\n  - return: {heard: '${{ steps.tell.text }}'}\n",
        given={"word": "psst"},
    )

    assert ending.value == "psst"
    assert player.did == ["called/tell"]


def test_a_called_workflow_sees_its_inputs_and_nothing_else():
    _, ending = play(
        steps("  - vars: {secret: 1}", CALL),
        other=INPUTS + "steps:\n  - return: ${{ vars.secret }}\n",
        given={"word": "x"},
    )

    assert ending.failure is not None
    assert ending.failure.code == "missing_value"


def test_a_call_without_return_gives_an_empty_object():
    result = value(steps(CALL, "  - return: ${{ steps.called }}"), {"word": "x"}, other=OTHER)

    assert result == {}


def test_inputs_of_a_call_have_their_defaults():
    other = (
        "inputs:\n  word: {type: string, default: hey}\nsteps:\n  - return: ${{ inputs.word }}\n"
    )

    result = value(
        steps("  - id: called\n    call: other", "  - return: ${{ steps.called }}"), other=other
    )

    assert result == "hey"


def test_handlers_of_the_called_workflow_and_of_the_call_are_different_steps():
    other = OTHER + "\non_error:\n  - log: inside\n"
    main = steps(CALL + "    on_error:\n      - log: outside")

    player, _ = play(main, other=other, given={"word": "x"}, script={"called/tell": HOARSE})

    logs = [entry.result for entry in player.stored.values() if entry.kind == "log"]
    assert logs == ["inside", "outside"]


def test_a_fail_of_the_called_workflow_is_an_error_of_the_call():
    main = steps(CALL + "    on_error: continue", "  - return: ${{ steps.called is failed }}")
    other = INPUTS + "steps:\n  - fail: nope\n"

    assert value(main, {"word": "x"}, other=other) is True


RETRIED = CALL + "    retry: {attempts: 2, first: 10s}\n"


def test_a_call_is_made_again_as_its_retry_says_each_time_in_a_place_of_its_own():
    failing = Failure("unavailable", "not now")
    player, ending = play(
        steps(RETRIED),
        other=OTHER,
        given={"word": "x"},
        script={"called/tell": failing, "called~2/tell": failing},
    )

    assert player.did == ["called/tell", "called~2/tell", "called~3/tell"]
    assert player.asked == ["Pause called~1.pause", "Pause called~2.pause"]
    assert ending.failure is None


def test_a_call_that_failed_for_good_is_not_made_again():
    player, ending = play(
        steps(RETRIED), other=OTHER, given={"word": "x"}, script={"called/tell": HOARSE}
    )

    assert player.did == ["called/tell"]
    assert ending.failure is not None


def test_only_if_says_which_failures_of_a_call_are_tried_again():
    main = steps(RETRIED.replace("first: 10s", "first: 10s, only_if: error.code == 'hoarse'"))

    player, ending = play(main, other=OTHER, given={"word": "x"}, script={"called/tell": HOARSE})

    assert player.did == ["called/tell", "called~2/tell"]
    assert ending.failure is None


TURNS = "concurrency: {key: '${{ inputs.word }}'}\n"


def test_E16_a_called_workflow_leaves_its_turn_when_it_is_done():
    player, _ = play(steps(CALL, say("after")), other=TURNS + OTHER, given={"word": "x"})

    assert player.asked == ["TakeTurn called", "LeaveTurn called"]


def test_E16_a_called_workflow_that_fails_leaves_its_turn():
    player, _ = play(
        steps(CALL), other=TURNS + OTHER, given={"word": "x"}, script={"called/tell": HOARSE}
    )

    assert player.asked == ["TakeTurn called", "LeaveTurn called"]


def test_E16_a_run_keeps_its_turn_to_the_end():
    player, _ = play(TURNS + steps(say("a")), given={"word": "x"})

    assert player.asked == ["TakeTurn "]


# ------------------------------------------------------------------------------------ decided once


def test_what_was_decided_is_not_worked_out_again():
    main = steps(
        "  - vars: {first: '${{ now() }}', id: '${{ uuid() }}'}",
        say("a", "${{ now() | iso }}"),
        "  - return: ${{ vars }}",
    )
    player = Player(compiled(main=main))
    first = player.play()

    again = Player(player.workflow, stored=player.stored, now=player.now + timedelta(days=1))
    second = again.play()

    assert (second.value, again.did) == (first.value, [])


def test_E7_the_key_is_the_run_and_the_path_of_the_step():
    main = steps(loop("word in inputs.words", CALL.replace("inputs.word", "word")))

    player, _ = play(main, other=OTHER, given={"words": ["x"]})

    assert player.stored["loop[0]/called/tell"].key == "run-1/loop[0]/called/tell"
