"""Plots as SVG: panels of bars side by side. Plain text, no library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from bench.figures import shown

_WIDTH, _HEIGHT = 400, 250  # of a panel
_LEFT, _TOP, _BOTTOM, _RIGHT = 20, 48, 40, 14
_COLOURS = ("#9aa5b1", "#1f6feb", "#d1742c", "#2c8a4b")
_HEADROOM = 1.12


@dataclass(frozen=True)
class Series:
    """Figures of one side, one for each label of the panel; None where there is none."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class Panel:
    """One plot."""

    title: str
    unit: str
    labels: Sequence[str]
    series: Sequence[Series]

    @property
    def top(self) -> float:
        """The largest figure."""
        return max((each for one in self.series for each in one.values if each), default=1.0)


def svg(panels: Sequence[Panel], columns: int = 2) -> str:
    """All panels as one picture."""
    rows = math.ceil(len(panels) / columns)
    width, height = _WIDTH * columns, _HEIGHT * rows
    drawn = [
        f'<g transform="translate({number % columns * _WIDTH},{number // columns * _HEIGHT})">\n'
        f"{_panel(panel)}\n</g>"
        for number, panel in enumerate(panels)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' width="{width}" height="{height}" font-family="sans-serif" font-size="11">\n'
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>\n'
        + "\n".join(drawn)
        + "\n</svg>\n"
    )


def _panel(panel: Panel) -> str:
    base = _HEIGHT - _BOTTOM
    parts = [_text(_LEFT, 18, panel.title, size=13, weight="bold")]
    x = float(_LEFT)
    for number, one in enumerate(panel.series):
        parts.append(f'<rect x="{x:.0f}" y="27" width="9" height="9" fill="{_COLOURS[number]}"/>')
        parts.append(_text(x + 13, 35, one.name))
        x += 30 + 6.2 * len(one.name)
    parts.append(f'<path d="M{_LEFT} {base}H{_WIDTH - _RIGHT}" stroke="#333333"/>')
    for place, label in zip(_places(panel), panel.labels, strict=True):
        parts.append(_text(place, base + 15, label, anchor="middle"))
    for number, one in enumerate(panel.series):
        parts += _bars(panel, number, one)
    return "\n".join(parts)


def _places(panel: Panel) -> list[float]:
    """The middle of each label on the horizontal axis."""
    slot = (_WIDTH - _LEFT - _RIGHT) / len(panel.labels)
    return [_LEFT + slot * (number + 0.5) for number in range(len(panel.labels))]


def _y(panel: Panel, value: float) -> float:
    room = _HEIGHT - _TOP - _BOTTOM
    return _HEIGHT - _BOTTOM - room * value / (panel.top * _HEADROOM)


def _bars(panel: Panel, number: int, one: Series) -> list[str]:
    slot = (_WIDTH - _LEFT - _RIGHT) / len(panel.labels)
    width = slot * 0.8 / len(panel.series)
    parts = []
    for place, value in zip(_places(panel), one.values, strict=True):
        if value is None:
            continue
        x, y = place - slot * 0.4 + width * number, _y(panel, value)
        height = _HEIGHT - _BOTTOM - y
        parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width * 0.94:.1f}" height="{height:.1f}"'
            f' fill="{_COLOURS[number]}"/>'
        )
        parts.append(
            _text(x + width * 0.47, y - 3, shown(value, panel.unit), size=9, anchor="middle")
        )
    return parts


def _text(
    x: float, y: float, words: str, *, size: int = 11, anchor: str = "start", weight: str = "normal"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"'
        f' font-weight="{weight}" fill="#222222">{escape(words)}</text>'
    )
