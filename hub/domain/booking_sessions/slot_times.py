"""The time of a slot as people write it: "2:30pm" on a day, in the clinic's zone (X25): pure."""

from __future__ import annotations

import re
from datetime import datetime

from hub.values import parse_local, resolve_local, zone

_TIME = re.compile(
    r"(\d{1,2})(?:[:.](\d{2}))?(?::\d{2})?\s*([ap])?\.?(?:m\.?)?", re.IGNORECASE | re.ASCII
)
_NOON = 12
_HOURS, _MINUTES = 24, 60


def read_time(text: str) -> tuple[int, int]:
    """Hour and minute of `2:30pm`, `2 PM`, `14:30`; raises ValueError.

    A bare number is no time: nobody knows which half of the day it means.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None or (found[2] is None and found[3] is None):
        raise ValueError(f"{text[:40]!r} is not a time of day, such as 2:30pm or 14:30")
    hour, minute = int(found[1]), int(found[2] or 0)
    if found[3] is not None:
        if not 1 <= hour <= _NOON:
            raise ValueError(
                f"{text[:40]!r} is not a time of day: the hour before am or pm is 1-12"
            )
        hour = hour % _NOON + (_NOON if found[3].lower() == "p" else 0)
    if hour >= _HOURS or minute >= _MINUTES:
        raise ValueError(f"{text[:40]!r} is not a time of day")
    return hour, minute


def slot_instant(date: str, time: str, timezone: str) -> datetime:
    """Which instant is meant; raises ValueError.

    A doubled time means the first, a removed one the same distance after the gap (D7).
    """
    hour, minute = read_time(time)
    return resolve_local(parse_local(f"{date}T{hour:02}:{minute:02}"), zone(timezone))
