"""Durations as people write them: `90s`, `15m`, `24h`, `7d`, `2w`, `1h30m`; nothing else."""

from __future__ import annotations

import re
from datetime import timedelta

LONGEST = timedelta(days=3653)

_PATTERN = re.compile(
    r"(?:(\d{1,9})w)?(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?", re.ASCII
)
_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_LONGEST_QUOTE = 40


def parse_duration(text: str) -> timedelta:
    """Read a duration; units go from large to small, each at most once, in all at most ten years.

    A day is 86 400 seconds. Raises ValueError.
    """
    match = _PATTERN.fullmatch(text)
    if match is None or not text:
        quoted = repr(text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…")
        raise ValueError(f"{quoted} is not a duration, such as 90s, 15m, 24h, 7d, 2w or 1h30m")
    seconds = sum(
        int(count) * worth
        for count, worth in zip(match.groups(default="0"), _SECONDS.values(), strict=True)
    )
    if seconds > LONGEST.total_seconds():
        raise ValueError(f"{text!r} is longer than ten years")
    return timedelta(seconds=seconds)


def format_duration(duration: timedelta) -> str:
    """Write a duration so that `parse_duration` gives it back: days, hours, minutes, seconds.

    Raises ValueError for what the written form cannot say: negative ones, parts of a second,
    and more than ten years.
    """
    if duration.microseconds or not timedelta(0) <= duration <= LONGEST:
        raise ValueError(f"{duration} has no written form")
    rest = duration.days * _SECONDS["d"] + duration.seconds
    parts = []
    for unit in ("d", "h", "m", "s"):
        count, rest = divmod(rest, _SECONDS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
