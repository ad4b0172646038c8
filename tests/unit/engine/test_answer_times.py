"""`hub check` knows how long each caller waits, and says what to set where (HUB611)."""

import json

import pytest

from hub.engine.project import load_project
from hub.ingest.dialects import DIALECTS, dialect_facts
from hub.ingest.signatures import AUTH_TYPES
from tests.unit.ingest.door import HUB

FACTS = {name: dialect_facts(each) for name, each in DIALECTS.items()}
FILE = """\
hub: 1
title: Waits
endpoint:
  auth: broker
  dialect: {dialect}
{more}  respond:
    within: {within}
    otherwise: Later.
steps:
  - return: x
"""


def found(dialect, within, *, kind=None):
    """What is said of a `within`: message and suggestion, at its line and column."""
    more = "  tool: book\n" if dialect.endswith(".tool") else ""
    files = {"hub.yaml": HUB}
    if kind is not None:
        more += "  payload: schemas/kind.json\n"
        schema = {"type": "object", "properties": {"type": kind}, "required": ["type"]}
        files["schemas/kind.json"] = json.dumps(schema)
    text = FILE.format(dialect=dialect, more=more, within=within)
    files["workflows/waits.yaml"] = text
    project = load_project(files, actions={}, auth_types=AUTH_TYPES, dialects=FACTS)
    said = [each for each in project.findings if each.code == "HUB611"]
    assert not project.errors
    line = text.splitlines().index(f"    within: {within}") + 1
    assert [(each.severity, each.line, each.column) for each in said] == [
        ("warning", line, 13) for _ in said
    ]
    return [(each.message, each.suggestion) for each in said]


@pytest.mark.parametrize(
    ("dialect", "within"),
    [
        ("vapi.tool", "10s"),
        ("retell.tool", "10s"),
        ("elevenlabs.tool", "10s"),
        ("vapi.event", "6s"),
        ("retell.event", "8s"),
        ("json", "5m"),
        ("bland.event", "5m"),
        ("slack.command", "1s"),
        ("github", "8s"),
        ("calcom", "5m"),
    ],
)
def test_a_caller_who_waits_long_enough_is_no_finding(dialect, within):
    assert found(dialect, within) == []


@pytest.mark.parametrize(
    ("dialect", "within", "advice"),
    [
        ("vapi.tool", "12s", "write `within: 10s` or less"),
        (
            "vapi.tool",
            "30s",
            "if it must take longer, write `within: 18s` or less, or set `server.timeoutSeconds",
        ),
        ("vapi.tool", "5m", "the caller can be told to wait 300 s, and not longer"),
        ("retell.tool", "2m", "write `within: 118s` or less, or set `timeout_ms` of the custom"),
        ("elevenlabs.tool", "19s", "set `response_timeout_secs: 21` of the tool at ElevenLabs"),
        ("slack.command", "10s", "write `within: 1s` or less, or `respond: accepted`"),
        ("github", "30s", "write `within: 8s` or less"),
        ("retell.event", "20s", "write `within: 8s` or less, or set `webhook_timeout_ms`"),
    ],
)
def test_what_to_set_at_the_vendor_is_said(dialect, within, advice):
    ((_, suggestion),) = found(dialect, within)

    assert advice in suggestion


@pytest.mark.parametrize(
    "kind", [None, {"const": "assistant-request"}, {"enum": ["hang", "assistant-request"]}]
)
def test_an_assistant_request_has_a_limit_that_nobody_can_change(kind):
    ((message, suggestion),) = found("vapi.event", "7s", kind=kind)

    assert message == (
        "the caller waits 7.5 s for the answer to assistant-request, whatever is set there"
    )
    assert "`within: 6s` or less" in suggestion


@pytest.mark.parametrize("kind", [{"const": "transfer-destination-request"}, {"enum": ["hang"]}])
def test_other_questions_of_vapi_may_take_longer(kind):
    assert found("vapi.event", "18s", kind=kind) == []
    ((message, suggestion),) = found("vapi.event", "19s", kind=kind)
    assert message == "the caller waits 20 s, if nobody told it otherwise"
    assert "`server.timeoutSeconds: 21` at Vapi" in suggestion
