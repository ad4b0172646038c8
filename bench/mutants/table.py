"""What came of all mutants: a row for each kind, the share that is caught, the survivors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.mutants.mutant import Mutant
from bench.mutants.trying import Caught

TARGET = 0.95


@dataclass(frozen=True)
class Result:
    """A mutant and who told of it."""

    mutant: Mutant
    caught: Caught


def share(results: Sequence[Result]) -> float:
    """The part that check or tests caught."""
    return sum(each.caught != "no" for each in results) / max(len(results), 1)


def rows(results: Sequence[Result]) -> Iterator[str]:
    """The table, the commonest kind first."""
    counted = Counter((each.mutant.kind, each.caught) for each in results)
    kinds = Counter(each.mutant.kind for each in results)
    yield f"{'kind of mutation':44}{'made':>6}{'check':>7}{'test':>6}{'left':>6}"
    for kind, made in kinds.most_common():
        by = [counted[kind, caught] for caught in ("check", "test", "no")]
        yield f"{kind:44}{made:6}{by[0]:7}{by[1]:6}{by[2]:6}"
    total = Counter(each.caught for each in results)
    yield f"{'all':44}{len(results):6}{total['check']:7}{total['test']:6}{total['no']:6}"


def survivors(results: Sequence[Result], files: Mapping[str, str]) -> Iterator[str]:
    """`file:line  kind: before → after` of those that nobody caught."""
    left = [each.mutant for each in results if each.caught == "no"]
    for mutant in sorted(left, key=lambda each: (each.path, each.start)):
        yield mutant.told(files[mutant.path])
