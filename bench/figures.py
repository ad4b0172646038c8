"""What was measured: rows of a table, with what they are to reach and whether they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from bench.load import Measured

COLUMNS = ("what", "callers", "floor", "hub", "hub / floor", "target", "met")


@dataclass(frozen=True)
class Aim:
    """What a figure, or its ratio to the floor, is to reach: at least or at most."""

    least: float | None = None
    most: float | None = None
    of_ratio: bool = True

    def is_met(self, value: float) -> bool:
        """Whether a figure or ratio reaches it."""
        return (self.least is None or value >= self.least) and (
            self.most is None or value <= self.most
        )

    def told(self, unit: str) -> str:
        """For a cell of the table."""
        sign, bound = ("≥", self.least) if self.least is not None else ("≤", self.most)
        return f"{sign} {bound:g}" if self.of_ratio else f"{sign} {bound:g} {unit}".rstrip()


@dataclass(frozen=True)
class Row:
    """One figure of the hub, beside that of the floor where there is one."""

    what: str
    unit: str
    hub: float
    floor: float | None = None
    callers: int | None = None
    aim: Aim | None = None

    @property
    def ratio(self) -> float | None:
        """The hub's figure as a multiple of the floor's."""
        return self.hub / self.floor if self.floor else None

    @property
    def is_met(self) -> bool | None:
        """Whether the aim is reached; nothing when there is none."""
        value = self.ratio if self.aim and self.aim.of_ratio else self.hub
        return None if self.aim is None or value is None else self.aim.is_met(value)

    def cells(self) -> list[str]:
        """For the table."""
        return [
            self.what,
            f"{self.callers:,}" if self.callers else "",
            shown(self.floor, self.unit),
            shown(self.hub, self.unit),
            "" if self.ratio is None else f"{self.ratio:.2f}",
            self.aim.told(self.unit) if self.aim else "",
            {None: "", True: "yes", False: "**no**"}[self.is_met],
        ]


def shown(value: float | None, unit: str) -> str:
    """A figure with three digits that count."""
    if value is None:
        return ""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2  # noqa: PLR2004 - three digits
    return f"{value:,.{digits}f} {unit}".rstrip()


def markdown(rows: Sequence[Row], columns: Sequence[str] = COLUMNS) -> str:
    """The rows as a table of a page; what is said once is not said again.

    Where no column is for callers, there is none.
    """
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    before = ""
    for row in rows:
        what, callers, *others = row.cells()
        first = ["" if what == before else what]
        before = what
        if len(columns) == len(COLUMNS):
            first.append(callers)
        lines.append(f"| {' | '.join([*first, *others])} |")
    return "\n".join(lines) + "\n"


def plain(row: Row) -> str:
    """A row as a line of the terminal."""
    what, callers, floor, hub, ratio, aim, met = row.cells()
    return f"{what:58.58}{callers:>5}{floor:>13}{hub:>13}{ratio:>8}{aim:>12}  {met.strip('*')}"


def as_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """For programs."""
    return [{**asdict(row), "ratio": row.ratio, "is_met": row.is_met} for row in rows]


def rate(rounds: Sequence[Measured]) -> float:
    """Requests per second: the middle of the rounds."""
    return median(each.rate for each in rounds)


def percentile(rounds: Sequence[Measured], share: float) -> float:
    """Milliseconds: the middle of the rounds."""
    return median(each.percentile(share) for each in rounds)
