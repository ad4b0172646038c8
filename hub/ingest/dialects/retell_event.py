"""Dialect `retell.event`: webhooks of Retell's calls, and the question who takes an inbound call.

The payload is the event, without empty members and signed links. `call_inbound` waits for the
workflow's reply: variables, metadata or another agent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.ingest.body import Body
from hub.ingest.dialects.contract import (
    JSON_TYPE,
    NOTHING,
    VOICE_BODY,
    AnswerTime,
    Beside,
    Call,
    Dialect,
    Packed,
    Reply,
    Unpacked,
    taken,
    text_at,
    to_json_bytes,
    without_nulls,
)
from hub.ingest.dialects.retell_call import SECRET_PLACES, caller_facts
from hub.ingest.secret_places import without_secrets

INBOUND = "call_inbound"
_KEYED = {"call_started", "call_ended", "call_analyzed"}  # others may come again in one call
_TEXTS = ("override_agent_id",)
_OBJECTS = ("dynamic_variables", "metadata")


class RetellEvent(Dialect):
    """Webhooks of Retell."""

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:  # noqa: ARG002
        """One run for each event; a body without an event makes none."""
        event = text_at(body.value, "event")
        if event is None:
            return Unpacked(ignored="no event", when_refused="record")
        told = body.value.get(INBOUND if event == INBOUND else "call")
        call = told if isinstance(told, dict) else {}
        payload = without_secrets(without_nulls(body.value), SECRET_PLACES)
        return Unpacked(
            calls=(Call(payload, key=_key(event, call)),),
            when_refused="record",
            caller=caller_facts(call),
            kind=event,
            is_mended=bool(body.faults),
        )

    def pack(self, unpacked: Unpacked, replies: Sequence[Reply]) -> Packed:
        """`{}`; to an inbound call `{"call_inbound": {…}}` with what the workflow replied."""
        if unpacked.kind != INBOUND:
            return taken()
        found = _inbound(replies[0]) if replies else {}
        return Packed(200, to_json_bytes({INBOUND: found}), {"Content-Type": JSON_TYPE})


def _key(event: str, call: Mapping[str, Any]) -> str | None:
    call_id = text_at(call, "call_id")
    return f"{event}/{call_id}" if call_id is not None and event in _KEYED else None


def _inbound(reply: Reply) -> dict[str, Any]:
    """The members that Retell reads, in their types; with none of them the call goes on as set."""
    if reply.is_error or not isinstance(reply.body, dict):
        return {}
    told = reply.body.get(INBOUND, reply.body)
    return without_what_is_not_read(told) if isinstance(told, dict) else {}


def without_what_is_not_read(told: Mapping[str, Any]) -> dict[str, Any]:
    """The members of `call_inbound` that Retell takes."""
    texts = {name: text_at(told, name) for name in _TEXTS}
    objects = {name: told[name] for name in _OBJECTS if isinstance(told.get(name), dict)}
    return {**{name: value for name, value in texts.items() if value}, **objects}


RETELL_EVENT = RetellEvent(
    name="retell.event",
    default_auth="retell",
    default_max_body=VOICE_BODY,
    names_messages=False,  # only some of its events come once in a call
    payload_names=("event",),
    secret_places=SECRET_PLACES,
    answer_time=AnswerTime(10, None, "`webhook_timeout_ms` of the agent at Retell ({} s)"),
)
