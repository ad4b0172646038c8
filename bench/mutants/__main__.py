"""`make bench-mutants`: plant mistakes in all shipped workflows, and see who tells of them."""

from __future__ import annotations

import argparse
import os
import platform
import time
from pathlib import Path

from bench.mutants.crew import try_all
from bench.mutants.sampling import all_mutants, sample
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
