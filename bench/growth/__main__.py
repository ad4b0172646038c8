"""`make bench-growth`: few and many ended runs, workflows, sleeping runs, workers.

Nothing is loaded by webhooks: rows are copied by SQL, workflows are files.
"""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from pathlib import Path

import psycopg

from bench import chart, page, plots, sides
from bench.figures import Row, as_json, markdown, plain
from bench.folder import fresh
from bench.growth.kinds import grown
from bench.growth.measuring import measured
from bench.machine import Machine
from bench.options import add_only, add_outputs, end_in_order
from hub import embedded
from hub.embedded import EmbeddedServers

SIZES = {
    "history": (10_000, 1_000_000),
    "workflows": (10, 5_000),
    "sleepers": (1_000, 1_000_000),
    "workers": (1, 2, 4),
}
_SETTINGS = ("wal_level = minimal", "max_wal_senders = 0", "max_connections = 400")
_COLUMNS = ("what", "smallest", "this size", "of the smallest", "target", "met")


def main() -> None:
    """Fill, measure, print, and put it into the page."""
    end_in_order()
    options = _options()
    for kind in options.only:
        if options.report:
            page.require(options.report, _mark(kind))
    rows: list[Row] = []
    for kind in options.only:
        try:
            rows += _reported(kind, options)
        except SystemExit as problem:  # the figures of the others are worth having
            print(f"Not measured: {kind}: {problem}", flush=True)
    if options.json:
        options.json.write_text(json.dumps({"rows": as_json(rows)}, indent=2) + "\n")


def _reported(kind: str, options: argparse.Namespace) -> list[Row]:
    """The rows of one kind, printed, and put at their own place of the page."""
    machine = Machine.now(f"python -m bench.growth {' '.join(sys.argv[1:])}".strip())
    rows = _measured(kind, options)
    machine = machine.later()
    for row in rows:
        print(plain(row))
    print(machine.told(), flush=True)
    if options.report:
        name = f"growth-{kind}.svg"
        drawn = f"\n![Each figure as a share of the smallest size's]({name})\n"
        text = f"{machine.told()}\n\n{markdown(rows, _COLUMNS)}{drawn}"
        page.put(options.report, _mark(kind), text)
        picture = chart.svg(plots.of_growth(rows))
        options.report.with_name(name).write_text(picture, "utf-8")
    return rows


def _mark(kind: str) -> str:
    return f"growth of {kind}"


def _measured(kind: str, options: argparse.Namespace) -> list[Row]:
    sizes = options.sizes or SIZES[kind]
    with (
        fresh("hub-growth-") as folder,
        _servers(folder / "state") as servers,
        ExitStack() as stack,
    ):
        hubs = [
            stack.enter_context(grown(kind, size, number, servers, folder))
            for number, size in enumerate(sizes, start=1)
        ]
        return measured(kind, hubs, rounds=options.rounds, number=options.requests)


def _servers(state: Path) -> EmbeddedServers:
    """Servers for several hubs, who write what is filled in to the disk once, and sync it."""
    with (
        embedded.start(state) as servers,
        psycopg.connect(sides.libpq(servers.database_url), autocommit=True) as database,
    ):
        for setting in _SETTINGS:
            database.execute(f"ALTER SYSTEM SET {setting}".encode())
    return embedded.start(state)


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
