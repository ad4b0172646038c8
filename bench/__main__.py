"""`make bench`: the hub and its floors in one run on this machine, medians of several rounds.

measuring.py  the parts of the measurement
piles.py      runs that are let go at once
sides.py      the hub, and the bare Flask application (floor.py, lean_worker.py)
drain.py      the bare drain program
receiver.py   the service that the reference flow calls
requests.py   what is sent; load.py sends it
figures.py    the rows of the table; page.py, chart.py and plots.py show them
earlier.py    figures of n8n, from elsewhere

PostgreSQL runs at default durability.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import psycopg

from bench import chart, drain, earlier, floor, page, plots, receiver, requests, sides
from bench.earlier import beside_n8n
from bench.figures import as_json, markdown
from bench.folder import fresh
from bench.machine import Machine
from bench.measuring import Bench
from bench.options import add_only, add_outputs, end_in_order
from hub import embedded
from hub.storage import migrate

PARTS = ("start", "memory", "accept", "drain", "complete", "wait", "outward", "reference")
_MARK, _N8N = "bench", "bench beside n8n"


def main() -> None:
    """Measure, print, and put it into the page."""
    end_in_order()
    options = _options()
    if options.report:
        page.require(options.report, _MARK)
        page.require(options.report, _N8N)
    machine = Machine.now(f"python -m bench {' '.join(sys.argv[1:])}".strip())
    print(machine.told(), flush=True)
    with fresh("hub-bench-") as folder:
        bench = _measured(folder, options)
    machine = machine.later()
    missed = [row for row in bench.rows if row.is_met is False]
    for each in (machine.told(), *bench.notes, f"{len(missed)} targets missed"):
        print(each)
    if options.json:
        told = {"machine": vars(machine), "rows": as_json(bench.rows), "notes": bench.notes}
        options.json.write_text(json.dumps(told, indent=2) + "\n")
    if options.report:
        notes = "".join(f"\n{each}\n" for each in bench.notes)
        page.put(options.report, _MARK, f"{machine.told()}\n\n{markdown(bench.rows)}{notes}")
        page.put(options.report, _N8N, markdown(beside_n8n(bench.rows), earlier.COLUMNS))
        picture = options.report.with_name("bench.svg")
        picture.write_text(chart.svg(plots.of_bench(bench.rows)), "utf-8")


def _measured(folder: Path, options: argparse.Namespace) -> Bench:
    with (
        embedded.start(folder / "state") as servers,
        receiver.running(folder / "receiver.log") as service,
    ):
        migrate.upgrade(servers.database_url)
        with psycopg.connect(sides.libpq(servers.database_url), autocommit=True) as database:
            database.execute(floor.TABLES)
            database.execute(drain.TABLES)
            requests.add_leads(database)
        bench = Bench(
            sides.hub(servers, folder=folder, receiver_url=service.url),
            sides.floor(servers, folder=folder),
            service,
            rounds=options.rounds,
            requests=options.requests,
        )
        for part in options.only:
            try:
                getattr(bench, part)()
            except SystemExit as problem:  # the figures of the other parts are worth having
                bench.notes.append(f"Not measured: {part}: {problem}")
        return bench


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=600, help="of one round at several callers")
    add_only(parser, PARTS)
    add_outputs(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
