"""Who gets a message by an action: asked before it leaves, remembered when it went or came back.

The hub itself must know who wants no messages and which addresses are none: before anything leaves,
by whatever workflow, and without a vendor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Connection

from hub.action import Action
from hub.errors import NoSuchReceiver, Permanent, StepFailed
from hub.storage import mail_addresses, opt_outs, text_messages
from hub.values import fold_mail_address, normalise_phone


class Receiver(Protocol):
    """One number or address, as wishes and reports about it are kept."""

    def refusal(self, connection: Connection) -> Permanent | None:
        """Why nothing may be sent there; None: something may."""

    def is_news(self, failed: StepFailed) -> bool:
        """Whether a failure tells of the receiver what we did not know."""

    def note_failure(self, connection: Connection, *, source: str) -> None:
        """Remember it, so that nothing is sent there again."""

    def note_sent(self, connection: Connection, result: Any, *, run_id: UUID, path: str) -> None:
        """Remember what was sent, where reports about it will come."""


@dataclass(frozen=True)
class TextReceiver:
    """A number, as E.164."""

    number: str

    def refusal(self, connection: Connection) -> Permanent | None:
        """Whoever opted out gets no text messages."""
        if not opt_outs.has_opted_out(connection, self.number):
            return None
        return Permanent(opt_outs.OPTED_OUT, "the receiver wants no text messages")

    def is_news(self, failed: StepFailed) -> bool:
        """The provider knows of a wish that we did not hear of."""
        return failed.code == opt_outs.OPTED_OUT

    def note_failure(self, connection: Connection, *, source: str) -> None:
        """The wish, as of now."""
        opt_outs.note(connection, self.number, is_out=True, at=None, source=source)

    def note_sent(self, connection: Connection, result: Any, *, run_id: UUID, path: str) -> None:
        """The message by its SID: status callbacks name it."""
        sid = result.get("sid")
        if isinstance(sid, str):
            text_messages.note_sent(connection, sid, run_id=run_id, path=path, number=self.number)


@dataclass(frozen=True)
class MailReceiver:
    """An address, folded."""

    address: str

    def refusal(self, connection: Connection) -> Permanent | None:
        """Where mails come back from, or are complained about, none are sent (K-19)."""
        if not mail_addresses.is_blocked(connection, self.address):
            return None
        return Permanent(
            mail_addresses.BLOCKED,
            "mails to this address came back or were not wanted: `hub mails allow` lifts it",
        )

    def is_news(self, failed: StepFailed) -> bool:
        """The mail server knows that there is no such mailbox."""
        return isinstance(failed, NoSuchReceiver)

    def note_failure(self, connection: Connection, *, source: str) -> None:
        """The refusal, as of now."""
        mail_addresses.block(
            connection, self.address, reason="refused", at=None, now=None, source=source
        )

    def note_sent(self, connection: Connection, result: Any, *, run_id: UUID, path: str) -> None:
        """Nothing: reports about mails name the address."""


def receiver_of(action: Action, inputs: Mapping[str, Any]) -> Receiver | None:
    """Who would get a message; None where the action sends none, or to nobody that can be read."""
    try:
        if action.texted_input is not None:
            return TextReceiver(normalise_phone(str(inputs.get(action.texted_input))))
        if action.mailed_input is not None:
            return MailReceiver(fold_mail_address(str(inputs.get(action.mailed_input))))
    except ValueError:
        return None
    return None
