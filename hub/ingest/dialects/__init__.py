"""How callers pack their payload and want their answer: one dialect for each kind of caller."""

from __future__ import annotations

from collections.abc import Mapping

from hub import plug_ins
from hub.ingest.dialects.acuity import ACUITY
from hub.ingest.dialects.bland_event import BLAND_EVENT
from hub.ingest.dialects.calcom import CALCOM
from hub.ingest.dialects.calendly import CALENDLY
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
from hub.ingest.dialects.elevenlabs_event import ELEVENLABS_EVENT
from hub.ingest.dialects.elevenlabs_tool import ELEVENLABS_TOOL
from hub.ingest.dialects.facts import dialect_facts
from hub.ingest.dialects.form import FORM
from hub.ingest.dialects.github import GITHUB
from hub.ingest.dialects.gohighlevel import GOHIGHLEVEL
from hub.ingest.dialects.google_calendar import GOOGLE_CALENDAR
from hub.ingest.dialects.hubspot import HUBSPOT
from hub.ingest.dialects.message_status import SIGNALWIRE_STATUS, TWILIO_STATUS
from hub.ingest.dialects.microsoft_graph import MICROSOFT_GRAPH
from hub.ingest.dialects.plain_json import JSON
from hub.ingest.dialects.retell_event import RETELL_EVENT
from hub.ingest.dialects.retell_tool import RETELL_TOOL
from hub.ingest.dialects.slack import SLACK_ACTION, SLACK_COMMAND, SLACK_EVENT
from hub.ingest.dialects.square import SQUARE
from hub.ingest.dialects.standard_webhooks import STANDARD_WEBHOOKS
from hub.ingest.dialects.stripe import STRIPE
from hub.ingest.dialects.text_message import SIGNALWIRE_SMS, TWILIO_SMS
from hub.ingest.dialects.vapi_event import VAPI_EVENT
from hub.ingest.dialects.vapi_tool import VAPI_TOOL

_BUILT_IN: Mapping[str, Dialect] = {
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
        CALENDLY,
        GOOGLE_CALENDAR,
        MICROSOFT_GRAPH,
        ACUITY,
        GOHIGHLEVEL,
        HUBSPOT,
        SQUARE,
        GITHUB,
        RETELL_TOOL,
        RETELL_EVENT,
        ELEVENLABS_TOOL,
        ELEVENLABS_EVENT,
        BLAND_EVENT,
        SLACK_EVENT,
        SLACK_ACTION,
        SLACK_COMMAND,
        TWILIO_SMS,
        TWILIO_STATUS,
        SIGNALWIRE_SMS,
        SIGNALWIRE_STATUS,
    )
}
DIALECTS: plug_ins.Registry[Dialect] = plug_ins.Registry(
    _BUILT_IN,
    group=plug_ins.DIALECTS,
    kind=Dialect,  # type: ignore[type-abstract]  # asked is only whether something is one
    attribute="DIALECTS",
    noun="dialect",
)

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
    "dialect_facts",
    "to_json_bytes",
]
