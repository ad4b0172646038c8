"""Figures drawn by the server as SVG: places and sizes here, colours in the style sheet. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log10

from hub.storage.pulse import Minute

HEIGHT = 100.0
_STEPS = (1, 2, 5, 10)
_BAR = 0.8  # of a column; the rest is air
_TICK_EVERY = 15  # columns


@dataclass(frozen=True)
class Piece:
    """One piece of a bar; `kind` names its colour."""

    kind: str
    y: float
    height: float


@dataclass(frozen=True)
class Bar:
    """One minute: where it stands, and what it says when it is pointed at."""

    x: float
    width: float
    pieces: Sequence[Piece]
    minute: Minute


@dataclass(frozen=True)
class BarChart:
    """A chart of bars. `top` is what its height means."""

    width: float
    height: float
    bars: Sequence[Bar]
    top: int
    ticks: Sequence[datetime]


def minutes(counted: Sequence[Minute]) -> BarChart:
    """Bars of runs by minute, stacked by what became of them."""
    top = nice_top(max((each.accepted for each in counted), default=0))
    bars = [
        Bar(x=number + (1 - _BAR) / 2, width=_BAR, pieces=_stacked(each, top), minute=each)
        for number, each in enumerate(counted)
    ]
    ticks = [each.at for each in counted[::_TICK_EVERY]]
    return BarChart(float(len(counted)), HEIGHT, bars, top, ticks)


def _stacked(minute: Minute, top: int) -> list[Piece]:
    counts = (
        ("ok", minute.succeeded),
        ("live", minute.going_on),
        ("none", minute.cancelled),
        ("bad", minute.failed),
    )
    pieces, filled = [], 0.0
    for kind, count in counts:
        if count > 0:
            height = HEIGHT * count / top
            filled += height
            pieces.append(Piece(kind, round(HEIGHT - filled, 3), round(height, 3)))
    return pieces


def nice_top(most: int) -> int:
    """The least of 1, 2, 5, 10, 20, 50 … that is enough."""
    if most <= 1:
        return 1
    power = int(10 ** int(log10(most)))
    return next(step * power for step in _STEPS if step * power >= most)
