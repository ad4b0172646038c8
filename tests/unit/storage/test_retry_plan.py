"""What a run that is run again by hand keeps of the old one (E20)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hub.storage.reading import StepFacts
from hub.storage.retry import plan_from_start, plan_from_step, step_to_repeat

AT = datetime(2025, 10, 20, 12, tzinfo=UTC)


def step(path: str, status: str = "succeeded", kind: str = "do", **more: Any) -> StepFacts:
    facts: dict[str, Any] = {
        "step_id": path.rpartition("/")[2],
        "action": "slack.post" if kind == "do" else None,
        "attempts": 1,
        "is_simulated": False,
        "key": None,
        "inputs": None,
        "result": None,
        "error": None,
        "started_at": AT,
        "ended_at": AT,
        "due_at": None,
    }
    return StepFacts(path=path, kind=kind, status=status, **{**facts, **more})


def test_what_came_before_the_failed_step_is_kept():
    journal = [step("first"), step("second?", kind="if"), step("second", "failed")]

    plan = plan_from_step(journal, "second")

    assert plan.kept == ("first", "second?")
    assert plan.reopened == ()
    assert [each.path for each in plan.repeated] == ["second"]


def test_the_steps_of_an_error_handler_are_done_anew():
    journal = [step("first"), step("second", "failed"), step("tell_team")]

    assert plan_from_step(journal, "second").kept == ("first",)


def test_a_failure_that_was_handled_before_stays_handled():
    journal = [step("maybe", "failed"), step("next"), step("last", "failed")]

    assert plan_from_step(journal, "last").kept == ("maybe", "next")


def test_a_call_around_the_failed_step_is_open_again_and_keeps_its_inputs():
    journal = [
        step("hold", "failed", kind="call"),
        step("hold.until", kind="timeout"),
        step("hold/appointment"),
        step("hold/lead", "failed"),
    ]

    plan = plan_from_step(journal, "hold/lead")

    assert plan.kept == ("hold", "hold/appointment")
    assert plan.reopened == ("hold",)


def test_other_items_of_a_loop_keep_what_they_got_done():
    journal = [
        step("each", "failed", kind="for_each"),
        step("each[0]/send"),
        step("each[1]/send", "failed"),
        step("each[1]/note"),
        step("each[2]/send"),
        step("each[3]/send", "started"),
        step("each[12]/send"),
    ]

    plan = plan_from_step(journal, "each[1]/send")

    assert plan.kept == ("each", "each[0]/send", "each[2]/send", "each[12]/send")
    assert plan.reopened == ("each",)
    assert [each.path for each in plan.repeated] == ["each[1]/send", "each[1]/note", "each[3]/send"]


def test_going_back_to_a_call_repeats_all_of_it():
    journal = [
        step("first"),
        step("hold", kind="call"),
        step("hold/appointment"),
        step("after", "failed"),
    ]

    assert plan_from_step(journal, "hold").kept == ("first",)


def test_a_step_that_failed_before_it_was_begun_keeps_everything_done():
    journal = [step("first"), step("loop", "failed", kind="call"), step("loop/inner")]

    plan = plan_from_step(journal, "loop/broken")

    assert plan.kept == ("first", "loop", "loop/inner")
    assert plan.reopened == ("loop",)


def test_a_run_that_was_cut_goes_on_at_what_it_had_begun():
    journal = [step("first"), step("second", "started"), step("third", "retrying")]

    assert step_to_repeat(journal, "") == "second"
    assert step_to_repeat(journal, "third") == "third"
    assert step_to_repeat([step("first")], None) is None
    assert plan_from_step([step("first")], None).kept == ("first",)


def test_from_the_start_nothing_is_kept():
    journal = [step("first"), step("second")]

    assert plan_from_start(journal).kept == ()
    assert len(plan_from_start(journal).repeated) == 2


# ------------------------------------------------------------------------- runs that were undone


def undo(path: str, status: str = "succeeded", **inputs: Any) -> StepFacts:
    return step(f"{path}#undo", status, kind="undo", inputs=inputs)


def test_every_item_that_was_undone_is_done_anew():
    journal = [
        step("each", kind="for_each"),
        undo("each[0]/one"),
        step("each[0]/one"),
        undo("each[1]/one"),
        step("each[1]/one"),
        step("after", "failed"),
    ]

    first = step_to_repeat(journal, "after")
    plan = plan_from_step(journal, first)

    assert (first, plan.kept) == ("each[0]/one", ("each",))


def test_what_was_undone_is_done_anew_also_before_a_later_step():
    journal = [undo("one"), step("one"), step("two"), step("three", "failed")]

    assert plan_from_step(journal, "three").kept == ("two",)


def test_the_steps_of_a_block_that_was_undone_are_done_anew():
    journal = [
        step("zero"),
        step("one"),
        step("two"),
        step("both", kind="steps"),
        undo("both", inside=["one", "two"]),
        step("after", "failed"),
    ]

    first = step_to_repeat(journal, "after")

    assert (first, plan_from_step(journal, first).kept) == ("one", ("zero",))


def test_the_steps_of_a_call_that_was_undone_are_done_anew():
    journal = [
        step("zero"),
        step("hold", kind="call"),
        step("hold/one"),
        undo("hold", inside=[]),
        step("after", "failed"),
    ]

    first = step_to_repeat(journal, "after")

    assert (first, plan_from_step(journal, first).kept) == ("hold", ("zero",))


def test_an_item_that_is_kept_can_still_be_undone():
    journal = [
        step("each", "failed", kind="for_each"),
        step("each[0]/one", "failed"),
        undo("each[1]/one", "started"),
        step("each[1]/one"),
    ]

    assert plan_from_step(journal, "each[0]/one").kept == (
        "each",
        "each[1]/one#undo",
        "each[1]/one",
    )
