"""Dialect `elevenlabs.event`: what ElevenLabs sends after a conversation, exactly 200 back.

The payload is the event without empty members. Audio is not in it: it may be many megabytes, and
no step reads it; `data.audio_characters` says how long its base64 text is, and the delivery has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.ingest.body import Body
from hub.ingest.dialects.contract import (
    NOTHING,
    Beside,
    Call,
    Dialect,
    Unpacked,
    text_at,
    without_nulls,
)

_AUDIO_BODY = 32 * 1024 * 1024
_AUDIO = "full_audio"


class ElevenLabsEvent(Dialect):
    """Post-call webhooks of ElevenLabs."""

    def unpack(self, body: Body, beside: Beside = NOTHING) -> Unpacked:  # noqa: ARG002
        """One run for each event; a body without type and data makes none."""
        kind = text_at(body.value, "type")
        data = body.value.get("data") if isinstance(body.value, dict) else None
        if kind is None or not isinstance(data, dict):
            return Unpacked(ignored="no event with data", when_refused="record")
        conversation = text_at(data, "conversation_id")
        event = {**body.value, "data": _without_audio(data)}
        return Unpacked(
            calls=(Call(without_nulls(event), key=_key(kind, conversation)),),
            when_refused="record",
            caller=_caller_facts(data, conversation),
            kind=kind,
            is_mended=bool(body.faults),
        )


def _key(kind: str, conversation: str | None) -> str | None:
    return None if conversation is None else f"{kind}/{conversation}"


def _without_audio(data: Mapping[str, Any]) -> dict[str, Any]:
    audio = data.get(_AUDIO)
    kept = {name: value for name, value in data.items() if name != _AUDIO}
    return {**kept, "audio_characters": len(audio)} if isinstance(audio, str) else kept


def _caller_facts(data: Mapping[str, Any], conversation: str | None) -> dict[str, str]:
    found = {
        "call_id": conversation,
        "phone": text_at(data, "metadata", "phone_call", "external_number"),
        "assistant_id": text_at(data, "agent_id"),
    }
    return {name: value for name, value in found.items() if value is not None}


ELEVENLABS_EVENT = ElevenLabsEvent(
    name="elevenlabs.event",
    default_auth="elevenlabs",
    default_max_body=_AUDIO_BODY,
    names_messages=False,  # a failed start may come without a conversation
    payload_names=("type", "data"),
)
