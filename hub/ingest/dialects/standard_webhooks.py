"""Dialect `standard_webhooks`: `{type, timestamp, data}`, with the message's id in its header.

Svix writes its headers with another beginning, and OpenAI the id into the body as well; both are
read, and OpenAI's `created_at` is the `timestamp`. A repeat has the same id and a new time. Only
410 would end the sender's subscription; every other failure is sent again for days, so what makes
no run is answered with 200 and recorded.
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.ingest.body import Body
from hub.ingest.dialects.contract import (
    NOTHING,
    Beside,
    Call,
    Dialect,
    Unpacked,
    text_at,
)
from hub.ingest.dialects.members import moment_at
from hub.ingest.request import storable

_ID_HEADERS = ("webhook-id", "svix-id")


class StandardWebhooks(Dialect):
    """Whoever follows the Standard Webhooks specification."""

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:
        """One run for each message; one without a type makes none."""
        kind = text_at(body.value, "type")
        if kind is None:
            return Unpacked(ignored="no type in the message", when_refused="record")
        message_id = _message_id(beside.headers) or text_at(body.value, "id")
        moment = text_at(body.value, "timestamp") or moment_at(body.value, "created_at")
        known = {"id": message_id, "type": kind, "timestamp": moment}
        payload = {name: value for name, value in known.items() if value is not None}
        if "data" in body.value:
            payload["data"] = body.value["data"]
        return Unpacked(
            calls=(Call(payload, key=message_id),),
            when_refused="record",
            kind=kind,
            is_mended=bool(body.faults),
        )


def _message_id(headers: Mapping[str, str]) -> str | None:
    found = next((headers[name] for name in _ID_HEADERS if headers.get(name)), None)
    return None if found is None else storable(found)


STANDARD_WEBHOOKS = StandardWebhooks(
    name="standard_webhooks",
    default_auth="standard_webhooks",
    names_messages=False,  # its ids stand in headers, which no HMAC of a body covers
    payload_names=("type",),
)
