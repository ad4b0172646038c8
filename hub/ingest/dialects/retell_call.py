"""The call in Retell's envelopes, as far as both of its dialects read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.ingest.dialects.contract import text_at

# Links that are signed: whoever has one hears or reads the call.
SECRET_PLACES = (
    "*recording_url",
    "*recording_multi_channel_url",
    "public_log_url",
    "knowledge_base_retrieved_contents_url",
)
_OUTBOUND = "outbound"


def caller_facts(call: Mapping[str, Any]) -> dict[str, str]:
    """Who is on the line: `call_id`, `phone` of the person (not of the agent), `assistant_id`."""
    is_outbound = text_at(call, "direction") == _OUTBOUND
    found = {
        "call_id": text_at(call, "call_id"),
        "phone": text_at(call, "to_number" if is_outbound else "from_number"),
        "assistant_id": text_at(call, "agent_id"),
    }
    return {name: value for name, value in found.items() if value is not None}
