"""Requests of Slack, Twilio and SignalWire, sent to a door of their dialect."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from tests.unit.ingest.door import Door, answered, workflow
from tests.unit.ingest.sample_bodies import SAMPLES

EMPTY_TWIML = "<Response/>"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def door(dialect, *lines, steps="- return: done"):
    endpoint = "\n".join([f"auth: broker\ndialect: {dialect}\nrespond: accepted", *lines])
    return Door({"callers": workflow(endpoint, steps)})


def sent(open_door, body, media_type=FORM, **headers):
    given = {"Authorization": "Bearer new-token", "Content-Type": media_type, **headers}
    raw = urlencode(body).encode() if isinstance(body, dict) else body
    return open_door.send("/webhook/callers", raw, headers=given)


def sample(name):
    """Body and media type of a sample, as it is sent."""
    raw = (SAMPLES / name).read_bytes()
    if not name.endswith(".request.json"):
        return raw, JSON
    request = json.loads(raw)
    return request["body"].encode(), request["headers"]["Content-Type"]


def text_of(receipt):
    return answered(receipt).body.decode()
