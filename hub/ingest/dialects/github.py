"""Dialect `github`: events of GitHub, as JSON or as a form with the JSON in `payload`.

What happened and the id of the delivery stand in headers, which the signature does not cover: its
key tells GitHub's own repeats, not those of somebody who captured a request. GitHub sends an event
once, unless somebody asks for it again.
"""

from __future__ import annotations

from typing import Any

from hub.ingest.body import Body, read_json
from hub.ingest.dialects.contract import (
    FORM_TYPE,
    JSON_TYPE,
    NOTHING,
    Beside,
    Call,
    Dialect,
    Unpacked,
    text_at,
)
from hub.ingest.dialects.members import present
from hub.ingest.request import storable


class GitHub(Dialect):
    """Webhooks of GitHub's repositories, organisations and apps."""

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:
        """One run for each event; a ping, and a request that names no event, make none.

        Raises `Rejected` 400 or 413 for a form whose payload is no JSON for us.
        """
        event = storable(beside.headers.get("x-github-event", ""))
        if not event:
            return Unpacked(ignored="no X-GitHub-Event", when_refused="record")
        if event == "ping":
            return Unpacked(ignored="test delivery", when_refused="record", kind=event)
        told = self._told(body, beside)
        delivery = storable(beside.headers.get("x-github-delivery", "")) or None
        return Unpacked(
            calls=(Call(_payload(event, delivery, told.value), key=delivery),),
            when_refused="record",
            kind=event,
            is_mended=bool(body.faults or told.faults),
        )

    def _told(self, body: Body, beside: Beside) -> Body:
        media_type = beside.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != FORM_TYPE:
            return body
        raw = (text_at(body.value, "payload") or "").encode("utf-8", "surrogatepass")
        return read_json(raw, max_body=max(len(raw), self.default_max_body))


def _payload(event: str, delivery: str | None, told: Any) -> dict[str, Any]:
    return present(
        {
            "type": event,
            "id": delivery,
            "action": text_at(told, "action"),
            "repository": text_at(told, "repository", "full_name"),
            "sender": text_at(told, "sender", "login"),
            "ref": text_at(told, "ref"),
            "data": told,
        }
    )


GITHUB = GitHub(
    name="github",
    default_auth="github",
    media_types=(JSON_TYPE, FORM_TYPE),
    default_max_body=1024 * 1024,  # a push names each of its commits
    names_messages=False,  # its id stands in a header, which no HMAC of a body covers
    payload_names=("type", "data"),
)
