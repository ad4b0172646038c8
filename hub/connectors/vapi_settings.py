"""What a connection to Vapi needs: its key, the number that calls, names for assistants."""

from __future__ import annotations

from uuid import UUID

from hub.connectors.connections import ConnectionSettings, ConnectionType, Field
from hub.errors import Permanent

BASE_URL = "https://api.vapi.ai"
VAPI = ConnectionType(
    name="vapi",
    title="Vapi, voice agents that call",
    actions=("vapi.start_call", "vapi.get_call", "vapi.find_call"),
    credentials=(Field("api_key", "private API key"),),
    options=(
        Field("phone_number_id", "id of the number that calls"),
        Field(
            "assistants",
            "names for ids of assistants: booking=2bec425c-…, reminder=…",
            required=False,
        ),
    ),
    base_url=Field("base_url", "default https://api.vapi.ai", required=False),
)


def assistant_id(settings: ConnectionSettings, assistant: str) -> str:
    """The id that stands for a name in hub.yaml, or the id itself; raises `Permanent`."""
    pairs = (each.split("=", 1) for each in settings.options.get("assistants", "").split(","))
    known = {pair[0].strip(): pair[1].strip() for pair in pairs if len(pair) > 1}
    if assistant in known:
        return known[assistant]
    try:
        return str(UUID(assistant))
    except ValueError:
        raise Permanent(
            "not_configured",
            f"the assistant {assistant[:60]} is no id, and options.assistants of the connection"
            f" {settings.name} does not name it",
        ) from None
