"""Which mutants are tried: all, those of one workflow, or a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

from bench.mutants.flows import mutants_of
from bench.mutants.mutant import Mutant


def all_mutants(files: Mapping[str, str], seed: int, workflow: str | None) -> list[Mutant]:
    """The mutants of all workflows, or of one, in the order of the files."""
    return [
        mutant
        for path, text in sorted(files.items())
        if Path(path).parent == Path("workflows")
        and path.endswith(".yaml")
        and workflow in (None, Path(path).stem)
        for mutant in mutants_of(path, text, seed)
    ]


def sample(mutants: Sequence[Mutant], most: int | None, seed: int) -> Sequence[Mutant]:
    """At most so many of them, each with the same chance; the seed decides which."""
    if most is None or most >= len(mutants):
        return mutants
    return Random(seed).sample(mutants, most)  # noqa: S311 - a sample, no secret
