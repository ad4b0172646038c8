"""States and outcomes of a booking session, and which change may follow which (B-03, B-04): pure.

The trigger `guard_booking_session` holds the same table in the database; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

State = Literal[
    "created",
    "navigating",
    "ready_for_handoff",
    "monitoring",
    "completed",
    "failed",
    "abandoned",
    "cancelled",
]
Outcome = Literal["success", "payment_failed", "slot_unavailable", "timeout", "cancelled", "error"]
Source = Literal["platform", "browser"]  # who can see how it ends (X20)

END_OF: Mapping[Outcome, State] = {
    "success": "completed",
    "payment_failed": "failed",
    "slot_unavailable": "failed",
    "error": "failed",
    "timeout": "abandoned",
    "cancelled": "cancelled",
}
_ENDS_WITHOUT_BOOKING: frozenset[State] = frozenset({"failed", "abandoned", "cancelled"})
NEXT: Mapping[State, frozenset[State]] = {
    "created": _ENDS_WITHOUT_BOOKING | {"navigating"},
    "navigating": _ENDS_WITHOUT_BOOKING | {"ready_for_handoff"},
    "ready_for_handoff": _ENDS_WITHOUT_BOOKING | {"monitoring"},
    "monitoring": _ENDS_WITHOUT_BOOKING | {"completed"},
    "completed": frozenset(),
    "failed": frozenset(),
    "abandoned": frozenset(),
    "cancelled": frozenset(),
}


@dataclass(frozen=True)
class Standing:
    """As much of an open session as decides whether it is over."""

    state: State
    source: Source
    declines: int
    start_by: datetime
    expires_at: datetime
    lease_until: datetime | None


@dataclass(frozen=True)
class Verdict:
    """How an open session must end, and why."""

    outcome: Outcome
    why: str


def is_over(state: State) -> bool:
    """Whether nothing may follow."""
    return not NEXT[state]


def may_become(state: State, following: State) -> bool:
    """Whether a session in `state` may go over into `following`."""
    return following in NEXT[state]


def is_lost(session: Standing, now: datetime) -> bool:
    """Whether the browser that had the session is gone: its lease ended (X18)."""
    return session.lease_until is not None and session.lease_until <= now


def verdict(session: Standing, now: datetime) -> Verdict | None:
    """How an open session must end at this instant; None when it goes on.

    A declined card is told when the deadline came and no other card was taken (X22). Nobody knows
    what a lead did in a browser that is gone: that is an error, never a success (B-20).
    """
    if session.expires_at <= now:
        return at_deadline(session.declines)
    if session.state == "created":
        is_late = session.start_by <= now
        return Verdict("timeout", "no browser was free in time") if is_late else None
    if is_lost(session, now) and not goes_on_without_browser(session):
        return Verdict("error", f"the browser was lost while the session was {session.state}")
    return None


def at_deadline(declines: int) -> Verdict:
    """How a session ends whose time is up (B-13, X22)."""
    if declines:
        return Verdict("payment_failed", "the card was declined, and no other was taken in time")
    return Verdict("timeout", "nobody told an outcome before the deadline")


def goes_on_without_browser(session: Standing) -> bool:
    """Whether the lead is on the platform's own page, and the platform will tell the end (X20)."""
    return session.state == "monitoring" and session.source == "platform"
