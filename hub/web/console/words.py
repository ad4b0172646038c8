"""How pages say times, spans and numbers: filters of the templates."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flask import Flask
from markupsafe import Markup

from hub.values import format_instant

if TYPE_CHECKING:
    from hub.bootstrap import Hub

_NOTHING = "\u2013"
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def add_to(app: Flask) -> None:
    """Let the templates of this application use them."""
    app.jinja_env.filters.update(
        capitalize_first=capitalize_first,
        clock=clock,
        day=day,
        exact=exact,
        span=span,
        count=count,
        percent=percent,
        rate=rate,
        ticks=ticks,
    )
    app.jinja_env.filters.update(date=short_date, weekday=weekday)


def zone_of(hub: Hub) -> ZoneInfo:
    """The zone in which the project's people live."""
    return ZoneInfo(hub.project.settings.timezone)


def clock(at: datetime | None, zone: ZoneInfo) -> str:
    """`14:02:31`."""
    return _NOTHING if at is None else at.astimezone(zone).strftime("%H:%M:%S")


def day(at: datetime | None, zone: ZoneInfo) -> str:
    """`20 Nov`, with the year where it is another one."""
    if at is None:
        return ""
    local = at.astimezone(zone)
    return f"{local.day} {local:%b}"


def short_date(of: date) -> str:
    """`3 Dec 2025`."""
    return f"{of.day} {of:%b} {of.year}"


def weekday(of: date) -> str:
    """`Wed`."""
    return f"{of:%a}"


def exact(at: datetime | None) -> str:
    """The instant in UTC, for machines and for tool tips."""
    return "" if at is None else format_instant(at.astimezone(UTC))


def span(value: timedelta | float | None) -> str:
    """`35 ms`, `2.4 s`, `3 min 5 s`, `2 h 30 min`, or a dash."""
    if value is None:
        return _NOTHING
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if seconds < 1:
        return f"{max(seconds, 0) * 1000:.0f} ms"
    if seconds < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{seconds:.1f} s"
    whole = int(seconds)
    for size, unit in _UNITS:
        if whole >= size:
            rest = _rest(whole % size, size)
            return f"{whole // size} {unit}{rest}"
    return f"{seconds:.1f} s"


def _rest(seconds: int, size: int) -> str:
    smaller = {86_400: (3_600, "h"), 3_600: (60, "min"), 60: (1, "s")}[size]
    return f" {seconds // smaller[0]} {smaller[1]}" if seconds >= smaller[0] else ""


def count(value: int) -> str:
    """`12 345`, with narrow spaces that do not break."""
    return f"{value:,}".replace(",", "\u202f")


def percent(value: float) -> str:
    """`0.4 %`; whole numbers above ten."""
    shown = value * 100
    return f"{shown:.0f} %" if shown >= 10 or shown == 0 else f"{shown:.1f} %"  # noqa: PLR2004


def rate(value: float) -> str:
    """`0`, `0.4`, `9.8`, `1 234`: so many a minute."""
    return f"{value:.1f}" if 0 < value < 10 else count(round(value))  # noqa: PLR2004 - see above


def capitalize_first(said: str) -> str:
    """A sentence begins with a capital letter; the rest stays as it is."""
    return said[:1].upper() + said[1:]


def ticks(said: str) -> Markup:
    """A sentence whose names stand between backticks: they become code, all of it is escaped."""
    parts = said.split("`")
    if len(parts) % 2 == 0:  # somebody's own text has one: nothing is code then
        return Markup("{}").format(said)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else Markup("{}").format(part)
        for place, part in enumerate(parts)
    )
