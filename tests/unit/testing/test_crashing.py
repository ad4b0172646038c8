"""A worker that dies behind a step: nothing outward twice, nothing lost (language, chapter 9)."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from hub.bootstrap import read_project
from hub.engine.workflow import Do, Position, Step
from hub.testing.coverage import coverage_of
from hub.testing.plan import Place, Trial
from hub.testing.playing import Played
from hub.testing.reading import read_all
from hub.testing.setting import Setting
from hub.testing.stage import Stage
from tests.unit.testing.theatre import PATH, happened, passes, play, project, told

ROOT = Path(__file__).parents[3]
IS_PROOF = settings().max_examples > 200

SMS = "{id: sms, do: sms.send, with: {to: '+15550100', text: hi}}"
LATER = "{id: later, do: book.write, with: {line: later}}"


def flow(step: str) -> str:
    return f"inputs: {{}}\nsteps: [{step}, {LATER}]"


def test_an_effect_in_our_own_database_is_rolled_back_with_its_result_and_done_again():
    verdict = passes(
        """
        crash_after: book
        expect: {status: succeeded, did: [book.write: {line: a}, book.write: {line: later}]}
        """,
        main=flow("{id: book, do: book.write, with: {line: a}}"),
    )

    assert "book.write is done, and undone by the crash" in happened(verdict)


def test_a_message_is_not_sent_twice_and_nobody_knows_whether_it_was_sent():
    passes(
        """
        crash_after: sms
        expect: {status: failed, error: outcome_unknown, did: [sms.send]}
        """,
        main=flow(SMS),
    )


def test_a_message_that_may_come_twice_comes_twice():
    passes(
        """
        crash_after: sms
        expect: {status: succeeded, did: [sms.send, sms.send, book.write]}
        """,
        main=flow(SMS.replace("do:", "delivery: at_least_once, do:")),
    )


def test_a_payment_is_asked_for_again_with_the_same_key_and_counts_once():
    verdict = passes(
        """
        mocks: {pay.charge: [{returns: {text: first, is_done: true}}, {fails: declined}]}
        crash_after: pay
        expect: {status: succeeded, did: [pay.charge, book.write]}
        """,
        main=flow("{id: pay, do: pay.charge, with: {amount: 3}}"),
    )

    assert "(again, with the same key)" in happened(verdict)


@pytest.mark.parametrize(
    "step",
    [
        "{id: it, for_each: 'n in [1, 2]', steps: [{id: w, do: book.write, with: {line: a}}]}",
        "{id: it, wait: 1h}",
        "{id: it, emit: order.paid, key: '${{ run.id }}', data: {amount: 3}}",
        "{id: it, call: inner}",
        "{id: it, call: inner, detach: true}",
        "{id: it, steps: [{id: w, do: book.write, with: {line: a}}]}",
        "{id: it, log: hello}",
        "{id: it, vars: {made: '${{ uuid() }}'}}",
        "{id: it, parallel: {a: [{id: x, log: a}], b: [{id: w, do: book.write, with: {line: a}}]}}",
    ],
)
def test_a_decision_that_was_lost_is_made_again_and_nothing_is_done_twice(step: str):
    files = {"inner": "inputs: {}\nsteps: [{id: w, do: book.write, with: {line: inner}}]"}
    plain = play("expect: {status: succeeded}", main=flow(step), **files)
    crashed = play("crash_after: it\nexpect: {status: succeeded}", main=flow(step), **files)

    assert told(plain) == told(crashed) == []
    assert crashed.has_crashed
    assert crashed.did == plain.did


def test_a_step_of_a_called_workflow_is_named_behind_its_call():
    passes(
        """
        crash_after: it/w
        expect: {status: succeeded, did: [book.write: {line: inner}, book.write: {line: later}]}
        """,
        main=flow("{id: it, call: inner}"),
        inner="inputs: {}\nsteps: [{id: w, do: book.write, with: {line: inner}}]",
    )


def test_a_crash_behind_a_step_that_never_runs_is_told():
    verdict = play(
        "crash_after: sms\nexpect: {status: succeeded}",
        main=flow("{if: 1 > 2, then: [" + SMS + "]}"),
    )

    assert "the worker did not die: no run came past the step 'sms'" in told(verdict)


# ---------------------------------------------------------------- every step of every flow (20.5)


@cache
def setting() -> Setting:
    """Our own project; read when it is played, not when tests are collected."""
    return Setting(read_project(ROOT).project)


def played(trial: Trial, crash_after: Place | None = None) -> Stage:
    """The stage when all is over."""
    stage = Stage(setting(), trial, crash_after=crash_after)
    stage.play()
    assert not stage.is_endless, f"{trial.id}: {crash_after}"
    return stage


def deeds(stage: Stage) -> Counter[tuple[str, str]]:
    """How often each step of each run had an effect."""
    return Counter((each.run, each.path) for each in stage.story.did)


def what_came_of(stage: Stage) -> dict[str, Any]:
    """All that anybody outside can see afterwards, but not the time that it took."""
    story = stage.story
    return {
        "did": story.did,
        "simulated": story.simulated,
        "emitted": story.emitted,
        "answers": [each.response for each in stage.exchanges],
        "runs": [(run.id, run.status, error_of(run), run.response) for run in stage.runs],
        "results": [run.finished and run.finished.value for run in stage.runs],
    }


def error_of(run: Played) -> tuple[str, str] | None:
    """What went wrong where; how often it was tried may differ."""
    error = None if run.ending is None else run.ending.error
    return None if error is None else (error["code"], error["step"])


def delivery_of(step: Step) -> str | None:
    """How a step is repeated that must not be; None for all others."""
    if not isinstance(step, Do) or setting().project.actions[step.action].effect != "once":
        return None
    return step.delivery or "at_most_once"


def check_crash(plain: Stage, crashed: Stage, place: Place, step: Step) -> None:
    """What a worker that dies behind a step may change, and nothing else."""
    if what_came_of(crashed) == what_came_of(plain):
        return
    here = (place.run, place.path)
    if delivery_of(step) == "at_least_once":  # rather twice than never
        assert deeds(crashed) - deeds(plain) == Counter([here])
        assert deeds(plain) - deeds(crashed) == Counter()
        assert {**what_came_of(crashed), "did": []} == {**what_came_of(plain), "did": []}
        return
    if delivery_of(step) is None:
        check_what_is_late(plain, crashed, place)
        return
    entry = next(run for run in crashed.runs if str(run.id) == place.run).stored[place.path]
    assert entry.error is not None
    assert entry.error["code"] == "outcome_unknown"
    check_what_is_unknown(plain, crashed, here)


def check_what_is_late(plain: Stage, crashed: Stage, place: Place) -> None:
    """What is done again takes its time again: an answer may come too late, and nothing else.

    Of two runs the other one may come first; of the tries of an action the crash costs one.
    """
    takes_time = [each.takes for given in plain.trial.given.mocks.values() for each in given]
    assert any(takes_time) or has_tries(plain), "a crash changed what came of it"
    changed = {path for _, path in deeds(crashed)} ^ {path for _, path in deeds(plain)}
    assert changed <= ({place.path} if has_tries(plain) else set()), "a crash changed what was done"
    assert only_once(crashed) == only_once(plain), "a message was sent twice"
    for name in ("emitted", "simulated"):
        before, after = what_came_of(plain)[name], what_came_of(crashed)[name]
        assert sorted(map(repr, after)) == sorted(map(repr, before))
    ends = [[(run.id, run.status, error_of(run)) for run in each.runs] for each in (plain, crashed)]
    assert ends[1] == ends[0]


def has_tries(stage: Stage) -> bool:
    """Whether an action is tried again: the attempt that the crash cost is one of them."""
    return any(len(given) > 1 for given in stage.trial.given.mocks.values())


def only_once(stage: Stage) -> Counter[str]:
    """How often each step had an effect that must not come twice."""
    once = {name for name, each in setting().project.actions.items() if each.effect == "once"}
    return Counter(each.path for each in stage.story.did if each.action in once)


def check_what_is_unknown(plain: Stage, crashed: Stage, here: tuple[str, str]) -> None:
    """Behind it the flow goes another way: nothing twice, and nothing lost of what was before."""
    assert max(deeds(crashed).values(), default=1) == 1, "something was done twice"
    told = Counter(repr(each) for each in crashed.story.emitted)
    assert max(told.values(), default=1) == 1, "an event was emitted twice"
    order = list(deeds(plain))
    before = order[: order.index(here)] if here in order else []
    assert not set(before) - set(deeds(crashed)), "an effect was lost"


def crash_behind_steps(trial: Trial, known: set[tuple[str, Position]]) -> None:
    """Play a test again and again, each time with a death behind another step of it.

    Steps that are known are left alone, but in the full proof; those that were crashed are known.
    """
    plain = played(trial)
    walked = [(run, *each) for run in plain.runs for each in run.walked.items()]
    for run, path, (workflow, step) in walked:
        at = (workflow, step.position)
        if at in known and not IS_PROOF:
            continue
        known.add(at)
        place = Place(str(run.id), path)
        crashed = played(trial, place)
        try:
            assert any(each.has_crashed for each in crashed.runs), "nobody died"
            check_crash(plain, crashed, place, step)
        except AssertionError as wrong:
            wrong.add_note(f"{trial.id}, behind {place}")
            raise


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_crash_behind_any_step_of_our_flows_gives_no_second_effect_and_loses_none():
    """Each step in one of the tests that walk it; `make proofs` takes every one of them."""
    crashed: set[tuple[str, Position]] = set()
    for file in read_all(setting().project):
        for trial in file.trials:
            if not trial.given.real and trial.given.crash_after is None:
                crash_behind_steps(trial, crashed)

    assert coverage_of(setting().project.workflows.values(), crashed).missing == {}


def test_a_step_in_a_loop_is_crashed_at_its_place():
    write = "{id: w, do: book.write, with: {line: a}}"
    stage = theatre_of("{id: all, for_each: 'n in [1, 2]', steps: [" + write + "]}")
    second = "all[1]/w"

    crashed = Stage(stage.setting, stage.trial, crash_after=Place("run-1", second))
    crashed.play()

    told = [line.text for line in crashed.story.lines if "undone by the crash" in line.text]
    assert told == [f"{second}: book.write is done, and undone by the crash"]
    assert what_came_of(crashed) == what_came_of(stage)


def theatre_of(step: str) -> Stage:
    """A flow of one step and what follows it, played."""
    test = "tests: [{name: it works, expect: {status: succeeded}}]"
    loaded = project({"main": flow(step), PATH: f"hub: 1\nworkflow: main\n{test}\n"})
    assert not loaded.errors, "\n".join(map(str, loaded.errors))
    stage = Stage(Setting(loaded), read_all(loaded)[0].trials[0])
    stage.play()
    return stage


def test_a_refusal_that_was_lost_is_asked_for_again_and_is_the_same():
    verdict = passes(
        """
        mocks: {pay.charge: [{fails: declined}, {returns: {text: paid, is_done: true}}]}
        crash_after: pay
        expect: {status: failed, error: declined, did: []}
        """,
        main=flow("{id: pay, do: pay.charge, with: {amount: 3}}"),
    )

    assert verdict.has_crashed
