"""`hub.yaml`: what it may say, and what it becomes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.engine.compile import HubFile, compile_hub_file
from hub.engine.expressions import Literal, Template
from hub.engine.settings import (
    AuthPreset,
    ConfigDeclaration,
    ConnectionFacts,
    ConnectionSettings,
    EventStream,
    OutboundRule,
    Retention,
)
from hub.ingest.signatures import AUTH_TYPES as ALL_AUTH_TYPES
from hub.values.durations import LONGEST
from tests.unit.engine.small_project import AUTH_TYPES, HUB

WHOLE = """\
hub: 1
timezone: America/New_York
base_path: /hooks
mode: test

auth:
  vapi:
    type: shared_header
    header: X-Vapi-Secret
    secret: [VAPI_SECRET, VAPI_OLD_SECRET]

config:
  phones:
    type: array
    items: {type: string, format: e164}
    env: ADMIN_PHONES
    default: []
  team:
    type: string
    env: TEAM

secrets: [VAPI_SECRET, VAPI_OLD_SECRET, SLACK_TOKEN]

connections:
  slack:
    type: slack
    base_url: https://slack.example/api
    credentials: {token: SLACK_TOKEN}
    options: {retries: 3}

test_destinations:
  phone: ["+14155550100"]
  email: []

outbound_allow:
  - 10.1.0.0/16
  - network: 127.0.0.1
    ports: [8080, 8443]
"""


CONNECTIONS = {
    "slack": ConnectionFacts(("token",), ("retries",)),
    "smtp": ConnectionFacts(("username", "password"), ("retries", "from")),
}
CALLS = ConnectionFacts(
    ("api_key",),
    ("phone_number_id", "assistants"),
    ("credentials.api_key", "options.phone_number_id"),
)


def compiled(text: str) -> HubFile:
    return compile_hub_file(text, auth_types=AUTH_TYPES, connections=CONNECTIONS)


def told(text: str) -> list[tuple[str, int, int]]:
    return [(each.code, each.line, each.column) for each in compiled(text).findings]


def test_everything_it_may_say():
    settings = compiled(WHOLE).settings

    assert not compiled(WHOLE).findings
    assert (settings.timezone, settings.base_path) == ("America/New_York", "/hooks")
    assert settings.mode == Literal("test")
    assert settings.auth == {
        "vapi": AuthPreset(
            "vapi",
            "shared_header",
            secrets=("VAPI_SECRET", "VAPI_OLD_SECRET"),
            options={"header": "X-Vapi-Secret"},
            header="X-Vapi-Secret",
        )
    }
    assert settings.config == {
        "phones": ConfigDeclaration(
            "phones",
            {"type": "array", "items": {"type": "string", "format": "e164"}},
            "ADMIN_PHONES",
            default=[],
            has_default=True,
        ),
        "team": ConfigDeclaration("team", {"type": "string"}, "TEAM"),
    }
    assert settings.connections == {
        "slack": ConnectionSettings(
            "slack",
            "slack",
            base_url="https://slack.example/api",
            credentials={"token": "SLACK_TOKEN"},
            options={"retries": 3},
        )
    }
    assert settings.test_destinations == {"phone": ("+14155550100",), "email": ()}
    assert settings.outbound_allow == (
        OutboundRule("10.1.0.0/16"),
        OutboundRule("127.0.0.1/32", (8080, 8443)),
    )


def test_test_destinations_may_be_a_list_of_config():
    text = WHOLE.replace('phone: ["+14155550100"]', "phone: ${{ config.phones }}")

    settings = compiled(text).settings

    assert not compiled(text).findings
    assert settings.test_destinations_with({"phones": ["+14155550199"]}) == {
        "email": (),
        "phone": ("+14155550199",),
    }
    assert settings.test_destinations_with({})["phone"] == ()


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("${{ config.team }}", "`config` has no list 'team'"),
        ("${{ config.phone }}", "did you mean 'phones'?"),
        ("${{ config.phones | first }}", "`phone` is a list, not one value"),
        ("the ${{ config.phones }}", "`phone` is a list, not one value"),
    ],
)
def test_anything_but_a_list_of_config_is_refused_as_test_destinations(written, message):
    (found,) = compiled(WHOLE.replace('["+14155550100"]', written)).findings

    assert message in found.text
    assert (found.line, found.column) == (32, 10)


def test_what_is_not_said_has_its_default():
    settings = compiled("hub: 1\n").settings

    assert (settings.timezone, settings.base_path, settings.mode) == ("UTC", "/webhook", None)


def test_the_mode_may_come_from_the_environment():
    assert isinstance(compiled(HUB).settings.mode, Template)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("type: shared_header", "type: shared_heder", ("HUB110", 8, 11)),
        ("    type: shared_header\n", "", ("HUB110", 8, 5)),
        ("[VAPI_SECRET, VAPI_OLD_SECRET]\n\nconfig", "s3cr3t-value\n\nconfig", ("HUB203", 10, 13)),
        ("  vapi:", "  public:", ("HUB110", 7, 3)),
        ("  vapi:", "  Vapi:", ("HUB110", 7, 3)),
        ("mode: test", "mode: tset", ("HUB110", 4, 7)),
        ("base_path: /hooks", "base_path: hooks/", ("HUB110", 3, 12)),
        ("env: TEAM\n", "env: team\n", ("HUB110", 20, 10)),
        ("default: []", "default: [1]", ("HUB206", 17, 14)),
        ("format: e164", "format: phone", ("HUB402", 15, 35)),
        ("token: SLACK_TOKEN", "token: SLACK_TOKN", ("HUB203", 28, 26)),
        ("  email: []", "  fax: []", ("HUB110", 33, 3)),
        ("type: slack", "type: slak", ("HUB110", 26, 11)),
        ("{token: SLACK", "{tokn: SLACK", ("HUB110", 28, 19)),
        ('["+14155550100"]', "['12']", ("HUB110", 32, 11)),
        ("  email: []", "  email: [a@example.com, b]", ("HUB110", 33, 26)),
        ("  email: []", "  url: [example.com]", ("HUB110", 33, 9)),
        ("- 10.1.0.0/16", "- 10.1.0.1/16", ("HUB110", 36, 5)),
        ("8443]", "84430]", ("HUB110", 38, 19)),
    ],
)
def test_a_mistake_is_told_at_its_place(old, new, place):
    assert WHOLE.count(old) == 1

    assert told(WHOLE.replace(old, new)) == [place]


PRESET = """\
hub: 1
secrets: [KEY]
auth:
  caller: {{secret: KEY, {options}}}
