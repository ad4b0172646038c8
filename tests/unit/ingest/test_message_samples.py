"""Each sample of Slack, Twilio and SignalWire goes through its dialect, and none is left out."""

import json
from typing import Any

import pytest

from tests.unit.ingest.door import answered, said
from tests.unit.ingest.messages import EMPTY_TWIML, door, sample, sent, text_of
from tests.unit.ingest.sample_bodies import SAMPLES

LEAD = "5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21"
SMS, OTHER_SMS = "SM00000000000000000000000000000002", "SM00000000000000000000000000000003"
SENT, CALL = "SM00000000000000000000000000000001", "CA00000000000000000000000000000001"
WIRED = "0a059168-ead0-41af-9d1f-343dae832527"
CHALLENGE = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"
NOTHING = ""

# file → dialect, key of the run (None: told apart by its signature), members of its payload, answer
EXPECTED: dict[str, tuple[str, str | None, dict[str, Any] | None, str]] = {
    "slack/url_verification.json": (
        "slack.event",
        None,
        None,
        json.dumps({"challenge": CHALLENGE}, separators=(",", ":")),
    ),
    "slack/event_callback.json": (
        "slack.event",
        "Ev0001",
        {
            "id": "Ev0001",
            "type": "app_mention",
            "team_id": "T1",
            "time": 1763664833,
            "event": {
                "type": "app_mention",
                "user": "U1",
                "text": "<@U2> status",
                "channel": "C1",
                "ts": "1763664833.000100",
            },
        },
        "{}",
    ),
    "slack/block_actions.request.json": (
        "slack.action",
        None,
        {
            "type": "block_actions",
            "user": {"id": "U1"},
            "action_id": "mark_outcome",
            "value": f"{LEAD}|no_show",
        },
        NOTHING,
    ),
    "twilio/inbound-sms-stop.request.json": (
        "twilio.sms",
        SMS,
        {
            "sid": SMS,
            "from": "+12025550147",
            "to": "+12025550100",
            "text": "STOP",
            "opted_out": True,
            "opted_in": False,
        },
        EMPTY_TWIML,
    ),
    "twilio/inbound-sms-unicode.request.json": (
        "twilio.sms",
        OTHER_SMS,
        {"text": "¿Mañana a las 9½? 👍🏽\nSí & gracias = ok", "opted_out": False},
        EMPTY_TWIML,
    ),
    "twilio/message-status-delivered.request.json": (
        "twilio.status",
        f"{SENT}/delivered",
        {"about": "message", "sid": SENT, "status": "delivered", "error_code": None},
        NOTHING,
    ),
    "twilio/message-status-sent-late.request.json": (
        "twilio.status",
        f"{SENT}/sent",
        {"status": "sent"},
        NOTHING,
    ),
    "twilio/message-status-undelivered-30007.request.json": (
        "twilio.status",
        f"{SENT}/undelivered",
        {"status": "undelivered", "error_code": "30007", "error_message": "Message filtered"},
        NOTHING,
    ),
    "twilio/message-status-new-parameter.request.json": (
        "twilio.status",
        f"{SENT}/delivered",
        {"status": "delivered"},
        NOTHING,
    ),
    "twilio/message-status-sharedkey-sha256.request.json": (
        "twilio.status",
        f"{SENT}/delivered",
        {"status": "delivered"},
        NOTHING,
    ),
    "twilio/call-status-completed.request.json": (
        "twilio.status",
        f"{CALL}/3",
        {"about": "call", "sid": CALL, "status": "completed", "sequence": 3, "duration": 31},
        EMPTY_TWIML,
    ),
    "twilio/inbound-voice-anonymous.request.json": (
        "twilio.status",
        "CA00000000000000000000000000000002/ringing",
        {"about": "call", "status": "ringing", "from": None, "to": "+12025550100"},
        EMPTY_TWIML,
    ),
    "twilio/json-body-sha256.request.json": (
        "json",
        None,
        {"event": "studio.step", "lead_id": LEAD},
        "accepted",
    ),
    "signalwire/message-status-delivered.request.json": (
        "signalwire.status",
        f"{WIRED}/delivered",
        {"about": "message", "sid": WIRED, "status": "delivered"},
        NOTHING,
    ),
    "signalwire/relay-call-state.request.json": (
        "signalwire.status",
        "abc-123/answered",
        {"about": "call", "sid": "abc-123", "status": "answered", "from": None},
        EMPTY_TWIML,
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_every_sample_becomes_what_it_says(name):
    dialect, key, members, answer = EXPECTED[name]
    open_door = door(dialect)

    receipt = sent(open_door, *sample(name))

    assert answered(receipt).status == (202 if dialect == "json" else 200)
    assert text_of(receipt) == answer or said(receipt)["status"] == answer
    if members is None:
        assert (open_door.memory.runs, receipt.unpacked.ignored) == ([], "handshake")
        return
    (run,) = open_door.memory.runs
    assert run.dedupe_key == key
    payload = run.trigger["payload"]
    assert {member: payload[member] for member in members} == members


def test_no_sample_of_a_caller_is_left_out():
    folders = ("slack", "twilio", "signalwire")
    found = {
        f"{folder}/{each.name}" for folder in folders for each in SAMPLES.glob(f"{folder}/*.*")
    }

    assert found == set(EXPECTED)
