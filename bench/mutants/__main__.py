"""`make bench-mutants`: plant mistakes in all shipped workflows, and see who tells of them."""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

from bench.mutants.crew import try_all
from bench.mutants.flows import mutants_of
from bench.mutants.mutant import Mutant
from bench.mutants.table import TARGET, rows, share, survivors
from bench.mutants.trying import Judge
from bench.processes import ROOT


def main() -> None:
    """Make the mutants, try them, print the table and the survivors."""
    options = _options()
    judge = Judge(options.project)
    judge.refuse_red()
    made = all_mutants(judge.files, options.seed, options.workflow)
    chosen = sample(made, options.most, options.seed)
    began = time.monotonic()
    results = try_all(options.project, chosen, options.jobs)
    seconds = time.monotonic() - began
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} processors")
    print(f"seed {options.seed}, {len(chosen)} of {len(made)} mutants, {seconds:.0f} s\n")
    print("\n".join(rows(results)))
    print("\nSurvivors\n" + "\n".join(survivors(results, judge.files)))
    told = "met   " if share(results) >= TARGET else "missed"
    print(f"\n  {told}  at least {TARGET:.0%} are caught: {share(results):.2%}")


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


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-mutants")
    parser.add_argument("--seed", type=int, default=1, help="which letters, which sample")
    parser.add_argument("--most", type=int, help="try only so many, drawn by the seed")
    parser.add_argument("--workflow", help="only the mutants of this workflow")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--project", type=Path, default=ROOT, help="another project's folder")
    return parser.parse_args()


if __name__ == "__main__":
    main()
