"""Dialect `square`: events of Square, with the object that each of them is about.

The same event may come several times: its id is its key.
"""

from __future__ import annotations

from hub.ingest.body import Body
from hub.ingest.dialects.contract import NOTHING, Beside, Call, Dialect, Unpacked, text_at
from hub.ingest.dialects.members import object_at, present

_TEST = "webhooks.test_notification"


class Square(Dialect):
    """Webhooks of Square."""

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:  # noqa: ARG002
        """One run for each event; a test delivery and a body that is no event make none."""
        event_id, kind = text_at(body.value, "event_id"), text_at(body.value, "type")
        if event_id is None or kind is None:
            return Unpacked(ignored="no event of Square", when_refused="record")
        if kind == _TEST:
            return Unpacked(ignored="test delivery", when_refused="record", kind=kind)
        payload = present(
            {
                "id": event_id,
                "type": kind,
                "merchant_id": text_at(body.value, "merchant_id"),
                "created_at": text_at(body.value, "created_at"),
                "object_type": text_at(body.value, "data", "type"),
                "object_id": text_at(body.value, "data", "id"),
                "object": object_at(body.value, "data", "object"),
            }
        )
        return Unpacked(
            calls=(Call(payload, key=event_id),),
            when_refused="record",
            kind=kind,
            is_mended=bool(body.faults),
        )


SQUARE = Square(
    name="square",
    default_auth="square",
    names_messages=True,
    payload_names=("id", "type", "object"),
)
