"""A worker that dies behind a step: nothing outward twice, nothing lost (language, chapter 9)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from hub.bootstrap import read_project
from hub.engine.compile.link import steps_of
from hub.engine.project import Project
from hub.engine.workflow import Call, Do, Workflow
from hub.testing.names import step_names
from hub.testing.plan import Trial
from hub.testing.reading import read_all
from hub.testing.trying import Trials, Verdict
from tests.unit.testing.theatre import happened, passes, play, told

ROOT = Path(__file__).parents[3]
PROJECT = read_project(ROOT).project
FILES = read_all(PROJECT)

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


def crashes() -> list[tuple[Trial, str]]:
    """Each test of the project with each step behind which its worker may die."""
    return [
        (trial, step)
        for file in FILES
        for trial in file.trials
        if trial.given.crash_after is None and not trial.given.real
        for step in step_names(PROJECT.workflows[trial.workflow])
    ]


def step_of(project: Project, workflow: Workflow, name: str) -> object:
    """The step that a name means; `call/step` lies in what the call calls."""
    head, _, rest = name.partition("/")
    step = next(each for each in steps_of(workflow) if each.id == head)
    if rest and isinstance(step, Call):
        return step_of(project, workflow.called[step.workflow], rest)
    return step


def is_doubtful(step: object) -> bool:
    """Whether nobody can know, after a crash, whether it was done."""
    if not isinstance(step, Do) or not PROJECT.actions[step.action].outward:
        return False
    fitting = PROJECT.actions[step.action].effect == "once"
    return step.delivery == "at_most_once" or (fitting and step.delivery is None)


def comes_twice(step: object) -> bool:
    """Whether it says "rather twice than never"."""
    if not isinstance(step, Do):
        return False
    return step.delivery == "at_least_once" and PROJECT.actions[step.action].effect == "once"


def check_crash(plain: Verdict, crashed: Verdict, step: object, name: str) -> None:
    before, after = Counter(plain.did), Counter(crashed.did)
    if comes_twice(step):
        assert after - before == Counter(dict(list((after - before).items())[:1])), name
        assert before - after == Counter(), f"{name}: an effect was lost"
    elif is_doubtful(step):
        assert max(after.values(), default=0) <= 1, f"{name}: something was done twice"
    else:
        assert by_run(crashed) == by_run(plain), f"{name}: a crash changed what was done"


def by_run(verdict: Verdict) -> list[tuple[str, str, str]]:
    """What each run did in its order; which of two runs comes first is not said by either."""
    return sorted(verdict.did, key=lambda done: done[0])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.workflow)
def test_a_crash_behind_any_step_gives_no_second_effect_and_loses_none(file: object):
    seen = 0
    with Trials(PROJECT) as stage:
        plain = {trial.id: stage.play(trial) for trial, _ in crashes() if trial in file.trials}  # type: ignore[attr-defined]
        for trial, name in crashes():
            if trial.id not in plain:
                continue
            crashed = stage.play(trial, crash_after=name)
            if not crashed.has_crashed:
                continue  # this test does not come past this step
            seen += 1
            step = step_of(PROJECT, PROJECT.workflows[trial.workflow], name)
            check_crash(plain[trial.id], crashed, step, f"{trial.id}, behind {name}")
    assert seen or not any(step_names(PROJECT.workflows[each.workflow]) for each in file.trials)  # type: ignore[attr-defined]
