"""What the steps of a workflow lead to, in which order, and how a run ends."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.unit.engine.advance.player import play
from tests.unit.engine.advance.writing import HOARSE, say, steps, value

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
