"""What callers send and get: samples, the envelope of a tool call, secrets, answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

SAMPLES = Path(__file__).parents[1] / "samples"

SECRETS = {
    "VAPI_WEBHOOK_SECRET": "vapi-secret-of-the-tests",
    "RETELL_API_KEY": "retell-key-of-the-tests",
    "BROKER_API_TOKEN": "broker-token-of-the-tests",
    "APP_WEBHOOK_SECRET": "app-secret-of-the-tests",
    "CALCOM_WEBHOOK_SECRET": "calcom-secret-of-the-tests",
    "CALENDLY_WEBHOOK_SECRET": "calendly-secret-of-the-tests",
    "SLACK_BOT_TOKEN": "xoxb-of-the-tests",
    "TENANT_KEY_SECRET": "tenant-key-secret-of-the-tests",
    "CLIENT_LINK_SECRET": "link-secret-of-the-tests",
    "MAIL_WEBHOOK_SECRET": "whsec_bWFpbC1zZWNyZXQtb2YtdGhlLXRlc3Rz",
}


def sample(name: str) -> Any:
    """A body that a caller sends, such as `calcom/BOOKING_CREATED`."""
    return json.loads((SAMPLES / f"{name}.json").read_bytes())


def tool_call(
    arguments: Mapping[str, Any], *, call: str = "call-1", tool_call: str = "tool-1"
) -> dict[str, Any]:
    """The envelope in which the voice agent calls `book_appointment`."""
    function = {"name": "book_appointment", "arguments": dict(arguments)}
    item = {"id": tool_call, "type": "function", "function": function}
    return {"message": {"type": "tool-calls", "toolCallList": [item], "call": {"id": call}}}


@dataclass(frozen=True)
class Answer:
    """What the caller got."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def run_id(self) -> UUID:
        """The run that an acceptance names."""
        return UUID(self.json["run_id"])

    @property
    def pointers(self) -> list[str]:
        """Where the faults of a refused payload are."""
        return [error["pointer"] for error in self.json["errors"]]
