"""Which times an appointment may have: from a day ago to five years ahead (D8)."""

from __future__ import annotations

from datetime import datetime, timedelta

from hub.errors import Permanent
from hub.values import format_instant

EARLIEST = timedelta(days=1)
LATEST_YEARS = 5


def refuse_outside(
    starts_at: datetime, now: datetime, *, past: str, far: str = "appointment_too_far"
) -> None:
    """Raise `Permanent` for a time that no appointment may have, with the code for each side."""
    if starts_at < now - EARLIEST:
        raise Permanent(past, f"{format_instant(starts_at)} has already passed")
    refuse_far(starts_at, now, code=far)


def refuse_far(instant: datetime, now: datetime, *, code: str = "appointment_too_far") -> None:
    """Raise `Permanent` with this code for an instant that is years away."""
    if instant > _years_after(now, LATEST_YEARS):
        raise Permanent(code, f"{format_instant(instant)} is too far away")


def _years_after(instant: datetime, years: int) -> datetime:
    try:
        return instant.replace(year=instant.year + years)
    except ValueError:  # 29 February
        return instant.replace(year=instant.year + years, month=3, day=1)
