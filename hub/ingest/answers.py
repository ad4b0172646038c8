"""From a receipt and the replies of its runs to the HTTP answer. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from hub.errors import PayloadProblem
from hub.ingest.dialects import Packed, Reply
from hub.ingest.receipt import Receipt

REPLAYED = "Idempotent-Replayed"
TIMES = "Times-Read"

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", re.ASCII)
_HEADER_VALUE = re.compile(r"[\x20-\x7e]{0,1000}", re.ASCII)
_OURS = {
    *("connection", "content-encoding", "content-length", "date", "keep-alive", "server"),
    *("trailer", "transfer-encoding", "upgrade"),
}
_MOST_TOLD = 3


def pack(receipt: Receipt, replies: Sequence[Reply]) -> Packed:
    """The answer in the caller's form, with what the hub has to add to it."""
    clean = [
        replace(reply, headers=safe_headers(reply.headers)) if reply.headers else reply
        for reply in replies
    ]
    packed = receipt.dialect.pack(receipt.unpacked, clean)
    added: dict[str, str] = {}
    if receipt.is_replayed and receipt.unpacked.when_refused == "refuse":
        added[REPLAYED] = "true"
    if receipt.retry_after is not None:
        added["Retry-After"] = str(int(receipt.retry_after.total_seconds()))
    if receipt.times:
        told = ", ".join(f"{place}={instant}" for place, instant in receipt.times.items())
        added.update(safe_headers({TIMES: told}))
    return replace(packed, headers={**packed.headers, **added}) if added else packed


def safe_headers(headers: Mapping[str, object]) -> dict[str, str]:
    """Only names and values that cannot break out of their line, and none of the server's (S14)."""
    return {
        name: str(value)
        for name, value in headers.items()
        if _HEADER_NAME.fullmatch(name)
        and _HEADER_VALUE.fullmatch(str(value))
        and name.lower() not in _OURS
    }


def as_sentence(title: str, problems: Sequence[PayloadProblem]) -> str:
    """A refusal as one line for a language model: "appointment_time is missing."."""
    told = [_said(problem) for problem in problems[:_MOST_TOLD]]
    return " ".join(told) or title


def _said(problem: PayloadProblem) -> str:
    field = problem.pointer.removeprefix("/").replace("/", ".") or "The request"
    return f"{field} {problem.message}."
