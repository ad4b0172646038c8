"""What became of text messages: `twilio.record_status`, for status callbacks, and those unheard of.

Callbacks come late, twice and out of order, or never (`wire-formats`, sections 14 and 15): a status
only moves on, and the first of two that both end a message stays. Whose end nobody told are found
by `twilio.list_unsettled`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection

from hub.action import Attempt, action
from hub.connectors.sms_codes import ERROR_CODES
from hub.connectors.sms_numbers import number_of
from hub.storage import opt_outs, text_messages
from hub.storage.text_messages import SenderStep, TextMessage

__all__ = ["Recorded", "list_unsettled", "record_status"]

_SENDS = "twilio.send_sms"
# How far a message is. `canceled` is the vendor's spelling; who read a message has got it.
_PROGRESS = {
    "accepted": 0,
    "scheduled": 0,
    "queued": 1,
    "initiated": 1,
    "sending": 2,
    "sent": 3,
    "partially_delivered": 4,
    "delivered": 5,
    "undelivered": 5,
    "failed": 5,
    "canceled": 5,
    "read": 6,
}
_FINAL = tuple(status for status, place in _PROGRESS.items() if place >= _PROGRESS["delivered"])
_UNLISTED = "unlisted"


@dataclass(frozen=True)
class Recorded:
    """What is known of the message now; texts are empty where there is nothing to say.

    `reason`: why nothing was recorded. `error`: what `error_code` means, in the words in which
    `twilio.send_sms` fails; `unlisted` for a code that is not known. `run_id` and `step`: who sent
    it.
    """

    recorded: bool
    reason: str
    status: str
    error: str
    error_code: str
    number: str | None = None
    run_id: str | None = None
    step: str | None = None


@action(
    "twilio.record_status",
    effect="idempotent",
    example={
        "recorded": True,
        "reason": "",
        "status": "delivered",
        "error": "",
        "error_code": "",
        "number": "+12025550147",
    },
)
def record_status(
    db: Connection,
    *,
    sid: str,
    status: str,
    to: str | None = None,
    error_code: str | None = None,
    provider: Literal["twilio", "signalwire"] = "twilio",
    run: str | None = None,
    step: str | None = None,
) -> Recorded:
    """Keep what a status callback says of a text message that the hub sent.

    Whoever is told that a number opted out (21610) remembers it as of when the message was sent: a
    wish that came since then counts.
    """
    if status not in _PROGRESS:
        return _refused("unknown status")
    known = text_messages.find(db, sid)
    if known is None and _adopt(db, sid, to, run, step):
        known = text_messages.find(db, sid)
    if known is None:
        return _refused("unknown message")
    if to is not None and number_of(to) != known.number:
        return _refused("another number")
    if not moves_on(known.status, status):
        return _recorded(known, reason=f"it is {known.status} already")
    error = None
    if error_code is not None:
        error = ERROR_CODES[provider].get(error_code, ("", _UNLISTED))[1]
    text_messages.set_status(db, sid, status, error=error, error_code=error_code)
    if error == opt_outs.OPTED_OUT:
        opt_outs.note(db, known.number, is_out=True, at=known.sent_at, source="status callback")
    now = text_messages.find(db, sid)
    return _recorded(now or known)


@dataclass(frozen=True)
class Quiet:
    """A message of which nobody told the end."""

    sid: str
    number: str


@dataclass(frozen=True)
class Unsettled:
    """The oldest first."""

    messages: list[Quiet]


@action("twilio.list_unsettled", effect="read", example={"messages": []})
def list_unsettled(
    db: Connection,
    attempt: Attempt,
    *,
    quiet_for: timedelta = timedelta(hours=1),
    not_older: timedelta = timedelta(days=3),
    limit: int = 100,
) -> Unsettled:
    """Text messages sent between `not_older` and `quiet_for` ago, whose end nobody told."""
    found = text_messages.unsettled(
        db,
        final=_FINAL,
        quiet_for=quiet_for,
        not_older=not_older,
        mode=attempt.mode,
        most=max(limit, 0),
    )
    return Unsettled([Quiet(sid, number) for sid, number in found])


def moves_on(known: str | None, status: str) -> bool:
    """Whether a status is news: it only goes forwards."""
    return known is None or _PROGRESS[status] > _PROGRESS[known]


def _adopt(db: Connection, sid: str, to: str | None, run: str | None, step: str | None) -> bool:
    """Take a message for the one of a step that did not hear its SID; the URL named the step."""
    run_id, number = _id(run), number_of(to)
    if run_id is None or number is None or not step:
        return False
    found = text_messages.sender(db, run_id, step)
    if found is None or found.action != _SENDS or not _may_be_its(found, number):
        return False
    text_messages.adopt(db, sid, run_id=run_id, path=step, number=number)
    return True


def _may_be_its(found: SenderStep, number: str) -> bool:
    """In mode `test` the message went to another number than the step says (D10)."""
    meant = (found.inputs or {}).get("to")
    return found.mode != "live" or not isinstance(meant, str) or number_of(meant) == number


def _id(written: str | None) -> UUID | None:
    try:
        return UUID(written or "")
    except ValueError:
        return None


def _refused(reason: str) -> Recorded:
    return Recorded(recorded=False, reason=reason, status="", error="", error_code="")


def _recorded(message: TextMessage, reason: str = "") -> Recorded:
    return Recorded(
        recorded=not reason,
        reason=reason,
        status=message.status or "",
        error=message.error or "",
        error_code=message.error_code or "",
        number=message.number,
        run_id=str(message.run_id),
        step=message.path,
    )
