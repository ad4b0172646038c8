"""What the engine tells the metrics: ends of runs, attempts at steps, calls of services outside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hub.engine.desk import Desk
from hub.errors import StepFailed, Transient
from hub.metrics import catalogue as metrics
from hub.storage.runs import Ending


def count_end(desk: Desk, ending: Ending) -> None:
    """The run is over, and that is stored."""
    run = desk.run
    metrics.RUNS_ENDED.add(run.workflow, ending.status)
    metrics.RUN_SECONDS.observe((desk.now() - run.created_at).total_seconds(), run.workflow)


@contextmanager
def counted_call(action: str, *, is_outward: bool) -> Iterator[None]:
    """Count what became of a call of a service outside, and how long it took."""
    if not is_outward:
        yield
        return
    outcome = "done"
    with metrics.OUTBOUND_SECONDS.timed(action):
        try:
            yield
        except StepFailed as failed:
            outcome = _outcome(failed)
            raise
        except BaseException:
            outcome = "unknown"
            raise
        finally:
            metrics.OUTBOUND_CALLS.add(action, outcome)


def _outcome(failed: StepFailed) -> str:
    if failed.maybe_done:
        return "unknown"
    return "failed" if isinstance(failed, Transient) else "refused"
