"""Who may do what in the console: one table. Pure (S8)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from functools import total_ordering


@total_ordering
class Role(Enum):
    """What a person is here; whoever is more may do all that those below may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    EDITOR = "editor"
    ADMIN = "admin"

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Role):
            return NotImplemented
        return _ORDER.index(self) < _ORDER.index(other)

    def __str__(self) -> str:
        return self.value


_ORDER = tuple(Role)
ROLES = tuple(role.value for role in _ORDER)


class Deed(Enum):
    """Something that is done in the console; its value says it in words."""

    SEE_OWN_PAGE = "see their own account"
    SEE_HEALTH = "see how the hub is"
    SEE_RUNS = "see runs"
    REVEAL_VALUES = "reveal what callers sent"
    CANCEL_RUN = "cancel a run"
    RETRY_RUN = "run something again"
    REPLAY_RUN = "replay a run in simulate"
    SEE_BOOKINGS = "see phones and bookings"
    SEE_CLIENTS = "see the names of leads and clients"
    CHANGE_HOLDS = "change a hold"
    DECIDE_BOOKINGS = "confirm or decline a booking"
    SEE_CONNECTIONS = "see connections"
    TEST_CONNECTIONS = "test a connection"
    SEE_WORKFLOWS = "see workflows"
    EDIT_WORKFLOWS = "change workflows"
    HAVE_TOKENS = "make tokens of their own"
    SEE_PEOPLE = "see who has access"
    MANAGE_PEOPLE = "decide who has access"
    SEE_AUDIT = "read the audit log"


LEAST = {
    Deed.SEE_OWN_PAGE: Role.VIEWER,
    Deed.SEE_HEALTH: Role.VIEWER,
    Deed.SEE_RUNS: Role.VIEWER,
    Deed.SEE_BOOKINGS: Role.VIEWER,
    Deed.SEE_CONNECTIONS: Role.VIEWER,
    Deed.SEE_WORKFLOWS: Role.VIEWER,
    Deed.HAVE_TOKENS: Role.VIEWER,
    Deed.REVEAL_VALUES: Role.OPERATOR,
    Deed.CANCEL_RUN: Role.OPERATOR,
    Deed.RETRY_RUN: Role.OPERATOR,
    Deed.REPLAY_RUN: Role.OPERATOR,
    Deed.TEST_CONNECTIONS: Role.OPERATOR,
    Deed.SEE_CLIENTS: Role.OPERATOR,
    Deed.CHANGE_HOLDS: Role.OPERATOR,
    Deed.DECIDE_BOOKINGS: Role.OPERATOR,
    Deed.EDIT_WORKFLOWS: Role.EDITOR,
    Deed.SEE_PEOPLE: Role.ADMIN,
    Deed.MANAGE_PEOPLE: Role.ADMIN,
    Deed.SEE_AUDIT: Role.ADMIN,
}

MEANINGS = {
    Role.VIEWER: "see runs, bookings and how the hub is; what callers sent stays covered",
    Role.OPERATOR: "also see names, reveal what callers sent, cancel runs and run them again,"
    " change holds, confirm and decline bookings, test connections",
    Role.EDITOR: "also change workflows",
    Role.ADMIN: "also decide who has access, and read the audit log",
}


def may(role: Role, deed: Deed) -> bool:
    """Whether somebody of this role may do it; a deed that nobody gave a role is nobody's."""
    least = LEAST.get(deed)
    return least is not None and role >= least


def lesser(roles: Iterable[Role]) -> Role:
    """The least of several roles: what a token may is never more than what its person may."""
    return min(roles)
