"""What the steps of a workflow lead to, in which order, and how a run ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.engine.advance import Failure
from tests.unit.engine.advance.player import Player, compiled, play

HOARSE = Failure("hoarse", "no voice left")
INPUTS = """\
inputs:
  word: {type: string, optional: true}
  flag: {type: boolean, optional: true}
  count: {type: integer, optional: true}
  words: {type: array, items: {type: string}, optional: true}
  at: {type: string, format: date-time, optional: true}
"""


def say(id_: str, text: str | None = None, more: str = "") -> str:
    return f"  - id: {id_}\n    do: voice.say\n    with: {{text: '{text or id_}'}}\n{more}"


def steps(*lines: str) -> str:
    return INPUTS + "steps:\n" + "\n".join(lines) + "\n"


def value(main: str, given: dict[str, Any] | None = None, **more: Any) -> Any:
    """What the run returns."""
    _, ending = play(main, given=given, **more)
    assert ending.failure is None, ending.failure
    return ending.value


# --------------------------------------------------------------------------------------- in order


def test_steps_are_done_one_after_the_other_and_see_what_came_before():
    player, ending = play(
        steps(
            say("first"), say("second", "after ${{ steps.first.text }}"), "  - return: ${{ steps }}"
        )
    )

    assert player.did == ["first", "second"]
    assert player.texts == ["first", "after first"]
    assert player.most_at_once == 1
    assert ending.value["second"]["text"] == "after first"


def test_a_date_of_a_result_is_a_date():
    main = steps(
        "  - id: when\n    do: voice.say\n    with: {text: x, at: '${{ inputs.at }}'}",
        "  - return: ${{ steps.when.at | plus('24h') }}",
    )

    result = value(main, {"at": "2025-10-20T14:00:00+02:00"})

    assert result == datetime(2025, 10, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(("flag", "did"), [(True, ["a", "b"]), (False, ["b"])])
def test_a_step_with_a_false_if_is_skipped(flag, did):
    main = steps(say("a", more="    if: inputs.flag"), say("b"))

    player, _ = play(main, given={"flag": flag})

    assert player.did == did


def test_a_skipped_step_says_so():
    main = steps(
        say("a", more="    if: inputs.flag"),
        "  - return: '${{ steps.a is skipped }} ${{ steps.a is ok }}'",
    )

    assert value(main, {"flag": False}) == "true false"


BRANCHES = steps(
    "  - if: inputs.count > 10\n    then:\n      - return: many",
    "    elif:\n      - if: inputs.count > 1\n        then:\n          - return: some",
    "    else:\n      - return: none",
)


@pytest.mark.parametrize(("count", "result"), [(11, "many"), (2, "some"), (0, "none")])
def test_the_first_true_branch_is_taken(count, result):
    assert value(BRANCHES, {"count": count}) == result


SWITCH = steps(
    "  - switch: {subject}\n    cases:\n      one | two:\n        - return: early",
    "      'true':\n        - return: yes it is",
    "      '1':\n        - return: the number",
    "      'null':\n        - return: nothing",
    "      else:\n        - return: other",
)


@pytest.mark.parametrize(
    ("given", "subject", "result"),
    [
        ({"word": "one"}, "inputs.word", "early"),
        ({"word": "two"}, "inputs.word", "early"),
        ({"word": "three"}, "inputs.word", "other"),
        ({"flag": True}, "inputs.flag", "yes it is"),
        ({"flag": False}, "inputs.flag", "other"),
        ({"count": 1}, "inputs.count", "the number"),
        ({}, "inputs.word | default(null)", "nothing"),
    ],
)
def test_switch_compares_as_text(given, subject, result):
    assert value(SWITCH.replace("{subject}", subject), given) == result


def test_a_value_without_a_case_is_a_failure():
    main = steps("  - switch: inputs.word\n    cases:\n      one:\n        - return: 1")

    _, ending = play(main, given={"word": "nine"})

    assert ending.failure is not None
    assert (ending.failure.code, ending.failure.step) == ("invalid_input", "1-switch")


def test_variables_see_earlier_ones_and_omit_leaves_one_out():
    main = steps(
        "  - vars:\n      a: 1\n      b: ${{ vars.a + 1 }}\n      c: ${{ omit }}",
        "  - return: ${{ vars }}",
    )

    assert value(main) == {"a": 1, "b": 2}


def test_a_condition_must_be_true_or_false():
    _, ending = play(steps(say("a", more="    if: inputs.word")), given={"word": "yes"})

    assert ending.failure is not None
    assert ending.failure.code == "invalid_input"


def test_a_missing_value_fails_the_step_that_needed_it():
    player, ending = play(steps(say("a", "${{ inputs.word }}"), say("b")))

    assert ending.failure is not None
    assert (ending.failure.code, ending.failure.step) == ("missing_value", "a")
    assert player.did == []
    assert player.stored["a"].status == "failed"


# ------------------------------------------------------------------------------ answers and endings


def test_a_reply_goes_out_while_the_run_goes_on():
    player, ending = play(steps("  - reply: hello\n    status: 201", say("after")))

    assert player.replies == ["hello"]
    assert player.did == ["after"]
    assert not ending.has_returned


def test_a_return_ends_the_run_from_inside_a_branch():
    main = steps(
        "  - if: inputs.flag\n    then:\n      - return: {ok: false}\n        status: 409", say("b")
    )

    player, ending = play(main, given={"flag": True})

    assert (ending.value, ending.status, player.did) == ({"ok": False}, 409, [])


def test_headers_of_an_answer_are_text():
    _, ending = play(steps("  - return: x\n    headers: {X-Count: 3}"))

    assert ending.headers == {"X-Count": "3"}


def test_a_status_that_is_none_is_refused():
    _, ending = play(steps("  - return: x\n    status: ${{ inputs.count }}"), given={"count": 42})

    assert ending.failure is not None
    assert ending.failure.code == "invalid_input"


def test_fail_ends_the_run_with_its_code_message_and_status():
    main = steps("  - fail: too_late\n    message: It is ${{ 1 + 1 }}.\n    status: 410", say("b"))

    player, ending = play(main)

    assert ending.failure is not None
    assert (ending.failure.code, ending.failure.message, ending.failure.status) == (
        "too_late",
        "It is 2.",
        410,
    )
    assert player.did == []


def test_a_log_line_is_in_the_journal():
    player, _ = play(steps("  - log: Hello ${{ 1 + 1 }}\n    level: warning"))

    entry = player.stored["1-log"]
    assert (entry.kind, entry.result, entry.action) == ("log", "Hello 2", "warning")


# ------------------------------------------------------------------------------------------ failure


def test_a_failure_goes_up_and_ends_the_run():
    player, ending = play(steps(say("a"), say("b")), script={"a": HOARSE})

    assert ending.failure is not None
    assert (ending.failure.code, ending.failure.step) == ("hoarse", "a")
    assert player.did == ["a"]


def test_on_error_continue_goes_on_without_a_result():
    main = steps(
        say("a", more="    on_error: continue"),
        "  - return: '${{ steps.a is failed }} ${{ steps.a.text | default(\"none\") }}'",
    )

    assert value(main, script={"a": HOARSE}) == "true none"


def test_handlers_see_the_error_and_then_the_failure_goes_on():
    main = steps(
        say("a", more="    on_error:\n      - log: '${{ error.code }} in ${{ error.step }}'"),
        say("b"),
    )

    player, ending = play(main, script={"a": HOARSE})

    assert player.stored["a.on_error/1-log"].result == "hoarse in a"
    assert ending.failure is not None
    assert ending.failure.code == "hoarse"
    assert player.did == ["a"]


HANDLED = "    on_error:\n      - if: error.code == 'hoarse'\n        {step}"


def test_a_handler_may_return():
    main = steps(say("a", more=HANDLED.format(step="return: never mind")))

    assert value(main, script={"a": HOARSE}) == "never mind"


def test_a_handler_may_fail_in_its_own_way():
    main = steps(say("a", more=HANDLED.format(step="fail: given_up")))

    _, ending = play(main, script={"a": HOARSE})

    assert ending.failure is not None
    assert ending.failure.code == "given_up"


def test_the_error_is_gone_behind_its_handlers():
    main = steps(
        say("a", more="    on_error: continue"),
        say("b", more="    on_error:\n      - log: x"),
    ).replace("steps:", "on_error:\n  - log: '${{ error.step }}'\nsteps:", 1)

    player, _ = play(main, script={"a": HOARSE, "b": HOARSE})

    assert player.stored["on_error/1-log"].result == "b"


def test_the_handlers_of_a_workflow_run_last():
    main = steps(say("a"), say("b")) + "on_error:\n" + say("sorry", "${{ error.code }}")

    player, ending = play(main, script={"a": HOARSE})

    assert (player.did, player.texts[-1]) == (["a", "sorry"], "hoarse")
    assert ending.failure is not None


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
