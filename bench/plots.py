"""Which figures are drawn, and how."""

from __future__ import annotations

from collections.abc import Sequence

from bench.chart import Panel, Series
from bench.figures import Row
from bench.measuring import ACCEPTED, COMPLETED, DRAINED, WAITED

_BY_CALLERS = (
    (ACCEPTED, "Accepted webhooks a second"),
    (COMPLETED, "Completed runs a second"),
    (f"{WAITED}, p50", "Waiting tool call, p50 in ms"),
    (f"{WAITED}, p99", "Waiting tool call, p99 in ms"),
)
_CALLERS_DRAWN = 50  # beyond it a waiting call's bar would leave the others no room


def of_bench(rows: Sequence[Row]) -> list[Panel]:
    """What `make bench` measured, as far as it was."""
    panels = [
        _by_callers(title, [row for row in rows if row.what == what])
        for what, title in _BY_CALLERS
        if any(row.what == what for row in rows)
    ]
    return panels + [
        Panel(
            "Two workers: runs a second",
            "",
            ("bare drain program", "hub"),
            (Series("runs/s", (row.floor, row.hub)),),
        )
        for row in rows
        if row.what == DRAINED
    ]


_SHORT = {
    "accepted webhooks/s": "accepted/s",
    "completed runs/s": "completed/s",
    "waiting call, p99": "waiting, p99",
    "one round of a worker's duties": "duties",
}


def of_growth(rows: Sequence[Row]) -> list[Panel]:
    """What `make bench-growth` measured: each figure as a share of the smallest size's."""
    kinds = dict.fromkeys(row.what.partition(":")[0] for row in rows)
    return [
        Panel(
            kind,
            "",
            [
                _SHORT.get(row.what.partition(": ")[2], row.what)
                for row in rows
                if row.what.startswith(f"{kind}:")
            ],
            (
                Series(
                    "of the smallest",
                    [row.ratio for row in rows if row.what.startswith(f"{kind}:")],
                ),
            ),
        )
        for kind in kinds
    ]


def _by_callers(title: str, rows: Sequence[Row]) -> Panel:
    drawn = [row for row in rows if row.unit != "ms" or (row.callers or 0) <= _CALLERS_DRAWN]
    return Panel(
        title,
        "",
        [f"{row.callers} callers" if row.callers != 1 else "1 caller" for row in drawn],
        (
            Series("floor", [row.floor for row in drawn]),
            Series("hub", [row.hub for row in drawn]),
        ),
    )
