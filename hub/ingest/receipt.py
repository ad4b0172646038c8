"""What became of a request: one outcome for each call in it, and how its answer is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from hub.ingest.dialects import Dialect, Reply, Unpacked
from hub.storage.new_runs import NewDelivery, NewRun, Recorded

NOT_SAVED = "The request could not be saved. Please try again in a moment."


@dataclass(frozen=True)
class Outcome:
    """The fate of one call.

    `reply` is what is known already: the answer to a refusal or an acceptance, the body of
    `at_once`, or what is said when `wait` is over and the run has not replied. Of the last two the
    row of the run knows which was first (`is_settled` is false).
    """

    reply: Reply
    run_id: UUID | None = None
    is_new: bool = True
    is_settled: bool = True
    wait: timedelta | None = None


@dataclass(frozen=True)
class Receipt:
    """What the request made; the answer is packed from it once every outcome has its reply.

    `reason`: why it made no run, or not all of them.
    """

    dialect: Dialect
    unpacked: Unpacked
    outcomes: tuple[Outcome, ...] = ()
    times: Mapping[str, str] = field(default_factory=dict)
    retry_after: timedelta | None = None
    reason: str | None = None

    @property
    def new_runs(self) -> tuple[UUID, ...]:
        """The runs that the doorbell rings for."""
        return tuple(
            outcome.run_id for outcome in self.outcomes if outcome.run_id and outcome.is_new
        )

    @property
    def is_replayed(self) -> bool:
        """Whether the whole request is a repeat of one that was accepted before."""
        return bool(self.outcomes) and not any(outcome.is_new for outcome in self.outcomes)


class RecordRuns(Protocol):
    """Stores a delivery and its runs in one transaction; raises `Unavailable`."""

    def __call__(self, delivery: NewDelivery, runs: Sequence[NewRun], /) -> tuple[Recorded, ...]:
        """One `Recorded` for each run."""
