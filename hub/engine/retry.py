"""Whether and when a failed attempt is made again (language, chapters 8 and 9)."""

from __future__ import annotations

from datetime import timedelta

from hub.engine.workflow import Retry

LONGEST_RETRY_AFTER = timedelta(hours=1)
RETRIED = frozenset({"timeout", "unavailable", "rate_limited", "internal"})  # of a `call`


def pause_before(retry: Retry, attempt: int, chance: float) -> timedelta:
    """The pause after attempt n: min(maximum, first · factorⁿ⁻¹) times `chance`, 0.5 … 1.5."""
    steps = min(attempt - 1, 64)
    seconds = min(
        retry.maximum.total_seconds(), retry.first.total_seconds() * float(retry.factor) ** steps
    )
    return timedelta(seconds=seconds * (chance if retry.jitter else 1.0))


def next_pause(
    retry: Retry,
    *,
    attempts: int,
    is_retryable: bool,
    is_safe: bool,
    retry_after: timedelta | None,
    chance: float,
) -> timedelta | None:
    """How long to wait before the next attempt, or None when there is none.

    `is_retryable`: what the error's kind or `only_if` says. `is_safe`: false when the effect may
    have happened and must not happen twice. A `Retry-After` is obeyed up to an hour (E9).
    """
    if not is_retryable or not is_safe or attempts > retry.attempts:
        return None
    pause = pause_before(retry, attempts, chance)
    if retry_after is None:
        return pause
    return max(pause, min(retry_after, LONGEST_RETRY_AFTER))