"""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("type: hmac_sha256", "the preset `caller`: `header` is missing, the name of a header"),
        ("type: basic", "the preset `caller`: `username` is missing, a user name"),
        ("type: slack, header: X-A", "the preset `caller` has no key `header`"),
        ("type: bearer, prefix: 5", "`prefix` must be a text"),
        ("type: bearer, header: 'X: Y'", "`header` must be the name of a header"),
        ("type: hmac_sha256, header: A, algorithm: md5", "`algorithm` must be one of sha1, sha256"),
        ("type: hmac_sha256, header: A, encoding: [hex]", "`encoding` must be one of hex, base64"),
        ("type: vapi_hmac, include_timestamp: 'no'", "`include_timestamp` must be true or false"),
        ("type: stripe_signature, tolerance_past: 1h", "`tolerance_past` must be a number of sec"),
        ("type: stripe_signature, tolerance_past: 3601", "`tolerance_past` must be a number of se"),
    ],
)
def test_S1_a_preset_that_could_not_verify_is_told_when_it_is_loaded(options: str, said: str):
    text = PRESET.format(options=options)
    (found,) = compile_hub_file(text, auth_types=ALL_AUTH_TYPES).findings

    assert found.message.startswith(said)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("payload_format: '{timestamp}'", "`payload_format` lacks {body}"),
        ("payload_format: '{body}'", "`payload_format` lacks {timestamp}"),
        ("message_id_header: svix-id", "`payload_format` lacks {svix-id}"),
        ("include_timestamp: false", "`payload_format` has {timestamp}, which nothing stands for"),
        ("payload_format: '{timestamp}.{url}.{host}.{body}'", "`payload_format` has {host}"),
        ("include_timestamp: false, payload_format: '{body}'", None),
        ("payload_format: '{method}{url}{timestamp}{body}'", None),
    ],
)
def test_S2_what_a_preset_believes_is_signed(options: str, said: str | None):
    text = PRESET.format(options=f"type: vapi_hmac, {options}")
    findings = compile_hub_file(text, auth_types=ALL_AUTH_TYPES).findings

    assert len(findings) == (said is not None)
    assert all(str(said) in each.message for each in findings)


def test_a_type_of_connection_that_was_meant_is_named():
    (found,) = compiled(WHOLE.replace("type: slack", "type: slak")).findings

    assert found.message == "`type` is one of slack, smtp"
    assert found.suggestion == "did you mean 'slack'?"


def test_a_credential_of_another_type_is_told_with_those_of_this_one():
    (found,) = compiled(WHOLE.replace("type: slack", "type: smtp")).findings

    assert found.message == "a connection of type smtp has no credential `token`"
    assert found.suggestion == "it has username, password"


def told_of_connections(connection: str) -> list[tuple[str, int, str | None]]:
    rules = {"vapi": CALLS, "rows": ConnectionFacts(required=("base_url",))}
    text = f"hub: 1\nsecrets: [K]\nconnections:\n  one: {connection}\n"
    findings = compile_hub_file(text, auth_types=AUTH_TYPES, connections=rules).findings
    return [(each.message, each.column, each.suggestion) for each in findings]


def test_an_option_that_the_type_does_not_have_is_told_and_so_is_one_that_lacks():
    connection = "{type: vapi, credentials: {api_key: K}, options: {phone_numbr_id: p, colour: 1}}"

    assert told_of_connections(connection) == [
        ("a connection of type vapi lacks options.phone_number_id", 15, None),
        (
            "a connection of type vapi has no option `phone_numbr_id`",
            58,
            "did you mean 'phone_number_id'?",
        ),
        (
            "a connection of type vapi has no option `colour`",
            77,
            "it has phone_number_id, assistants",
        ),
    ]


@pytest.mark.parametrize("url", ["127.0.0.1 sb", "db.example.com", "http://", "http://h:99999"])
def test_a_base_url_that_is_none_is_told_where_it_stands(url: str):
    (found,) = told_of_connections(f'{{type: rows, base_url: "{url}"}}')

    assert found[:2] == (
        "`base_url` is no URL: it begins with a scheme and a host, as `https://host`",
        31,
    )
    assert told_of_connections("{type: rows, base_url: 'postgresql://db:5432/shop'}") == []
    assert told_of_connections("{type: rows}")[0][0] == "a connection of type rows lacks base_url"


def test_where_the_types_are_not_known_any_may_stand():
    text = WHOLE.replace("type: slack", "type: other")

    assert compile_hub_file(text, auth_types=AUTH_TYPES).findings == ()


@pytest.mark.parametrize(
    "text", ["", "x", "- a", *(f"hub:{one}\n" for one in ("", " 2", " true", " 1.0"))]
)
def test_what_is_no_settings_file_is_refused(text):
    assert told(text)


LINES = WHOLE.split("\n")


@given(
    st.sets(st.integers(0, len(LINES) - 1), max_size=8), st.text(max_size=4), st.integers(0, 600)
)
def test_whatever_is_typed_never_raises(dropped, typed, place):
    kept = "\n".join(line for number, line in enumerate(LINES) if number not in dropped)

    compiled(kept[:place] + typed + kept[place:])


def test_E19_periods_are_read_and_have_defaults():
    read = compiled("hub: 1\nretention:\n  runs: 30d\n")

    assert read.findings == ()
    assert read.settings.retention == Retention(timedelta(days=30), timedelta(days=400))
    assert compiled("hub: 1\n").settings.retention == Retention(timedelta(days=90))


@pytest.mark.parametrize("written", ["retention: 30d", "retention: {runs: 1h, audit: soon}"])
def test_E19_a_period_that_cannot_be_read_is_a_mistake_and_removes_nothing(written: str):
    read = compiled(f"hub: 1\n{written}\n")

    assert {finding.code for finding in read.findings} == {"HUB110"}
    assert read.settings.retention.runs == read.settings.retention.audit == LONGEST


STREAMS = """
hub: 1
secrets: [TOKEN]
auth:
  reader: {type: bearer, secret: TOKEN}
