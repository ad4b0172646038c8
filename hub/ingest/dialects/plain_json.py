"""Dialect `json`: the body is the payload; status and body of the answer as the workflow gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.ingest.body import Body, without_faults
from hub.ingest.dialects.contract import (
    JSON_TYPE,
    NOTHING,
    Beside,
    Call,
    Dialect,
    Packed,
    Reply,
    Unpacked,
    to_json_bytes,
)

_WITHOUT_BODY = {204, 304}


class PlainJson(Dialect):
    """Anybody: a body is one call, and is answered in JSON."""

    def needs_body(self, schema: Mapping[str, Any] | None) -> bool:
        """Who is asked for nothing, as a scheduler that only calls, needs none."""
        return schema is not None

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:  # noqa: ARG002
        """The whole body is the payload of one call."""
        return Unpacked(calls=(Call(without_faults(body)),))

    def pack(self, unpacked: Unpacked, replies: Sequence[Reply]) -> Packed:  # noqa: ARG002
        """The body and status of the one reply; a text becomes `{"message": text}`."""
        return answer_as_given(replies[0])


def answer_as_given(reply: Reply) -> Packed:
    """Status and body of a reply; a text becomes `{"message": text}`."""
    body = {"message": reply.body} if isinstance(reply.body, str) else reply.body
    return answer_in_json(reply, body)


def answer_in_json(reply: Reply, body: object) -> Packed:
    """The status and headers of a reply around a JSON body."""
    content = b"" if reply.status in _WITHOUT_BODY else to_json_bytes(body)
    return Packed(reply.status, content, {"Content-Type": JSON_TYPE, **reply.headers})


JSON = PlainJson(name="json")
