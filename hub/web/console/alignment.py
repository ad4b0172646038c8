"""Two runs beside each other: which step of one is which of the other, and what differs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from hub.storage.reading import StepFacts
from hub.values import plain

_PARTS = ("status", "inputs", "result", "error")


@dataclass(frozen=True)
class Pair:
    """A step of the left run and that of the right one with the same path; one may be missing."""

    path: str
    left: StepFacts | None
    right: StepFacts | None
    differs: tuple[str, ...]

    @property
    def only(self) -> str:
        """On which side alone it is; empty where both have it."""
        return "right" if self.left is None else "left" if self.right is None else ""

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return not self.only and not self.differs


def align(left: Sequence[StepFacts], right: Sequence[StepFacts]) -> list[Pair]:
    """All steps of both, in the order of the left; the others follow their neighbours."""
    by_path = {step.path: step for step in right}
    known = {step.path for step in left}
    pairs: list[Pair] = []
    waiting = [step for step in right if step.path not in known]
    before = _before(right)
    for step in left:
        pairs.append(_pair(step, by_path.get(step.path)))
        pairs += _followers(step.path, waiting, before)
    placed = {pair.path for pair in pairs}
    first = [Pair(step.path, None, step, ()) for step in waiting if step.path not in placed]
    return [*first, *pairs]


def _followers(path: str, waiting: Sequence[StepFacts], before: dict[str, str]) -> list[Pair]:
    """What only the right run has directly behind this step, and what follows that."""
    found: list[Pair] = []
    at = path
    by_neighbour = {before[step.path]: step for step in waiting if step.path in before}
    while at in by_neighbour:
        step = by_neighbour[at]
        found.append(Pair(step.path, None, step, ()))
        at = step.path
    return found


def _before(steps: Sequence[StepFacts]) -> dict[str, str]:
    """For each step the one that began before it."""
    return {each.path: former.path for former, each in pairwise(steps)}


def _pair(left: StepFacts, right: StepFacts | None) -> Pair:
    if right is None:
        return Pair(left.path, left, None, ())
    differs = tuple(part for part in _PARTS if _part(left, part) != _part(right, part))
    return Pair(left.path, left, right, differs)


def _part(step: StepFacts, name: str) -> Any:
    return plain(getattr(step, name))
