"""Running again by hand: a new run that goes on where the old one stopped (E20).

What came before the step to repeat is copied from the old run's journal; calls and loops around it
are open again; other items of such a loop keep what they got done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

from hub.storage.deliveries import key_digest, start_run
from hub.storage.new_runs import NewRun
from hub.storage.reading import StepFacts
from hub.storage.steps import copy_journal

_AROUND = ("call", "for_each")
_BLOCKS = ("parallel", "steps")
_UNDO = "#undo"
# They say nothing about the new run.
_OF_THE_OLD_RUN = ("timeout", "pause", "cut", "cancel", "abort")
_DONE = ("succeeded", "skipped")
_BEGUN = ("started", "retrying")


@dataclass(frozen=True)
class RetryPlan:
    """Paths of the old journal to keep, those of them to open again, and what is done anew."""

    kept: tuple[str, ...] = ()
    reopened: tuple[str, ...] = ()
    repeated: tuple[StepFacts, ...] = ()


def step_to_repeat(steps: Sequence[StepFacts], failed_at: str | None) -> str | None:
    """The step that failed, or the first that was begun and not ended; None: there is none.

    Of a run that was undone it is the first step that was.
    """
    undone = _undone(steps)
    for step in steps:
        if step.kind != "undo" and _is_undone(step.path, undone):
            return step.path
    if failed_at:
        return failed_at
    begun = (step.path for step in steps if step.kind == "do" and step.status in _BEGUN)
    return next(begun, None)


def _undone(steps: Sequence[StepFacts]) -> frozenset[str]:
    """The steps whose effect is gone, or may be; those inside an undone block by their own path."""
    notes = [step for step in steps if step.kind == "undo" and step.status != "started"]
    inside = (path for note in notes for path in (note.inputs or {}).get("inside", ()))
    return frozenset([*(note.path.removesuffix(_UNDO) for note in notes), *inside])


def _is_undone(path: str, undone: frozenset[str]) -> bool:
    """Whether it is such a step, lies inside one, or is how one was undone."""
    return any(
        path == each or _holds(each, path) or path.startswith(f"{each}.undo/") for each in undone
    )


def plan_from_start(steps: Sequence[StepFacts]) -> RetryPlan:
    """Everything is done anew."""
    return RetryPlan(repeated=tuple(steps))


def plan_from_step(steps: Sequence[StepFacts], path: str | None) -> RetryPlan:
    """Go on at the step with this path; None: behind all that was done."""
    places = {step.path: place for place, step in enumerate(steps)}
    undone = _undone(steps)
    border = places.get(path or "", len(steps))
    kept, reopened, repeated = [], [], []
    for place, step in enumerate(steps):
        is_around = step.kind in _AROUND and _holds(step.path, path or "")
        is_open = step.kind in _BLOCKS and step.status != "succeeded"
        if path and (is_around or (is_open and place < border)):
            kept.append(step.path)
            reopened.append(step.path)
        elif not _is_undone(step.path.removesuffix(_UNDO), undone) and _is_kept(
            step, path or "", is_before=place < border, loops=steps
        ):
            kept.append(step.path)
        else:
            repeated.append(step)
    return RetryPlan(tuple(kept), tuple(reopened), tuple(repeated))


def _is_kept(step: StepFacts, path: str, *, is_before: bool, loops: Sequence[StepFacts]) -> bool:
    if step.kind in _OF_THE_OLD_RUN or (path and (step.path == path or _holds(path, step.path))):
        return False
    if step.kind == "undo":
        return step.status == "started" and (is_before or _is_beside(step.path, path, loops))
    is_open = step.kind in _AROUND and step.status == "started"
    if is_before:
        return is_open or step.status not in _BEGUN
    return _is_beside(step.path, path, loops) and (is_open or step.status in _DONE)


def _holds(outer: str, inner: str) -> bool:
    """Whether one step lies inside another: `hold/appointment`, `released[2]/release`."""
    return inner.startswith((f"{outer}/", f"{outer}[", f"{outer}~"))


def _is_beside(path: str, repeated: str, loops: Sequence[StepFacts]) -> bool:
    """Whether a step belongs to another item of a loop around the one to repeat."""
    for loop in loops:
        if loop.kind == "for_each" and path.startswith(f"{loop.path}["):
            ours = repeated.removeprefix(f"{loop.path}[").partition("]")[0]
            if repeated.startswith(f"{loop.path}[") and not path.startswith(f"{loop.path}[{ours}]"):
                return True
    return False


def store_retry(connection: Connection, *, source: UUID, run: NewRun, plan: RetryPlan) -> None:
    """Make the new run, with what the old one got done; `run.retry_of` is the old one.

    A key of `once_per` whose outcome was unknown is free again for the steps that are repeated: a
    person has said so.
    """
    start_run(connection, run)
    copy_journal(connection, source=source, target=run.id, paths=plan.kept)
    connection.execute(
        text(
            "UPDATE steps SET status = 'started', result = NULL, error = NULL, ended_at = NULL"
            " WHERE run_id = :run_id AND path = ANY(:paths)"
        ),
        {"run_id": run.id, "paths": list(plan.reopened)},
    )
    connection.execute(
        text(
            "DELETE FROM once_keys WHERE run_id = :source AND status = 'unknown'"
            " AND path = ANY(:paths)"
        ),
        {"source": source, "paths": [step.path for step in plan.repeated]},
    )
    _take_key(connection, source=source, run=run)


def _take_key(connection: Connection, *, source: UUID, run: NewRun) -> None:
    """A repeated request shall find this run, where the key is free (I7)."""
    if run.dedupe_key is None:
        return
    connection.execute(
        text(
            """
            INSERT INTO dedupe_keys (endpoint, digest, run_id, delivery_id, body_digest, expires_at)
            SELECT deliveries.endpoint, :digest, :run_id, deliveries.id, deliveries.body_digest,
                   now() + CAST(:window AS interval)
              FROM runs JOIN deliveries ON deliveries.id = runs.delivery_id
             WHERE runs.id = :source
            ON CONFLICT DO NOTHING
            """
        ),
        {
            "digest": key_digest(run.dedupe_key),
            "run_id": run.id,
            "source": source,
            "window": run.window,
        },
    )


def holder_of_key(connection: Connection, run_id: UUID, key: str | None) -> UUID | None:
    """The other run that the same request made since, if there is one."""
    if key is None:
        return None
    row = connection.execute(
        text(
            """
            SELECT held.run_id FROM runs
              JOIN deliveries ON deliveries.id = runs.delivery_id
              JOIN dedupe_keys held ON held.endpoint = deliveries.endpoint AND held.digest = :digest
             WHERE runs.id = :run_id AND held.run_id <> :run_id
            """
        ),
        {"run_id": run_id, "digest": key_digest(key)},
    ).first()
    return row.run_id if row else None
