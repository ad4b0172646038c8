"""`make crash-points`: every kind of step, every point, every way of dying; takes long."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from tests import figures
from tests.crash_points.kinds import KINDS
from tests.crash_points.play import Kind, Outcome, Theatre
from tests.crash_points.probes import Death
from tests.crash_points.stage import open_stage
from tests.crash_points.sweep import (
    MOST_HITS,
    all_deaths,
    beside,
    cover,
    keep_cover,
    passed,
    wanted_points,
)
from tests.fakes.servers import open_servers


def main() -> int:
    """Record, then play; 1 when a book was wrong, or a point was not reached."""
    options = _options()
    with (
        open_servers(os.environ) as servers,
        tempfile.TemporaryDirectory() as folder,
        open_stage(Path(folder), servers) as stage,
        closing(Theatre(stage)) as theatre,
    ):
        return _sweep(theatre, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make crash-points")
    parser.add_argument("--kind", action="append", help="only this kind of step")
    parser.add_argument("--point", help="only points that begin so")
    parser.add_argument("--way", action="append", help="only this way of dying")
    parser.add_argument(
        "--cover", action="store_true", help="record, keep cover.json, play nothing"
    )
    parser.add_argument("--hits", type=int, default=MOST_HITS, help="how many passages of a point")
    parser.add_argument("--part", default="1/1", help="2/4: the second of four parts")
    parser.add_argument("--after", type=int, default=0, help="go on after so many deaths")
    parser.add_argument("--figures", action="store_true", help="keep the figure of P1")
    return parser.parse_args()


def _sweep(theatre: Theatre, options: argparse.Namespace) -> int:
    kinds = [kind for kind in KINDS if not options.kind or kind.name in options.kind]
    recorded: dict[str, Counter[str]] = {}
    wrong = 0
    for kind in kinds:
        outcome = theatre.play(kind, Death())
        recorded[kind.name] = passed(outcome.told)
        faults = [*outcome.faults, *sorted(beside(outcome.told))]
        print(f"recorded {kind.name}: {len(recorded[kind.name])} points", flush=True)
        wrong += _tell(kind, Death(), faults, outcome)
    found = cover(recorded)
    missing = [point for point in wanted_points() if point not in found]
    if not options.kind:
        print(f"{len(found)} points reached, not reached: {missing or 'none'}", flush=True)
        if options.cover:
            keep_cover(found)
    if options.cover:
        return 1 if wrong or missing else 0
    return _play_all(theatre, options, recorded, wrong)


def _play_all(
    theatre: Theatre,
    options: argparse.Namespace,
    recorded: dict[str, Counter[str]],
    wrong: int,
) -> int:
    part, parts = map(int, options.part.split("/"))
    deaths = [
        (kind, death)
        for kind, death in all_deaths(recorded, most_hits=options.hits)
        if death.point.startswith(options.point or "")
        and (not options.way or death.way in options.way)
    ][part - 1 :: parts][options.after :]
    print(f"{len(deaths)} deaths", flush=True)
    began, struck = time.monotonic(), 0
    struck_points: set[str] = set()
    for number, (kind, death) in enumerate(deaths, start=1):
        outcome = theatre.play(kind, death)
        struck += outcome.has_struck
        if outcome.has_struck:
            struck_points.add(death.point)
        wrong += _tell(kind, death, outcome.faults, outcome)
        if number % 100 == 0:
            seconds = time.monotonic() - began
            print(f"{number} of {len(deaths)}, {wrong} wrong, {seconds:.0f} s", flush=True)
    unstruck = {death.point for _, death in deaths} - struck_points
    figure = (
        f"{len(struck_points)} points, {len(recorded)} kinds of steps, 4 ways of dying:"
        f" {struck} deaths, {wrong} violations, {len(unstruck)} points without a death"
    )
    print(figure, *sorted(unstruck), sep="\n  ")
    if options.figures and not wrong:
        figures.keep({"P1 sweep": figure})
    return 1 if wrong or unstruck else 0


def _tell(kind: Kind, death: Death, faults: list[str], outcome: Outcome) -> int:
    if not faults:
        return 0
    print(f"WRONG {kind.name}: {death.way} at {death.point} #{death.hit}", flush=True)
    for fault in faults:
        print(f"    {fault}")
    for line in outcome.logs.splitlines()[-6:]:
        if '"HUB6' not in line and "HUB614" not in line:
            print(f"    | {line[:400]}")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
