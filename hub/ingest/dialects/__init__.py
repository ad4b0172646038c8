"""How callers pack their payload and want their answer: one dialect for each kind of caller."""

from __future__ import annotations

from collections.abc import Mapping

from hub.ingest.dialects.calcom import Calcom
from hub.ingest.dialects.cloudevents import CloudEvents
from hub.ingest.dialects.contract import (
    FORM_TYPE,
    Call,
    Dialect,
    Packed,
    Reply,
    Unpacked,
    to_json_bytes,
)
from hub.ingest.dialects.form import FORM
from hub.ingest.dialects.plain_json import PlainJson
from hub.ingest.dialects.standard_webhooks import StandardWebhooks
from hub.ingest.dialects.stripe import Stripe
from hub.ingest.dialects.vapi_event import VapiEvent
from hub.ingest.dialects.vapi_tool import VapiTool

DIALECTS: Mapping[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        PlainJson(),
        FORM,
        VapiTool(),
        VapiEvent(),
        Calcom(),
        Stripe(),
        StandardWebhooks(),
        CloudEvents(),
    )
}

__all__ = [
    "DIALECTS",
    "FORM_TYPE",
    "Call",
    "Dialect",
    "Packed",
    "Reply",
    "Unpacked",
    "to_json_bytes",
]