streams:
  things:
    path: /api/v1/things/{id}/events
    auth: reader
    events: [thing.happened, thing.ended]
"""


def test_C20_a_stream_names_its_path_its_preset_and_its_events():
    compiled = compile_hub_file(STREAMS, auth_types=ALL_AUTH_TYPES)

    assert compiled.findings == ()
    assert compiled.settings.streams == (
        EventStream(
            "things", "/api/v1/things/{id}/events", "reader", ("thing.happened", "thing.ended")
        ),
    )


@pytest.mark.parametrize(
    ("written", "wrong", "code", "said"),
    [
        ("/{id}/events", "/all/events", 110, "one part such as `{id}`"),
        ("/{id}/events", "/{id}/{other}", 110, "one part such as `{id}`"),
        ("auth: reader", "auth: readr", 214, "there is no preset 'readr'"),
        ("auth: reader", "auth: public", 214, "there is no preset 'public'"),
        ("[thing.happened, thing.ended]", "[Happened]", 110, "has the form"),
        ("[thing.happened, thing.ended]", "thing.happened", 110, "is a list"),
        ("    auth: reader\n", "", 110, "auth"),
        ("path: /api", "path: api", 110, "`/api/v1/things/{id}/events`"),
    ],
)
def test_what_is_wrong_with_a_stream_is_told(written, wrong, code, said):
    assert STREAMS.count(written) == 1

    compiled = compile_hub_file(STREAMS.replace(written, wrong), auth_types=ALL_AUTH_TYPES)

    assert [each.code for each in compiled.findings] == [f"HUB{code}"]
    assert said in compiled.findings[0].message
