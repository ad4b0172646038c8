"""Each sample that the index names is here, and a test plays it: none can be forgotten."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import PurePath

import pytest

from tests.unit.ingest.sample_bodies import SAMPLES

TESTS = SAMPLES.parent
INDEX = json.loads((SAMPLES / "index.json").read_bytes())["files"]
NAMES = [each["file"] for each in INDEX]
# Lists of samples, which are no samples themselves.
LISTS = {"index.json", "signatures.json"}

_CALENDARS = "unit/ingest/test_samples_of_calendars.py"
_MESSAGES = "unit/ingest/test_message_samples.py"
_VOICE = "unit/ingest/test_voice_dialects.py"
_SMS = "integration/connectors/test_sms_lookup.py"
# Folders whose tests go through every file that lies there, and fail for one that they do not know.
WHOLE: Mapping[str, str] = {
    **dict.fromkeys(("acuity", "calcom", "calendly", "github", "gohighlevel"), _CALENDARS),
    **dict.fromkeys(("google-calendar", "hubspot", "microsoft-graph", "openai"), _CALENDARS),
    **dict.fromkeys(("square", "standard-webhooks", "stripe"), _CALENDARS),
    **dict.fromkeys(("slack", "twilio", "signalwire"), _MESSAGES),
    **dict.fromkeys(("retell", "elevenlabs", "bland"), _VOICE),
    **dict.fromkeys(("twilio/rest", "signalwire/rest"), _SMS),
    "slack/rest": "integration/connectors/test_slack.py",
    "vapi/rest": "integration/connectors/test_vapi.py",
    "vapi": "unit/ingest/test_vapi_event.py",
}
# Folders whose files are played one by one, in these tests.
BY_NAME: Mapping[str, tuple[str, ...]] = {
    "hub": (
        "unit/ingest/test_receive.py",
        "unit/engine/test_project.py",
        "acceptance/test_bookings.py",
    ),
    "vapi/responses": ("unit/ingest/test_judging.py", "unit/ingest/test_vapi_tool.py"),
    "ics": ("unit/connectors/test_icalendar.py",),
}
API_REQUEST = "vapi/api-request-tool.json"  # no server message, though it lies among them


def folder_of(name: str) -> str:
    return PurePath(name).parent.as_posix()


def test_the_samples_are_those_of_the_index():
    found = {each.relative_to(SAMPLES).as_posix() for each in SAMPLES.rglob("*") if each.is_file()}

    assert found - LISTS == set(NAMES)
    assert len(NAMES) == len(set(NAMES))


def test_each_folder_of_samples_has_its_tests():
    assert {folder_of(name) for name in NAMES} == {*WHOLE, *BY_NAME}
    for path in WHOLE.values():
        assert "SAMPLES" in (TESTS / path).read_text("utf-8"), path


@pytest.mark.parametrize(
    "name", [name for name in NAMES if folder_of(name) in BY_NAME or name == API_REQUEST]
)
def test_a_sample_that_is_played_by_its_name_is_named(name: str):
    tests = BY_NAME.get(folder_of(name), ("unit/ingest/test_vapi_tool.py",))
    stem = PurePath(name).stem

    assert any(f'{stem}"' in (TESTS / path).read_text("utf-8") for path in tests)
