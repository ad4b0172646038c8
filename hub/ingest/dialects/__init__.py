"""How callers pack their payload and want their answer: one dialect for each kind of caller."""

from __future__ import annotations

from collections.abc import Mapping

from hub.ingest.dialects.calcom import CALCOM
from hub.ingest.dialects.cloudevents import CLOUDEVENTS
from hub.ingest.dialects.contract import (
    FORM_TYPE,
    NOTHING,
    Beside,
    Call,
    Dialect,
    Packed,
    Reply,
    Unpacked,
    to_json_bytes,
)
from hub.ingest.dialects.form import FORM
from hub.ingest.dialects.message_status import SIGNALWIRE_STATUS, TWILIO_STATUS
from hub.ingest.dialects.plain_json import JSON
from hub.ingest.dialects.slack import SLACK_ACTION, SLACK_COMMAND, SLACK_EVENT
from hub.ingest.dialects.standard_webhooks import STANDARD_WEBHOOKS
from hub.ingest.dialects.stripe import STRIPE
from hub.ingest.dialects.text_message import SIGNALWIRE_SMS, TWILIO_SMS
from hub.ingest.dialects.vapi_event import VAPI_EVENT
from hub.ingest.dialects.vapi_tool import VAPI_TOOL

DIALECTS: Mapping[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        JSON,
        FORM,
        VAPI_TOOL,
        VAPI_EVENT,
        CALCOM,
        STRIPE,
        STANDARD_WEBHOOKS,
        CLOUDEVENTS,
        SLACK_EVENT,
        SLACK_ACTION,
        SLACK_COMMAND,
        TWILIO_SMS,
        TWILIO_STATUS,
        SIGNALWIRE_SMS,
        SIGNALWIRE_STATUS,
    )
}

__all__ = [
    "DIALECTS",
    "FORM_TYPE",
    "NOTHING",
    "Beside",
    "Call",
    "Dialect",
    "Packed",
    "Reply",
    "Unpacked",
    "to_json_bytes",
]
