"""E-mail addresses: what counts as one plain address, and when two are the same."""

from __future__ import annotations

import re

# One plain address. Local parts that need quotes or UTF-8 are not worth what they open.
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?=.{1,253}$)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*"
)


def is_mail_address(text: str) -> bool:
    """Whether the text is one plain address and nothing else."""
    return _ADDRESS.fullmatch(text) is not None


def fold_mail_address(text: str) -> str:
    """The address as it is compared: small letters. Raises ValueError for what is no plain one.

    Before the `@` the capitals may mean something in theory; in no mailbox of today they do.
    """
    written = text.strip()
    if not is_mail_address(written):
        raise ValueError(f"{written[:60]!r} is not one plain e-mail address")
    return written.lower()
