"""Dialect `stripe`: events of Stripe, with the object that each of them is about.

Stripe switches off endpoints that keep failing, so an authentic event is answered with 200 and the
reason why it makes no run is recorded. The same event may come several times: its id is its key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.ingest.body import Body
from hub.ingest.dialects.contract import (
    JSON_TYPE,
    NO_HEADERS,
    SMALL_BODY,
    Call,
    Packed,
    Reply,
    Unpacked,
    taken,
    text_at,
)
from hub.ingest.secret_places import without_secrets

_SECRET_PLACES = ("client_secret",)  # with it a payment can be finished by whoever reads it


@dataclass(frozen=True)
class Stripe:
    """Webhooks of Stripe."""

    name: str = "stripe"
    default_auth: str = "stripe"
    media_type: str = JSON_TYPE
    names_messages: bool = True
    default_max_body: int = SMALL_BODY
    is_tool: bool = False
    payload_names: tuple[str, ...] = ("id", "type", "object")
    secret_places: tuple[str, ...] = _SECRET_PLACES

    def unpack(
        self,
        body: Body,
        *,
        tool: str | None,  # noqa: ARG002
        headers: Mapping[str, str] = NO_HEADERS,  # noqa: ARG002
    ) -> Unpacked:
        """One run for each event; a body that is no event with an object makes none."""
        event_id, kind = text_at(body.value, "id"), text_at(body.value, "type")
        data = body.value.get("data") if isinstance(body.value, dict) else None
        subject = data.get("object") if isinstance(data, dict) else None
        if event_id is None or kind is None or not isinstance(subject, dict):
            return Unpacked(ignored="no event of Stripe with an object", when_refused="record")
        payload = {"id": event_id, "type": kind, "object": without_secrets(subject, _SECRET_PLACES)}
        return Unpacked(
            calls=(Call(payload, key=event_id),),
            when_refused="record",
            kind=kind,
            is_mended=bool(body.faults),
        )

    def pack(self, unpacked: Unpacked, replies: Sequence[Reply]) -> Packed:  # noqa: ARG002
        """`{}`: Stripe reads nothing."""
        return taken()
