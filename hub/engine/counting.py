"""What the engine tells metrics and traces: ends of runs, attempts, calls outside."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from hub import tracing
from hub.engine.attempts import Attempted
from hub.engine.desk import Desk
from hub.errors import StepFailed, Transient
from hub.metrics import catalogue as metrics
from hub.storage.runs import Ending
from hub.tracing import Span

log = logging.getLogger(__name__)


def count_end(desk: Desk, ending: Ending) -> None:
    """The run is over, and that is stored. A line of the log tells of one that failed."""
    run = desk.run
    tracing.note("hub.run.status", ending.status)
    metrics.RUNS_ENDED.add(run.workflow, ending.status)
    metrics.RUN_SECONDS.observe((desk.now() - run.created_at).total_seconds(), run.workflow)
    if ending.status in {"failed", "undo_failed"}:
        error = ending.error or {}
        told = {"workflow": run.workflow, "step": error.get("step"), "code": error.get("code")}
        log.warning("a run failed", extra={**told, "run_id": str(run.id)})


def count_doubt(action: str) -> None:
    """A worker died in a call outside that must not be made again."""
    metrics.OUTBOUND_CALLS.add(action, "unknown")


def step_span(task: Attempted) -> AbstractContextManager[Span]:
    """One attempt at a step; its path may hold keys of items, which are data."""
    facts: dict[str, str | int] = {
        "hub.step": task.command.step.id or "",
        "hub.action": task.action.name,
        "hub.step.attempt": task.number,
    }
    return tracing.span(f"step {task.command.step.id or task.action.name}", facts)


@contextmanager
def counted_call(action: str, *, is_outward: bool) -> Iterator[None]:
    """Count what became of a call of a service outside, and how long it took."""
    if not is_outward:
        yield
        return
    outcome = "done"
    span = tracing.span(f"call {action}", {"hub.action": action}, kind="CLIENT")
    with metrics.OUTBOUND_SECONDS.timed(action), span:
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
