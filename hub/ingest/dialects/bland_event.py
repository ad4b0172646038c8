"""Dialect `bland.event`: what Bland sends of a call, read leniently: its form is hardly documented.

The payload is the body without empty members. Only the report after a call has a key; whatever
else Bland sends with a `call_id` may come many times.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.ingest.body import Body
from hub.ingest.dialects.contract import (
    NOTHING,
    VOICE_BODY,
    Beside,
    Call,
    Dialect,
    Unpacked,
    text_at,
    without_nulls,
)

_OF_A_REPORT = ("completed", "end_at", "call_length")


class BlandEvent(Dialect):
    """Webhooks of Bland."""

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:  # noqa: ARG002
        """One run for each object; another body makes none."""
        if not isinstance(body.value, dict) or not body.value:
            return Unpacked(ignored="no object with the details of a call", when_refused="record")
        call_id = text_at(body.value, "call_id") or text_at(body.value, "c_id")
        return Unpacked(
            calls=(Call(without_nulls(body.value), key=_key(body.value, call_id)),),
            when_refused="record",
            caller=_caller_facts(body.value, call_id),
            is_mended=bool(body.faults),
        )


def _key(call: Mapping[str, Any], call_id: str | None) -> str | None:
    if call_id is None or not any(name in call for name in _OF_A_REPORT):
        return None
    state = text_at(call, "status") or text_at(call, "queue_status")
    return "/".join([call_id, *([state] if state else [])])


def _caller_facts(call: Mapping[str, Any], call_id: str | None) -> dict[str, str]:
    """The person called is `to`; `from` where the call came in."""
    phone = text_at(call, "from" if call.get("inbound") is True else "to")
    found = {"call_id": call_id, "phone": phone}
    return {name: value for name, value in found.items() if value is not None}


BLAND_EVENT = BlandEvent(
    name="bland.event",
    default_auth="bland",
    default_max_body=VOICE_BODY,
    names_messages=False,  # its form is not certain
)
