"""What commands write: aligned columns, JSON lines, times; nothing that steers the terminal.

Colours reach a terminal only: `click.echo` takes them out elsewhere.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import click

from hub.values import format_instant, plain

_WIDEST = 100
_COLOURS = {
    "succeeded": "green",
    "ok": "green",
    "done before": "green",
    "simulated": "magenta",
    "failed": "red",
    "undo_failed": "red",
    "broken": "red",
    "cancelled": "yellow",
    "running": "cyan",
    "started": "cyan",
    "waiting": "yellow",
    "retrying": "yellow",
    "queued": "cyan",
    "warning": "yellow",
}


def say(
    text: str = "", *, colour: str | None = None, bold: bool = False, dim: bool = False
) -> None:
    """One line for a person, on stdout."""
    click.echo(click.style(printable(text), fg=colour, bold=bold, dim=dim))


def complain(text: str) -> None:
    """One line for a person, on stderr."""
    click.echo(printable(text), err=True)


def say_json(value: Any) -> None:
    """One object, one line (JSON Lines)."""
    click.echo(json_line(value))


def json_line(value: Any) -> str:
    """Compact JSON; instants as text, secrets as their names."""
    return json.dumps(
        plain(_as_json(value)), ensure_ascii=False, separators=(",", ":"), default=str
    )


def _as_json(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _as_json(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, dict):
        return {str(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(item) for item in value]
    return str(value) if isinstance(value, UUID) else value


def printable(text: str) -> str:
    """The text without what steers a terminal; line breaks stay."""
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() or sign == "\n" else sign.encode("unicode_escape").decode()
        for sign in text
    )


def one_line(value: Any, *, widest: int = _WIDEST) -> str:
    """A value on one line, cut where it is long."""
    text = " ".join(value.split()) if isinstance(value, str) else json_line(value)
    return text if len(text) <= widest else f"{text[: widest - 1]}…"


def instant(value: datetime | None) -> str:
    """`2025-10-20 14:00:00Z`, or a dash."""
    return "-" if value is None else format_instant(value.replace(microsecond=0)).replace("T", " ")


def duration(value: timedelta | None) -> str:
    """`35 ms`, `2.4 s`, `3 min`, `2.5 h`, or nothing."""
    if value is None:
        return ""
    seconds = value.total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:  # noqa: PLR2004 - where minutes are easier to read
        return f"{seconds:.1f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"  # noqa: PLR2004


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, indent: str = "") -> None:
    """Columns as wide as their widest cell; known states in their colours."""
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headings, *cells, strict=True)]
    click.echo(indent + click.style(_row(headings, widths), dim=True))
    for row in cells:
        last = max((place for place, cell in enumerate(row) if cell), default=0)
        shown = [
            click.style(cell.ljust(width if place < last else 0), fg=_COLOURS.get(cell))
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo(indent + "  ".join(shown[: last + 1]))


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def colour_of(state: str) -> str | None:
    """The colour of a known state."""
    return _COLOURS.get(state)
