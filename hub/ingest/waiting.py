"""Wait for the replies of a receipt's runs, at most as long as their endpoints say (I13).

The row decides: the reply, or what is said at the deadline, whichever was written first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from math import inf
from typing import Protocol
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from hub.errors import Unavailable
from hub.ingest.dialects import Reply
from hub.ingest.receipt import NOT_SAVED, Outcome, Receipt
from hub.storage.answers import Answer, settle, stored_answer

_SETTLE_WITHIN = 0.2  # seconds behind the deadline; with the rest less than 250 ms (I13)
_AT_ONCE = 1.8  # seconds since the arrival, where nobody waits: the answer leaves within 2 s (I11)
_SHORTEST = 0.05


class Signal(Protocol):
    """Tells that a run may have replied."""

    def wait(self, seconds: float) -> Answer | None:
        """The answer; None when it may be there, or after a while."""


def answered_by(wait: timedelta) -> float:
    """Seconds since the arrival until the database must be done, where a caller waits so long."""
    return wait.total_seconds() + _SETTLE_WITHIN


@dataclass
class Patience:
    """How long one caller waits. `within` ends what hangs by `Unavailable`, after so many seconds.

    `seconds_since_arrival`: when that is the deadline of an outcome, its answer is due. It is due
    before, if the process ends before: `seconds_to_live` (E14).
    """

    seconds_since_arrival: Callable[[], float]
    within: Callable[[float], AbstractContextManager[object]]
    seconds_to_live: Callable[[], float] = lambda: inf
    _settled_by: float | None = None

    def left(self, outcome: Outcome) -> float:
        """Seconds until the deadline of an outcome; none for one that nobody waits for."""
        deadline = outcome.wait.total_seconds() if outcome.wait is not None else 0.0
        return min(deadline - self.seconds_since_arrival(), self.seconds_to_live())

    def to_settle(self, outcome: Outcome) -> float:
        """Seconds in which the database must have taken what is said; all calls share them."""
        passed = self.seconds_since_arrival()
        if self._settled_by is None:
            due = _AT_ONCE if outcome.wait is None else answered_by(outcome.wait)
            due = min(due, passed + self.seconds_to_live() + _SETTLE_WITHIN)
            self._settled_by = max(due, passed + _SHORTEST)
        return self._settled_by - passed


def replies(
    receipt: Receipt,
    *,
    engine: Engine,
    signals: Mapping[UUID, Signal],
    expect: Callable[[UUID], Signal],
    patience: Patience,
    told: Callable[[Answer], object] = lambda _: None,
    answered: Callable[[bool], object] = lambda _: None,
) -> list[Reply]:
    """One reply for each outcome, in order.

    `signals` are those of the new runs, `expect` gives one for a run that another request made.
    A database that cannot be asked, or hangs, changes nothing for a new run: it is stored, and
    `otherwise` is said in time, and `told` hears of it, to have it stored as the answer. A repeat
    must get the first answer (I7): it is refused for now, by `Unavailable` if need be. `answered`
    hears of each call that waited, whether its run answered in time.
    """
    found = []
    for outcome in receipt.outcomes:
        if outcome.is_settled or outcome.run_id is None:
            found.append(outcome.reply)
            continue
        if outcome.wait is not None:
            signal = signals.get(outcome.run_id) or expect(outcome.run_id)
            answer = _awaited(engine, outcome, outcome.run_id, signal, patience)
        else:
            answer = None
        said = answer or _settled(engine, outcome, outcome.run_id, patience)
        is_repeat = not outcome.is_new
        if said is None and is_repeat and (refusal := _refused_for_now(receipt)) is not None:
            found.append(refusal)
            continue
        if said is None:
            said = _otherwise(outcome, outcome.run_id)
            if outcome.is_new:
                told(said)
        if outcome.wait is not None:
            answered(answer is not None or said != _otherwise(outcome, outcome.run_id))
        found.append(_reply(said))
    return found


def _awaited(
    engine: Engine, outcome: Outcome, run_id: UUID, signal: Signal, patience: Patience
) -> Answer | None:
    answer = None
    if not outcome.is_new and (left := patience.left(outcome)) > 0:
        answer = _look(engine, run_id, patience.within(left))
    while answer is None:
        if (left := patience.left(outcome)) <= 0:
            return None
        answer = signal.wait(left)
        if answer is None and (left := patience.left(outcome)) > 0:
            answer = _look(engine, run_id, patience.within(left))
    return answer


def _look(engine: Engine, run_id: UUID, in_time: AbstractContextManager[object]) -> Answer | None:
    try:
        with in_time:
            return stored_answer(engine, run_id)
    except (SQLAlchemyError, Unavailable):
        return None


def _settled(engine: Engine, outcome: Outcome, run_id: UUID, patience: Patience) -> Answer | None:
    """What the row says, or takes; None when it cannot be asked."""
    if (left := patience.to_settle(outcome)) <= 0:  # the calls before took all the time there is
        return None
    try:
        with patience.within(left):
            return settle(engine, run_id, _otherwise(outcome, run_id))
    except (SQLAlchemyError, Unavailable):
        return None


def _refused_for_now(receipt: Receipt) -> Reply | None:
    """The refusal of one repeat; None beside calls that are new and accepted (I5)."""
    if receipt.unpacked.when_refused == "tell":
        return Reply(NOT_SAVED, is_failure=True)
    if receipt.is_replayed:
        raise Unavailable("the first answer cannot be looked up")
    return None


def _otherwise(outcome: Outcome, run_id: UUID) -> Answer:
    reply, wait = outcome.reply, outcome.wait
    late = None if wait is None else wait.total_seconds()
    return Answer(run_id, reply.status, reply.body, reply.headers, fallback_after=late)


def _reply(answer: Answer) -> Reply:
    return Reply(
        answer.body, status=answer.status, headers=answer.headers, is_failure=answer.failed
    )
