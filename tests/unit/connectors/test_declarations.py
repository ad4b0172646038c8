"""What the connectors' actions declare (language, chapter 18)."""

from __future__ import annotations

import jsonschema
import pytest

from hub.action import actions_of
from hub.bootstrap.actions import all_actions, all_connectors
from hub.connectors import (
    airtable,
    email,
    http,
    hubspot,
    llm,
    slack,
    slack_webhook,
    sms,
    sql,
    supabase,
    vapi,
    vapi_reading,
    webhooks,
)
from hub.connectors.google import calendar, free_busy, gmail, sheets

MODULES = (
    airtable,
    email,
    http,
    hubspot,
    llm,
    slack,
    slack_webhook,
    sms,
    sql,
    supabase,
    vapi,
    vapi_reading,
    webhooks,
    calendar,
    free_busy,
    gmail,
    sheets,
)
ACTIONS = {each.name: each for module in MODULES for each in actions_of(module)}


def test_these_are_the_actions():
    assert sorted(ACTIONS) == [
        "airtable.find",
        "airtable.upsert",
        "email.send",
        "gmail.send",
        "google_calendar.create_event",
        "google_calendar.delete_event",
        "google_calendar.free_slots",
        "google_calendar.move_event",
        "google_sheets.append",
        "google_sheets.find",
        "google_sheets.update",
        "http.delete",
        "http.get",
        "http.post",
        "http.put",
        "hubspot.upsert_contact",
        "llm.extract",
        "llm.text",
        "slack.notify",
        "slack.post",
        "sql.query",
        "supabase.insert",
        "supabase.select",
        "supabase.upsert",
        "twilio.get_message",
        "twilio.send_sms",
        "vapi.find_call",
        "vapi.get_call",
        "vapi.start_call",
        "webhooks.send",
    ]


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_reaches_out_and_its_example_is_a_valid_output(name):
    action = ACTIONS[name]

    assert action.outward
    jsonschema.validate(action.example, action.output_schema)


@pytest.mark.parametrize(
    ("name", "effect", "destinations", "secrets"),
    [
        ("airtable.find", "read", {}, ()),
        ("airtable.upsert", "idempotent", {}, ()),
        ("email.send", "once", {"to": "email"}, ()),
        ("gmail.send", "once", {"to": "email"}, ()),
        (
            "google_calendar.create_event",
            "keyed",
            {"calendar": "email", "attendees": "email"},
            (),
        ),
        ("google_calendar.delete_event", "idempotent", {"calendar": "email"}, ()),
        ("google_calendar.free_slots", "read", {}, ()),
        ("google_calendar.move_event", "idempotent", {"calendar": "email"}, ()),
        ("google_sheets.append", "once", {}, ()),
        ("google_sheets.find", "read", {}, ()),
        ("google_sheets.update", "idempotent", {}, ()),
        ("http.delete", "idempotent", {"url": "url"}, ("bearer", "headers")),
        ("http.get", "read", {}, ("bearer", "headers")),
        ("http.post", "once", {"url": "url"}, ("bearer", "headers")),
        ("http.put", "idempotent", {"url": "url"}, ("bearer", "headers")),
        ("slack.notify", "once", {}, ()),
        ("hubspot.upsert_contact", "idempotent", {}, ()),
        ("llm.extract", "read", {}, ()),
        ("llm.text", "read", {}, ()),
        ("slack.post", "once", {"channel": "channel"}, ()),
        ("sql.query", "read", {}, ()),
        ("supabase.insert", "once", {}, ()),
        ("supabase.select", "read", {}, ()),
        ("supabase.upsert", "idempotent", {}, ()),
        ("twilio.get_message", "read", {}, ()),
        ("twilio.send_sms", "once", {"to": "phone"}, ()),
        ("vapi.find_call", "read", {}, ()),
        ("vapi.get_call", "read", {}, ()),
        ("vapi.start_call", "once", {"to": "phone"}, ()),
        ("webhooks.send", "keyed", {"url": "url"}, ()),
    ],
)
def test_effects_destinations_and_secrets_are_declared(name, effect, destinations, secrets):
    action = ACTIONS[name]

    assert action.effect == effect
    assert action.destination_inputs == destinations
    assert action.secret_inputs == secrets


@pytest.mark.parametrize(
    ("name", "required", "formats"),
    [
        ("email.send", ["to", "subject", "text"], {"to": "email", "reply_to": "email"}),
        ("http.post", ["url"], {"url": "uri"}),
        ("slack.post", ["channel", "text"], {}),
        ("sql.query", ["query"], {}),
        ("twilio.send_sms", ["to", "text"], {"to": "e164", "from": "e164"}),
        ("vapi.find_call", ["run_id", "since"], {"since": "date-time"}),
        ("vapi.get_call", ["call_id"], {}),
        ("vapi.start_call", ["to", "assistant"], {"to": "e164"}),
        ("webhooks.send", ["url", "type", "data"], {"url": "uri"}),
    ],
)
def test_inputs_are_declared(name, required, formats):
    schema = ACTIONS[name].input_schema
    found = {
        key: value["format"] for key, value in schema["properties"].items() if "format" in value
    }

    assert schema["required"] == required
    assert found == formats
    assert schema["additionalProperties"] is False


def test_C08_a_call_and_a_callback_go_where_the_mode_test_allows():
    assert ACTIONS["vapi.start_call"].destination_inputs == {"to": "phone"}
    assert ACTIONS["webhooks.send"].destination_inputs == {"url": "url"}


def test_every_connection_type_serves_actions_that_exist():
    served = {name for each in all_connectors().values() for name in each.kind.actions}

    assert served >= {"slack.post", "twilio.send_sms", "email.send", "sql.query"}
    assert served <= set(all_actions())
