"""The timeline of a run as a picture: a row for each step, a bar where it was at work. Pure.

A run may take milliseconds and wait for days. So the line is not to scale: each span between two
moments gets room by its logarithm, which keeps their order, and shows what is short beside what is
long. Bars say their true length beside them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log2

from hub.action import Action
from hub.bootstrap.retelling import seen, state_of
from hub.storage.reading import StepFacts

MOST_ROWS = 300
_NARROWEST = 0.6  # per cent of the width, so that a step of no time can be seen
_LEAST_ROOM = 0.35
_MILLISECOND = timedelta(milliseconds=1)
_KINDS = {
    "succeeded": "ok",
    "done before": "ok",
    "undone": "ok",
    "simulated": "sim",
    "failed": "bad",
    "not undone": "bad",
    "skipped": "none",
    "started": "live",
    "retrying": "warn",
    "can be undone": "none",
}


@dataclass(frozen=True)
class Row:
    """One step. `x` and `width` are per cents of the line; `inside` is how deep it lies."""

    number: int
    name: str
    inside: int
    what: str
    kind: str
    state: str
    colour: str
    x: float
    width: float
    after: timedelta
    took: timedelta | None
    attempts: int
    is_wait: bool
    effect: str
    step: StepFacts


@dataclass(frozen=True)
class Picture:
    """All rows; `hidden` is how many there are beyond them."""

    rows: Sequence[Row]
    hidden: int


class Line:
    """Where the moments of a run stand on a line of 100 per cent."""

    def __init__(self, moments: Sequence[datetime]) -> None:
        self._moments = sorted(set(moments))
        places = [0.0]
        for before, at in zip(self._moments, self._moments[1:], strict=False):
            places.append(places[-1] + _room(at - before))
        whole = places[-1] or 1.0
        self._places = [100 * place / whole for place in places]

    def place(self, at: datetime) -> float:
        """The per cent of a moment that the line knows."""
        return self._places[max(bisect_right(self._moments, at) - 1, 0)]


def _room(gap: timedelta) -> float:
    return _LEAST_ROOM + log2(1 + gap / _MILLISECOND)


def draw(
    steps: Sequence[StepFacts],
    *,
    began_at: datetime,
    ended_at: datetime,
    actions: Mapping[str, Action],
) -> Picture:
    """The picture of these steps. `ended_at`: now, for a run that goes on."""
    shown = seen(steps)
    hidden = max(len(shown) - MOST_ROWS, 0)
    shown = shown[:MOST_ROWS]
    moments = [began_at, ended_at]
    for step in shown:
        moments += [step.started_at, step.ended_at or ended_at]
    line = Line(moments)
    rows = [
        _row(step, line, number=number, began_at=began_at, ended_at=ended_at, actions=actions)
        for number, step in enumerate(shown, start=1)
    ]
    return Picture(rows, hidden)


def _row(
    step: StepFacts,
    line: Line,
    *,
    number: int,
    began_at: datetime,
    ended_at: datetime,
    actions: Mapping[str, Action],
) -> Row:
    state = state_of(step)
    x = line.place(step.started_at)
    width = max(line.place(step.ended_at or ended_at) - x, _NARROWEST)
    place, _, name = step.path.rpartition("/")
    return Row(
        number=number,
        name=name or step.path,
        inside=min(place.count("/") + 1 if place else 0, 4),
        what=step.action or "",
        kind=step.kind,
        state=state,
        colour="wait" if step.kind == "wait" and state == "started" else _KINDS.get(state, "none"),
        x=round(min(x, 100 - _NARROWEST), 3),
        width=round(width, 3),
        after=max(step.started_at - began_at, timedelta()),
        took=None if step.ended_at is None else step.ended_at - step.started_at,
        attempts=step.attempts,
        is_wait=step.kind == "wait",
        effect=_effect(step, actions),
        step=step,
    )


def _effect(step: StepFacts, actions: Mapping[str, Action]) -> str:
    """What the step may change: something outside, our own rows, or nothing."""
    action = actions.get(step.action or "")
    if step.kind != "do" or action is None:
        return ""
    reads = action.effect == "read"
    if action.outward:
        return "asks outside" if reads else "acts outside"
    return "" if reads else "writes"
