"""Instants, local times and time zones: one function to check and to parse each of them (D7)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

_EARLIEST_YEAR = 1900
_LATEST_YEAR = 2200
_LONGEST_QUOTE = 40

_DATE = r"(\d{4})-(\d{2})-(\d{2})"
_INSTANT = re.compile(
    _DATE + r"[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
# What the library reads as `_INSTANT` would, in a year that no offset takes out of the limits.
_USUAL = re.compile(
    r"(?:19[1-9]\d|20\d\d|21[0-8]\d)-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:\d\d(?:\.\d{1,6})?"
    r"(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
_LOCAL = re.compile(_DATE + r"[Tt](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?", re.ASCII)
_ZONE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9][A-Za-z0-9_+-]*){0,2}", re.ASCII)
# Entries of the time zone folder that are not zones of the world; `right/` counts leap seconds.
_NO_ZONES = frozenset({"Factory", "localtime", "posix", "posixrules", "right"})


def parse_instant(text: str) -> datetime:
    """Read an RFC 3339 date-time; the offset is required and kept.

    Fractions finer than a microsecond are cut off. Raises ValueError.
    """
    if _USUAL.fullmatch(text) is not None:
        try:
            return datetime.fromisoformat(text)
        except ValueError:  # a day or a second that does not exist: told below
            pass
    return _read_instant(text)


def _read_instant(text: str) -> datetime:
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{_quoted(text)} is not a date-time with an offset, such as 2025-10-20T14:00:00Z"
        )
    *fields, fraction, offset = match.groups()
    zone_of_text = _offset(offset, text)
    try:
        instant = _calendar(fields, fraction).replace(tzinfo=zone_of_text)
        year = instant.astimezone(UTC).year
    except (ValueError, OverflowError) as impossible:
        raise ValueError(f"{_quoted(text)} is not a date-time that exists") from impossible
    _check_year(year, text)
    return instant


def format_instant(instant: datetime) -> str:
    """Write an instant as ISO 8601: `Z` for UTC, else its offset; microseconds only if any.

    An offset that is no whole number of minutes (local mean time before 1972) cannot be written
    in RFC 3339: such an instant is written in UTC. Raises ValueError for a time without offset.
    """
    written = instant.isoformat()
    if written[-6] in "+-":  # an offset of whole minutes
        return written[:-6] + "Z" if written.endswith("+00:00") else written
    offset = instant.utcoffset()
    if offset is None:
        raise ValueError("a date-time without an offset is not an instant")
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def parse_local(text: str) -> datetime:
    """Read a date-time without an offset (`local-date-time`), seconds optional.

    Raises ValueError.
    """
    match = _LOCAL.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{_quoted(text)} is not a local date-time without offset, such as 2025-10-20T14:00"
        )
    *fields, fraction = match.groups()
    try:
        local = _calendar(fields, fraction)
    except ValueError as impossible:
        raise ValueError(f"{_quoted(text)} is not a date-time that exists") from impossible
    _check_year(local.year, text)
    return local


def resolve_local(local: datetime, zone: ZoneInfo) -> datetime:
    """Say which instant a local time means in a zone (D7); the result keeps the zone's offset.

    A doubled time means the first of the two; a removed time the same distance after the gap.
    Raises ValueError where the calendar ends, and for an instant that `parse_instant` refuses.
    """
    # fold=0 asks for the offset before the change: that is the first of two, and for a removed
    # time the instant whose clock reading lies the same distance behind the gap.
    asked = local.replace(tzinfo=zone, fold=0)
    try:
        instant = asked.astimezone(UTC)
    except OverflowError as beyond:
        raise ValueError("the local time lies outside the calendar") from beyond
    _check_year(instant.year, local.isoformat())  # what is written must be readable again (D8)
    return in_zone(instant, zone)


def in_zone(instant: datetime, zone: ZoneInfo) -> datetime:
    """Give the instant the offset that the zone has at that time.

    The offset is a fixed one: arithmetic on the result is elapsed time, never wall-clock time.
    """
    there = instant.astimezone(zone)
    offset = there.utcoffset() or timedelta(0)
    return there.replace(tzinfo=timezone(offset) if offset else UTC, fold=0)


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """Look up an IANA time zone by its name. Raises ValueError, also for anything like a path."""
    if _ZONE_NAME.fullmatch(name) is None or name.split("/", maxsplit=1)[0] in _NO_ZONES:
        raise ValueError(f"{_quoted(name)} is not a time zone, such as America/New_York")
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as unknown:
        raise ValueError(
            f"{_quoted(name)} is not a time zone, such as America/New_York"
        ) from unknown


def _offset(text: str, whole: str) -> timezone:
    if text in {"Z", "z"}:
        return UTC
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 23 or minutes > 59:  # noqa: PLR2004 - a clock
        raise ValueError(f"{_quoted(whole)} has an offset that does not exist")
    distance = timedelta(hours=hours, minutes=minutes)
    return timezone(-distance if text[0] == "-" else distance) if distance else UTC


def _calendar(fields: list[str | None], fraction: str | None) -> datetime:
    """Year to second, and the digits behind the second, as a date-time without offset."""
    year, month, day, hour, minute, second = (int(field or 0) for field in fields)
    microsecond = int(fraction[:6].ljust(6, "0")) if fraction else 0
    return datetime(year, month, day, hour, minute, second, microsecond)  # noqa: DTZ001


def _check_year(year: int, text: str) -> None:
    if not _EARLIEST_YEAR <= year <= _LATEST_YEAR:
        raise ValueError(
            f"{_quoted(text)} lies outside the years {_EARLIEST_YEAR} to {_LATEST_YEAR}"
        )


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…")
