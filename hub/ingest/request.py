"""One request as the web hands it in: bytes, headers and facts, with no framework around them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from hub.errors import Rejected
from hub.values import is_credential_name, is_secret_name

KEY_HEADER = "idempotency-key"

_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
_CHARSET = re.compile(r";[ \t]*charset[ \t]*=([^;]*)", re.IGNORECASE)
_UTF8 = frozenset({"", "utf-8", "utf8", "us-ascii", "ascii"})  # ASCII is UTF-8 as well
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True)
class InboundRequest:
    """A request, read whole. Header names are in lower case; `url` is what the caller asked for.

    `arrived_at` counts monotonic seconds: deadlines of answers are measured from it (I13).
    """

    id: UUID
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    arrived_at: float
    query: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    remote_ip: str | None = None
    url: str = ""

    def body_digest(self) -> bytes:
        """What tells two bodies apart (I8)."""
        return sha256(self.body).digest()

    def media_type(self) -> str:
        """`Content-Type` without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def is_utf8(self) -> bool:
        """Whether `Content-Type` names no other charset than the one that is read."""
        named = _CHARSET.findall(self.headers.get("content-type", ""))
        return all(each.strip("\"' \t").lower() in _UTF8 for each in named)

    def key(self) -> str | None:
        """`Idempotency-Key`; raises `Rejected` 400 unless it is 1 to 255 visible ASCII (I6)."""
        given = self.headers.get(KEY_HEADER)
        if given is not None and _KEY.fullmatch(given) is None:
            raise Rejected(400, "Idempotency-Key must be 1 to 255 visible ASCII characters, once.")
        return given

    def kept_headers(self, secret_header: str | None) -> dict[str, str]:
        """The headers that may be stored: none that proves who sends (S6)."""
        return {
            name: storable(value)
            for name, value in self.headers.items()
            if not is_secret_name(name) and name != secret_header
        }

    def kept_query(self) -> dict[str, list[str]]:
        """The query as it can be stored: without the parts that prove who sends (S6)."""
        return {
            storable(name): [storable(each) for each in values]
            for name, values in self.query.items()
            if not is_secret_name(name)
        }

    def readable_query(self) -> dict[str, tuple[str, ...]]:
        """What a workflow may read of the query: its run is stored, so no credential (S6)."""
        return {name: values for name, values in self.query.items() if not is_credential_name(name)}


def storable(text: str) -> str:
    """The text with U+FFFD in place of what the database cannot hold."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)
