"""The hub beside figures of n8n that were measured earlier, elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.figures import Aim, Row
from bench.measuring import ACCEPTED, DRAINED, LOADED, WAITED

COLUMNS = ("what", "callers", "n8n", "hub", "hub / n8n", "target", "met")
_MIB = 1e9 / 2**20  # in a GB


@dataclass(frozen=True)
class _Figure:
    """One of n8n's, and which of the hub's stands beside it; `callers`: of the hub's."""

    what: str
    callers: int | None
    at_defaults: float
    tuned: float
    aims: tuple[Aim | None, Aim | None] = (None, None)


_TENTH = (Aim(most=0.1), None)
_FIGURES = (
    _Figure(ACCEPTED, 10, 20, 55),
    _Figure(DRAINED, None, 10, 38, (Aim(least=60), Aim(least=15))),
    _Figure(f"{WAITED}, p50", 1, 160, 68, _TENTH),
    _Figure(f"{WAITED}, p50", 10, 1000, 245, _TENTH),
    _Figure(LOADED, None, 1.5 * _MIB, 1.5 * _MIB),
)


def beside_n8n(rows: Sequence[Row]) -> list[Row]:
    """The figures of the hub that n8n has too, with n8n's in place of the floor's."""
    return [
        Row(f"{row.what}: n8n {how}", row.unit, row.hub, value, row.callers, aim)
        for figure in _FIGURES
        for row in rows
        if (row.what, row.callers) == (figure.what, figure.callers)
        for how, value, aim in (
            ("at its defaults", figure.at_defaults, figure.aims[0]),
            ("tuned", figure.tuned, figure.aims[1]),
        )
    ]
