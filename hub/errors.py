"""One tree of errors, sorted by who must act.

HubError
├── Rejected           the sender must change the request (or come back later)
├── InvalidWorkflow    the author must change a file; carries every finding
├── Misconfigured      the operator must change a setting
├── NotPossible        the operator asked for something the state forbids
├── Unavailable        nobody: the database cannot be reached now; try again
├── LostRun            nobody: the run belongs to another worker now
└── StepFailed
      Permanent        retrying cannot help
      Transient        retrying may help
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any


class HubError(Exception):
    """Anything the hub says no to, with a message for the person who must act."""


@dataclass(frozen=True)
class PayloadProblem:
    """One thing that is wrong with a payload: where (JSON pointer) and what."""

    pointer: str
    message: str


class Rejected(HubError):
    """A request that makes no run; the sender reads status, title and problems (I5).

    `reason` is for the log alone: what a sender who did not prove himself must not learn (S1).
    """

    def __init__(
        self,
        status: int,
        title: str,
        *,
        problems: Sequence[PayloadProblem] = (),
        retry_after: timedelta | None = None,
        headers: Mapping[str, str] | None = None,
        reason: str | None = None,
    ) -> None:
        super().__init__(title)
        self.reason = reason
        self.status = status
        self.title = title
        self.problems = tuple(problems)
        self.retry_after = retry_after
        self.headers = dict(headers or {})


class InvalidWorkflow(HubError):
    """A file that cannot be loaded; `findings` say where and how to mend it."""

    def __init__(self, findings: Sequence[Any]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = tuple(findings)


class Misconfigured(HubError):
    """A setting is missing or has the wrong form; the message says what to set."""


class NotPossible(HubError):
    """A command that the present state forbids (cancel a finished run, retry a running one)."""


class Unavailable(HubError):
    """The database is down, hanging, read-only or full: nothing was stored, as far as we know."""


class LostRun(HubError):
    """Another worker owns the run now: drop it and change nothing (E4)."""


class StepFailed(HubError):
    """A step did not succeed. `maybe_done`: the effect may have happened all the same.

    `code` is what workflows compare (`error.code == 'no_active_hold'`); `status` is the HTTP
    status of the service, where there was one (`workflow-language`, chapter 8).
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        maybe_done: bool = False,
        status: int | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.maybe_done = maybe_done
        self.status = status
        self.retry_after = retry_after


class Permanent(StepFailed):
    """Retrying cannot help: the answer will be the same."""


class NoSuchReceiver(Permanent):
    """The receiver's own service says for good that there is nobody of that address."""


class Transient(StepFailed):
    """Retrying may help: a timeout, a refused connection, a rate limit."""
