"""Wait for the replies of a receipt's runs, at most as long as their endpoints say (I13).

The row decides: the reply, or what is said at the deadline, whichever was written first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from hub.ingest.dialects import Reply
from hub.ingest.receipt import Outcome, Receipt
from hub.storage.answers import Answer, settle, stored_answer


class Signal(Protocol):
    """Tells that a run may have replied."""

    def wait(self, seconds: float) -> Answer | None:
        """The answer; None when it may be there, or after a while."""


def replies(
    receipt: Receipt,
    *,
    engine: Engine,
    signals: Mapping[UUID, Signal],
    expect: Callable[[UUID], Signal],
    seconds_since_arrival: Callable[[], float],
    answered: Callable[[bool], object] = lambda _: None,
) -> list[Reply]:
    """One reply for each outcome, in order.

    `signals` are those of the new runs, `expect` gives one for a run that another request made.
    A database that cannot be asked changes nothing: the run is stored, and `otherwise` is said.
    `answered` hears of each call that waited, whether its run answered in time.
    """
    found = []
    for outcome in receipt.outcomes:
        if outcome.is_settled or outcome.run_id is None:
            found.append(outcome.reply)
            continue
        if outcome.wait is not None:
            signal = signals.get(outcome.run_id) or expect(outcome.run_id)
            answer = _awaited(engine, outcome, outcome.run_id, signal, seconds_since_arrival)
        else:
            answer = None
        said = answer or _settled(engine, outcome, outcome.run_id)
        if outcome.wait is not None:
            answered(answer is not None or said != _otherwise(outcome, outcome.run_id))
        found.append(_reply(said))
    return found


def _awaited(
    engine: Engine,
    outcome: Outcome,
    run_id: UUID,
    signal: Signal,
    seconds_since_arrival: Callable[[], float],
) -> Answer | None:
    deadline = outcome.wait.total_seconds() if outcome.wait is not None else 0.0
    answer = None if outcome.is_new else _look(engine, run_id)
    while answer is None:
        left = deadline - seconds_since_arrival()
        if left <= 0:
            return None
        answer = signal.wait(left) or _look(engine, run_id)
    return answer


def _look(engine: Engine, run_id: UUID) -> Answer | None:
    try:
        return stored_answer(engine, run_id)
    except SQLAlchemyError:
        return None


def _settled(engine: Engine, outcome: Outcome, run_id: UUID) -> Answer:
    otherwise = _otherwise(outcome, run_id)
    try:
        return settle(engine, run_id, otherwise)
    except SQLAlchemyError:
        return otherwise


def _otherwise(outcome: Outcome, run_id: UUID) -> Answer:
    reply = outcome.reply
    return Answer(run_id, reply.status, reply.body, reply.headers)


def _reply(answer: Answer) -> Reply:
    return Reply(
        answer.body, status=answer.status, headers=answer.headers, is_failure=answer.failed
    )
