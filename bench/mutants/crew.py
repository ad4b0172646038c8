"""Many mutants, tried by several processes."""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path

from bench.mutants.mutant import Mutant
from bench.mutants.table import Result
from bench.mutants.trying import Caught, Judge

_judges: list[Judge] = []


def try_all(folder: Path, mutants: Sequence[Mutant], jobs: int) -> list[Result]:
    """Each mutant by one of `jobs` processes; the results in the order of the mutants."""
    with get_context("spawn").Pool(jobs, _prepare, [folder]) as pool:
        caught = pool.imap(_verdict, mutants, chunksize=8)
        return [Result(*pair) for pair in zip(mutants, caught, strict=True)]


def _prepare(folder: Path) -> None:
    _judges.append(Judge(folder))


def _verdict(mutant: Mutant) -> Caught:
    return _judges[0].verdict(mutant)
