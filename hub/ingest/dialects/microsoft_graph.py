"""Dialect `microsoft.graph`: change notifications of Microsoft Graph, and what befalls them.

A subscription begins with a handshake: the text in `validationToken` is said back as plain text.
Each item of a notification brings the secret of its subscription (`clientState`); one that does not
is dropped, the others count. There is no data in it: fetch the resource. What is stored is answered
with 202, for slow or failing receivers lose notifications for good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.ingest.body import Body
from hub.ingest.dialects.contract import (
    NOTHING,
    Beside,
    Call,
    Dialect,
    Packed,
    Reply,
    Unpacked,
    text_at,
)
from hub.ingest.dialects.members import present

_SAID_BACK = "validationToken"
_HANDSHAKE = "handshake"
_TOLD_ONCE = {"reauthorizationRequired", "subscriptionRemoved"}  # each for one date of expiry
_SECRET_PLACES = ("clientState",)


class MicrosoftGraph(Dialect):
    """Change and lifecycle notifications of Microsoft Graph."""

    def greet(self, query: Mapping[str, tuple[str, ...]]) -> Unpacked | None:
        """The token that a new subscription wants to hear back."""
        tokens = query.get(_SAID_BACK, ())
        if len(tokens) != 1 or not tokens[0]:
            return None
        return Unpacked(when_refused="record", kind=_HANDSHAKE, echo=tokens[0])

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:
        """One run for each item whose `clientState` is ours."""
        items = body.value.get("value") if isinstance(body.value, dict) else None
        if not isinstance(items, list) or not items:
            return Unpacked(ignored="no notifications of Graph", when_refused="record")
        return Unpacked(
            calls=tuple(_call(item, beside) for item in items),
            when_refused="record",
            is_mended=bool(body.faults),
        )

    def pack(self, unpacked: Unpacked, replies: Sequence[Reply]) -> Packed:
        """The token as text, never as a page; of everything else, that it is stored."""
        if unpacked.kind != _HANDSHAKE:
            return super().pack(unpacked, replies)
        text = unpacked.echo.encode("utf-8", "replace")
        return Packed(200, text, {"Content-Type": "text/plain; charset=utf-8"})


def _call(item: Any, beside: Beside) -> Call:
    if text_at(item, "clientState") not in beside.vouched:
        return Call(refusal="The clientState of this item is not ours.")
    trigger = text_at(item, "changeType") or text_at(item, "lifecycleEvent")
    if trigger is None:
        return Call(refusal="This item says neither a change nor an event of its subscription.")
    etag = text_at(item, "resourceData", "@odata.etag")
    payload = {
        "trigger": trigger,
        "is_lifecycle": text_at(item, "changeType") is None,
        "id": text_at(item, "id"),
        "subscription_id": text_at(item, "subscriptionId"),
        "tenant_id": text_at(item, "tenantId"),
        "resource": text_at(item, "resource"),
        "resource_id": text_at(item, "resourceData", "id"),
        "resource_type": text_at(item, "resourceData", "@odata.type"),
        "etag": etag,
        "expires_at": text_at(item, "subscriptionExpirationDateTime"),
    }
    return Call(present(payload), key=_key(present(payload)))


def _key(payload: Mapping[str, Any]) -> str | None:
    """The state that the resource came to, or the notification; of its subscription, the expiry."""
    mark = payload.get("etag") or payload.get("id")
    if payload["trigger"] in _TOLD_ONCE:
        mark = payload.get("expires_at")
    subscription = payload.get("subscription_id")
    if mark is None or subscription is None:
        return None
    return f"{subscription}/{payload['trigger']}/{payload.get('resource', '')}/{mark}"


MICROSOFT_GRAPH = MicrosoftGraph(
    name="microsoft.graph",
    default_auth="microsoft_graph",
    names_messages=True,
    answers_with=202,
    payload_names=("trigger", "is_lifecycle"),
    secret_places=_SECRET_PLACES,
)
