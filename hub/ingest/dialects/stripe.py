"""Dialect `stripe`: events of Stripe, with the object that each of them is about.

Stripe switches off endpoints that keep failing, so an authentic event is answered with 200 and the
reason why it makes no run is recorded. The same event may come several times: its id is its key.
"""

from __future__ import annotations

from hub.ingest.body import Body
from hub.ingest.dialects.contract import (
    NOTHING,
    Beside,
    Call,
    Dialect,
    Unpacked,
    text_at,
)
from hub.ingest.secret_places import without_secrets

_SECRET_PLACES = ("client_secret",)  # with it a payment can be finished by whoever reads it


class Stripe(Dialect):
    """Webhooks of Stripe."""

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:  # noqa: ARG002
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


STRIPE = Stripe(
    name="stripe",
    default_auth="stripe_signature",
    names_messages=True,
    payload_names=("id", "type", "object"),
    secret_places=_SECRET_PLACES,
)
