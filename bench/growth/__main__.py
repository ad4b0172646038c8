"""`make bench-growth`: few and many ended runs, workflows, sleeping runs, workers.

Nothing is loaded by webhooks: rows are copied by SQL, workflows are files.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench import chart, page, plots
from bench.figures import Row, as_json, markdown, plain
from bench.growth.kinds import grown
from bench.growth.measuring import measured
from bench.machine import Machine
from bench.options import add_only, add_outputs, end_in_order
from hub import embedded

SIZES = {
    "history": (10_000, 1_000_000),
    "workflows": (10, 5_000),
    "sleepers": (1_000, 1_000_000),
    "workers": (1, 2, 4),
}
_COLUMNS = ("what", "smallest", "this size", "of the smallest", "target", "met")
_MARK = "growth"


def main() -> None:
    """Fill, measure, print, and put it into the page."""
    end_in_order()
    options = _options()
    if options.report:
        page.require(options.report, _MARK)
    machine = Machine.now(f"python -m bench.growth {' '.join(sys.argv[1:])}".strip())
    rows: list[Row] = []
    notes: list[str] = []
    for kind in options.only:
        try:
            found = _measured(kind, options)
        except SystemExit as problem:  # the figures of the others are worth having
            notes.append(f"Not measured: {kind}: {problem}")
            continue
        for row in found:
            print(plain(row), flush=True)
        rows += found
    machine = machine.later()
    for each in (machine.told(), *notes):
        print(each)
    if options.json:
        told = {"machine": vars(machine), "rows": as_json(rows)}
        options.json.write_text(json.dumps(told, indent=2) + "\n")
    if options.report:
        told_notes = "".join(f"\n{each}\n" for each in notes)
        drawn = "\n![Each figure as a share of the smallest size's](growth.svg)\n"
        text = f"{machine.told()}\n\n{markdown(rows, _COLUMNS)}{told_notes}{drawn}"
        page.put(options.report, _MARK, text)
        picture = options.report.with_name("growth.svg")
        picture.write_text(chart.svg(plots.of_growth(rows)), "utf-8")


def _measured(kind: str, options: argparse.Namespace) -> list[Row]:
    sizes = options.sizes or SIZES[kind]
    with (
        tempfile.TemporaryDirectory(prefix="hub-growth-") as name,
        embedded.start(Path(name) / "state") as servers,
        ExitStack() as stack,
    ):
        hubs = [
            stack.enter_context(grown(kind, size, number, servers, Path(name)))
            for number, size in enumerate(sizes, start=1)
        ]
        return measured(kind, hubs, rounds=options.rounds, number=options.requests)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-growth")
    add_only(parser, tuple(SIZES))
    parser.add_argument(
        "--sizes", type=int, nargs="+", help="others than the usual ones, the smallest first"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=300, help="of one round")
    add_outputs(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
