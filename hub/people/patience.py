"""How long somebody who guesses passwords has to wait. Pure (S7)."""

from __future__ import annotations

from datetime import timedelta

FREE_BY_ACCOUNT = 5  # failures before the first delay
FREE_BY_ADDRESS = 20
FORGOTTEN_AFTER = timedelta(hours=1)  # without a failure
_FIRST = timedelta(minutes=1)
_LONGEST = timedelta(minutes=15)  # longer would lock people out for the sake of who guesses


def delay_after(failures: int, *, free: int) -> timedelta:
    """None for the first failures, then a minute that doubles with each one."""
    if failures < free:
        return timedelta()
    doublings = min(failures - free, 10)
    doubled: timedelta = _FIRST * 2**doublings
    return min(doubled, _LONGEST)
