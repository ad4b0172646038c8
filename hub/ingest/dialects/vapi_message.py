"""The envelope of Vapi's server messages, as far as both of its dialects read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.ingest.dialects.contract import text_at

SECRET_PLACES = (
    "server.secret",
    "server.headers",
    "serverUrlSecret",
    "twilioAuthToken",
    "monitor.controlUrl",
    "monitor.listenUrl",
    "presigned*Url",
)


def message_of(value: Any) -> Mapping[str, Any] | None:
    """The message of an envelope, of which only `type` is certain; nothing for other bodies."""
    message = value.get("message") if isinstance(value, dict) else None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return None
    return message


def caller_facts(message: Mapping[str, Any]) -> dict[str, str]:
    """Who is on the line, where the message says so: `call_id`, `phone`, `assistant_id`."""
    found = {
        "call_id": text_at(message, "call", "id"),
        "phone": text_at(message, "customer", "number")
        or text_at(message, "call", "customer", "number"),
        "assistant_id": text_at(message, "call", "assistantId")
        or text_at(message, "assistant", "id"),
    }
    return {name: value for name, value in found.items() if value is not None}
