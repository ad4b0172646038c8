"""What the answers of a mail server mean for a step (RFC 5321)."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from hub.connectors.http import excerpt
from hub.errors import NoSuchReceiver, Permanent, StepFailed, Transient

# 5.7.x: the server refuses us, not the address. 5.1.1 and the like: there is no such mailbox, or
# none any more. Others, such as 5.2.2 (full) and those without such a code, say less.
_POLICY = re.compile(rb"5\.7\.\d")
_NOBODY = re.compile(rb"5\.(?:1\.(?:1|2|3|6|10)|2\.1)(?!\d)")
_AUTHENTICATION = frozenset({530, 534, 535, 538})
_COMPLETED = 2
_FOR_NOW = 400
_FOR_GOOD = 500
_LAST_CODE = 600


class Conversation(Protocol):
    """How far the conversation with a server has come."""

    is_handed_over: bool

    def is_late(self) -> bool:
        """Tell whether the deadline has passed."""


@contextmanager
def told(host: str, session: Conversation) -> Iterator[None]:
    """Turn what smtplib and the network raise into the two kinds of failure."""
    try:
        yield
    except smtplib.SMTPNotSupportedError as refused:
        raise Permanent("unauthorized", f"{host} offers no login that is known") from refused
    except smtplib.SMTPAuthenticationError as refused:
        failure = _refusal(refused.smtp_code, refused.smtp_error)
        code = "unauthorized" if isinstance(failure, Permanent) else failure.code
        raise type(failure)(code, failure.message, status=failure.status) from refused
    except smtplib.SMTPResponseException as refused:
        if session.is_handed_over and not isinstance(refused, smtplib.SMTPDataError):
            raise _broken(session, host) from refused
        raise _refusal(refused.smtp_code, refused.smtp_error) from refused
    except (OSError, smtplib.SMTPException) as failure:
        raise _broken(session, host) from failure


def _broken(session: Conversation, host: str) -> Transient:
    maybe_done = session.is_handed_over
    if session.is_late():
        return Transient(
            "timeout", f"{host}: the mail server did not answer in time", maybe_done=maybe_done
        )
    return Transient(
        "unavailable", f"{host}: no conversation with the mail server", maybe_done=maybe_done
    )


def expect(reply: tuple[int, bytes]) -> None:
    """Raise what the reply means, unless it says that all is well."""
    code, said = reply
    if code // 100 == _COMPLETED:
        return
    if not _FOR_NOW <= code < _LAST_CODE:
        raise smtplib.SMTPResponseException(code, said)
    raise _refusal(code, said)


def expect_recipient(reply: tuple[int, bytes]) -> None:
    """The same of the receiver: a refusal for good means the address, unless it means us."""
    code, said = reply
    if code >= _FOR_GOOD and not _POLICY.match(said):
        kind = NoSuchReceiver if _NOBODY.match(said) else Permanent
        raise kind("invalid_address", f"the mail server refused the receiver: {_words(said)}")
    expect(reply)


def _refusal(code: int, said: bytes | str) -> StepFailed:
    """4yz may pass another time, 5yz never; either way nothing was taken."""
    message = f"the mail server answered {code}: {_words(said)}"
    if code < _FOR_GOOD:
        return Transient("unavailable", message, status=code)
    return Permanent(
        "unauthorized" if code in _AUTHENTICATION else "rejected", message, status=code
    )


def _words(said: bytes | str) -> str:
    return excerpt(said if isinstance(said, str) else said.decode(errors="replace"))
