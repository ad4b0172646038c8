"""What an attempt may and must do, from the journal alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.action import Action, action
from hub.engine.advance.commands import Perform
from hub.engine.advance.journal import Entry
from hub.engine.attempts import Attempted, as_json, once_digest, refused_inputs
from hub.engine.expressions import Literal
from hub.engine.workflow import Do, Position, Retry
from hub.errors import PayloadProblem, Permanent, Transient
from hub.values import Secret

NOW = datetime(2025, 10, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@action("thing.do", effect="once", outward=True, timeout=MINUTE, example={})
def do_it() -> None:
    """Do it."""


ONCE: Action = do_it.__hub_action__  # type: ignore[attr-defined]  # the mark of the decorator
STEP = Do(slug="it", position=Position("f", 1, 1), action="thing.do", inputs=Literal({}))


def attempted(
    known: Entry | None = None, *, step: Do = STEP, deadline: datetime | None = None, **changed: Any
) -> Attempted:
    command = Perform(
        path="it",
        step=step,
        workflow="main",
        inputs={},
        key="run/it",
        once_key=None,
        timeout=None,
        retry_if=None,
        deadline=deadline,
    )
    return Attempted(command, replace(ONCE, **changed), known)


def entry(status: Any, **given: Any) -> Entry:
    return Entry("it", "do", status, attempts=1, **given)


@pytest.mark.parametrize(
    ("effect", "says", "delivery"),
    [
        ("once", None, "at_most_once"),
        ("once", "at_least_once", "at_least_once"),
        ("keyed", None, "at_least_once"),
        ("idempotent", "at_most_once", "at_most_once"),
    ],
)
def test_the_step_says_how_it_is_delivered_else_the_effect_does(
    effect: Any, says: Any, delivery: str
):
    assert attempted(step=replace(STEP, delivery=says), effect=effect).delivery == delivery


def test_only_what_was_begun_and_goes_out_at_most_once_is_in_doubt():
    begun = entry("started")

    assert attempted(begun).is_in_doubt
    assert not attempted(begun, outward=False).is_in_doubt
    assert not attempted(begun, effect="keyed").is_in_doubt
    assert not attempted(entry("retrying")).is_in_doubt
    assert not attempted().is_in_doubt


def test_what_an_earlier_attempt_left_open_stays_open():
    failed = Permanent("rejected", "no")
    doubtful = entry("retrying", error={"code": "timeout", "message": "", "maybe_done": True})

    assert attempted(entry("started")).failure(failed).is_maybe_done
    assert attempted(doubtful).failure(failed).is_maybe_done
    assert not attempted(doubtful, effect="read").failure(failed).is_maybe_done
    assert not attempted(entry("retrying")).failure(failed).is_maybe_done


def test_the_next_attempt_comes_only_when_it_is_safe_and_in_time():
    late = Transient("unavailable", "away")

    def pause(task: Attempted, failed: Transient | Permanent = late) -> timedelta | None:
        return task.pause(task.failure(failed), failed, now=NOW, chance=1.0)

    assert pause(attempted()) == timedelta(seconds=2)
    assert pause(attempted(), Permanent("rejected", "no")) is None
    assert pause(attempted(), Transient("timeout", "", maybe_done=True)) is None
    assert pause(attempted(deadline=NOW + timedelta(seconds=1))) is None
    assert pause(attempted(deadline=NOW + timedelta(seconds=3))) == timedelta(seconds=2)
    assert pause(attempted(step=replace(STEP, retry=Retry(attempts=0)))) is None


def test_an_attempt_has_its_timeout_and_never_more_than_what_encloses_it():
    assert attempted().time_left(NOW) == MINUTE
    assert attempted(deadline=NOW + timedelta(seconds=5)).time_left(NOW) == timedelta(seconds=5)


def test_simulated_runs_have_once_keys_of_their_own():
    assert once_digest("live", "a") != once_digest("simulate", "a")
    assert once_digest("live", "a") == once_digest("live", "a")


def test_inputs_are_written_as_json_and_secrets_stay_references():
    given = {"at": NOW, "for": [MINUTE], "token": Secret("TOKEN")}

    assert as_json(given) == {
        "at": "2025-10-20T12:00:00Z",
        "for": ["1m"],
        "token": Secret("TOKEN"),
    }


def test_refused_inputs_name_at_most_five_places():
    told = refused_inputs([PayloadProblem(f"/{n}", "is wrong") for n in range(9)])

    assert told.code == "invalid_input"
    assert told.message.count("is wrong") == 5
