"""The table of callers in docs/callers.md, and which tests play the samples of each dialect."""

from __future__ import annotations

from collections.abc import Mapping

from hub.ingest.callers import CALLERS, Caller
from hub.ingest.dialects import DIALECTS, Dialect

_CALENDARS = "tests/unit/ingest/test_samples_of_calendars.py::test_a_sample_yields_what_it_says"
_MESSAGES = "tests/unit/ingest/test_message_samples.py::test_every_sample_becomes_what_it_says"
_VOICE = "tests/unit/ingest/test_voice_dialects.py::test_every_sample_of_these_callers_is_read"

PLAYED: Mapping[str, str] = {
    "json": "tests/unit/ingest/test_receive.py::test_good_payloads_of_the_samples_make_a_run",
    "form": "tests/unit/ingest/test_form.py::test_the_texts_of_a_form_become_what_the_schema_says",
    "vapi.tool": "tests/unit/ingest/test_vapi_tool.py::test_one_call_in_every_shape_is_one_call",
    "vapi.event": "tests/unit/ingest/test_vapi_event.py"
    "::test_every_server_message_is_one_call_and_those_that_ask_are_answered",
    "calcom": "tests/unit/ingest/test_calcom.py::test_every_event_is_answered_with_an_empty_object",
    "stripe": "tests/unit/ingest/test_event_dialects.py"
    "::test_an_event_of_stripe_is_its_id_its_type_and_its_object",
    "standard_webhooks": "tests/unit/ingest/test_event_dialects.py"
    "::test_a_standard_webhook_has_its_id_in_the_header",
    "cloudevents": "tests/unit/ingest/test_event_dialects.py"
    "::test_a_cloud_event_is_its_attributes_and_its_data",
    **dict.fromkeys(("retell.tool", "retell.event", "elevenlabs.tool"), _VOICE),
    **dict.fromkeys(("elevenlabs.event", "bland.event"), _VOICE),
    **dict.fromkeys(("calendly", "google.calendar", "microsoft.graph", "acuity"), _CALENDARS),
    **dict.fromkeys(("gohighlevel", "hubspot", "square", "github"), _CALENDARS),
    **dict.fromkeys(("slack.event", "slack.action", "slack.command"), _MESSAGES),
    **dict.fromkeys(("twilio.sms", "twilio.status"), _MESSAGES),
    **dict.fromkeys(("signalwire.sms", "signalwire.status"), _MESSAGES),
}

HEADINGS = (
    "Caller",
    "`dialect`",
    "Usual `auth`",
    "A repeat is known by",
    "Waits for",
    "Sends again",
    "When it fails for good",
    "Its samples are played by",
)


def rows() -> list[tuple[str, ...]]:
    """One row for each dialect of the hub itself; raises `KeyError` where one has none."""
    return [
        (
            CALLERS[name].who,
            f"`{name}`",
            f"`{dialect.default_auth}`",
            CALLERS[name].key,
            _waits(dialect, CALLERS[name]),
            CALLERS[name].retries,
            CALLERS[name].cost,
            _link(PLAYED[name]),
        )
        for name, dialect in DIALECTS.own.items()
    ]


def _waits(dialect: Dialect, caller: Caller) -> str:
    told = []
    if (time := dialect.answer_time) is not None:
        told.append(f"{time.usual:g} s")
        if time.longest is not None:
            told.append(f"up to {time.longest:g} s can be set")
    elif caller.answer_within is not None:
        told.append(f"{caller.answer_within.total_seconds():g} s")
    told += [f"{each.usual:g} s for {kind}" for kind, each in dialect.answer_times.items()]
    return ", ".join([*told, *filter(None, [caller.limit])]) or "?"


def _link(place: str) -> str:
    path, _, test = place.partition("::")
    return f"[{test.removeprefix('test_').replace('_', ' ')}](../{path})"
