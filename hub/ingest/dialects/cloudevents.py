"""Dialect `cloudevents`: CloudEvents 1.0 in structured JSON, one event a request.

An id is unique for its source only, so both make the key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.ingest.body import Body
from hub.ingest.dialects.contract import (
    NO_HEADERS,
    SMALL_BODY,
    Call,
    Packed,
    Reply,
    Unpacked,
    taken,
    text_at,
)

_TYPE = "application/cloudevents+json"
_REQUIRED = ("id", "source", "type")
_OPTIONAL = ("subject", "time")


@dataclass(frozen=True)
class CloudEvents:
    """Whoever sends CloudEvents."""

    name: str = "cloudevents"
    default_auth: str = "bearer"
    media_type: str = _TYPE
    names_messages: bool = True
    default_max_body: int = SMALL_BODY
    is_tool: bool = False
    payload_names: tuple[str, ...] = _REQUIRED
    secret_places: tuple[str, ...] = ()

    def unpack(
        self,
        body: Body,
        *,
        tool: str | None,  # noqa: ARG002
        headers: Mapping[str, str] = NO_HEADERS,  # noqa: ARG002
    ) -> Unpacked:
        """One run for each event; a body without id, source and type makes none."""
        named = {name: text_at(body.value, name) for name in (*_REQUIRED, *_OPTIONAL)}
        if any(named[name] is None for name in _REQUIRED):
            return Unpacked(ignored="no CloudEvent: id, source or type", when_refused="record")
        payload: dict[str, Any] = {name: value for name, value in named.items() if value}
        if "data" in body.value:
            payload["data"] = body.value["data"]
        return Unpacked(
            calls=(Call(payload, key=f"{named['source']}/{named['id']}"),),
            when_refused="record",
            kind=str(named["type"]),
            is_mended=bool(body.faults),
        )

    def pack(self, unpacked: Unpacked, replies: Sequence[Reply]) -> Packed:  # noqa: ARG002
        """`{}`: senders read the status alone."""
        return taken()
