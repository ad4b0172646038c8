"""Dialect `cloudevents`: CloudEvents 1.0 in structured JSON, one event a request.

An id is unique for its source only, so both make the key.
"""

from __future__ import annotations

from typing import Any

from hub.ingest.body import Body
from hub.ingest.dialects.contract import (
    NOTHING,
    Beside,
    Call,
    Dialect,
    Unpacked,
    text_at,
)

_TYPE = "application/cloudevents+json"
_REQUIRED = ("id", "source", "type")
_OPTIONAL = ("subject", "time")


class CloudEvents(Dialect):
    """Whoever sends CloudEvents."""

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:  # noqa: ARG002
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


CLOUDEVENTS = CloudEvents(
    name="cloudevents", media_types=(_TYPE,), names_messages=True, payload_names=_REQUIRED
)
