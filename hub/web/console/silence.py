"""Which callers have gone silent: events that were to be expected did not come. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from hub.storage.pulse import Heard

_FEWEST = 10  # requests that make a habit
_SHORTEST = timedelta(minutes=15)
_TIMES = 3  # longer than the longest pause lately


def silent(heard: Iterable[Heard], now: datetime) -> list[Heard]:
    """Those whose silence is unlike them, the longest first.

    A caller is silent when it is so for three times as long as ever between its last requests, and
    was heard in the same span of time a day or a week ago: nights and weekends are no silence.
    """
    found = [each for each in heard if _is_silent(each, now - each.last_at)]
    return sorted(found, key=lambda each: each.last_at)


def _is_silent(caller: Heard, since: timedelta) -> bool:
    has_habit = caller.requests >= _FEWEST and caller.is_usual
    return has_habit and since >= max(_SHORTEST, _TIMES * caller.longest_gap)
