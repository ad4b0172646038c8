"""What callers hear when the row of their run cannot be asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, create_engine

from hub.errors import Unavailable
from hub.ingest.dialects import DIALECTS, Reply, Unpacked
from hub.ingest.receipt import NOT_SAVED, Outcome, Receipt
from hub.ingest.waiting import Patience, replies
from hub.storage.answers import Answer

LATER = Reply({"status": "later"}, status=202)


class Silence:
    """Nobody tells of an answer."""

    def wait(self, seconds: float) -> Answer | None:
        assert seconds > 0
        return None


@pytest.fixture
def away() -> Iterator[Engine]:
    """A database that refuses every connection."""
    engine = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    yield engine
    engine.dispose()


def heard(
    away: Engine,
    *calls: str,
    when_refused: Any = "refuse",
    told: Callable[[Answer], object] = lambda _: None,
) -> list[Reply]:
    """The replies to calls, each `new` or a `repeat`, whose deadline is over."""
    outcomes = tuple(
        Outcome(LATER, uuid4(), is_new=call == "new", is_settled=False, wait=timedelta(0))
        for call in calls
    )
    receipt = Receipt(DIALECTS["json"], Unpacked(when_refused=when_refused), outcomes)

    def silence(_: UUID) -> Silence:
        return Silence()

    patience = Patience(lambda: 1.0, lambda _: nullcontext())
    return replies(receipt, engine=away, signals={}, expect=silence, patience=patience, told=told)


def test_I13_a_new_call_hears_otherwise(away: Engine):
    (said,) = heard(away, "new")

    assert (said.body, said.status) == ({"status": "later"}, 202)


def test_I7_what_a_new_call_heard_unasked_is_told_on_and_of_a_repeat_nothing(away: Engine):
    told: list[Answer] = []

    heard(away, "new", "repeat", "new", when_refused="tell", told=told.append)

    assert [(each.status, each.body) for each in told] == [(202, {"status": "later"})] * 2


def test_I7_I11_a_repeat_is_sent_away_and_hears_no_other_answer_than_the_first(away: Engine):
    with pytest.raises(Unavailable):
        heard(away, "repeat")


def test_I7_a_repeated_tool_call_hears_the_failure_and_the_new_one_otherwise(away: Engine):
    new, repeat = heard(away, "new", "repeat", when_refused="tell")

    assert (new.body, new.is_failure) == ({"status": "later"}, False)
    assert (repeat.body, repeat.is_failure) == (NOT_SAVED, True)


def test_E14_who_waits_longer_than_the_process_lives_hears_otherwise_before():
    passed = [0.0]
    patience = Patience(lambda: passed[0], lambda _: nullcontext(), lambda: 20.0 - passed[0])
    minutes = Outcome(LATER, uuid4(), is_settled=False, wait=timedelta(minutes=5))
    seconds = replace(minutes, wait=timedelta(seconds=5))

    assert (patience.left(minutes), patience.left(seconds)) == (20.0, 5.0)
    passed[0] = 20.0
    assert patience.left(minutes) <= 0
    assert 0 < patience.to_settle(minutes) < 1


def test_I5_beside_a_call_that_is_accepted_nothing_is_refused(away: Engine):
    assert [said.status for said in heard(away, "new", "repeat")] == [202, 202]
