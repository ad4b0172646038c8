"""Dialect `elevenlabs.tool`: a server tool of an agent at ElevenLabs.

The body is what the tool's schema describes, or an envelope `{tool_call_id, tool_name, parameters,
conversation_id}`: a body with a `tool_call_id` beside an object `parameters` is an envelope.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.ingest.body import Body
from hub.ingest.dialects.arguments import UNKNOWN, UNREADABLE, as_object, is_faulty
from hub.ingest.dialects.contract import (
    NOTHING,
    VOICE_BODY,
    AnswerTime,
    Beside,
    Call,
    Dialect,
    Packed,
    Reply,
    Unpacked,
    text_at,
)
from hub.ingest.dialects.model_answer import answer_to_model


class ElevenLabsTool(Dialect):
    """Server tools of ElevenLabs' agents."""

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:
        """One call, flat or in an envelope."""
        envelope = _envelope(body.value)
        if envelope is None:
            is_readable = isinstance(body.value, dict) and not body.faults
            call = Call(body.value) if is_readable else Call(refusal=UNREADABLE)
            return Unpacked((call,), when_refused="tell", kind="root", is_mended=bool(body.faults))
        conversation = text_at(envelope, "conversation_id")
        return Unpacked(
            calls=(_in_envelope(envelope, body, beside.tool, conversation),),
            when_refused="tell",
            caller={"call_id": conversation} if conversation else {},
            kind="envelope",
            is_mended=bool(body.faults),
        )

    def pack(self, unpacked: Unpacked, replies: Sequence[Reply]) -> Packed:  # noqa: ARG002
        """JSON for the model; always 200."""
        return answer_to_model(replies[0])


def _envelope(value: Any) -> Mapping[str, Any] | None:
    if text_at(value, "tool_call_id") is None or "parameters" not in value:
        return None
    return value if isinstance(value, dict) else None


def _in_envelope(
    envelope: Mapping[str, Any], body: Body, tool: str | None, conversation: str | None
) -> Call:
    identity, name = text_at(envelope, "tool_call_id"), text_at(envelope, "tool_name")
    if tool is not None and name is not None and name != tool:
        return Call(id=identity, name=name, refusal=UNKNOWN)
    payload = None if is_faulty(body, "/parameters") else as_object(envelope["parameters"])
    if payload is None:
        return Call(id=identity, name=name, refusal=UNREADABLE)
    key = f"{conversation}/{identity}" if conversation else identity
    return Call(payload, id=identity, name=name, key=key)


ELEVENLABS_TOOL = ElevenLabsTool(
    name="elevenlabs.tool",
    default_max_body=VOICE_BODY,
    is_tool=True,
    envelope=("tool_call_id", "parameters"),
    names_messages=False,  # a flat body names nothing
    answer_time=AnswerTime(20, 300, "`response_timeout_secs: {}` of the tool at ElevenLabs"),
)
