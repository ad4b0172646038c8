"""Raw requests go the whole way in; unpacked payloads begin behind the dialect."""

from __future__ import annotations

from hashlib import sha256

import pytest

from hub.errors import Rejected
from hub.ingest.signatures import AUTH_TYPES, verify
from hub.testing.signing import secret_value, signed
from tests.fakes.clock import FakeClock
from tests.unit.testing.theatre import passes, project

SCHEMA = """{
  "type": "object",
  "properties": {"id": {"type": "string"}, "at": {"type": "string", "format": "date-time"}},
  "required": ["id"], "additionalProperties": false
}"""
STEPS = "steps: [{id: book, do: book.write, with: {line: '${{ payload.id }}'}}]"


def flow(auth: str, more: str = "") -> dict[str, str]:
    head = f"endpoint: {{auth: {auth}, payload: schemas/p.json{more}}}"
    return {"main": f"{head}\n{STEPS}", "schemas/p.json": SCHEMA}


def test_a_raw_request_without_credentials_is_signed_as_its_caller_would():
    for auth in ("app", "vapi", "std"):
        passes(
            """
            request: {body: {id: a}}
            expect: {response: {status: 202}, did: [book.write: {line: a}]}
            """,
            **flow(auth),
        )


def test_credentials_that_the_test_gives_stay_as_they_are():
    for headers in ("{X-Signature: wrong}", "{x-signature: ''}"):
        passes(
            f"""
            request: {{body: {{id: a}}, headers: {headers}}}
            expect: {{response: {{status: 401}}, runs: 0}}
            """,
            **flow("app"),
        )


def test_a_body_that_is_text_is_sent_as_it_stands():
    passes(
        """
        request: {body: '{"id": '}
        expect: {response: {status: 400}, runs: 0}
        """,
        **flow("app"),
    )


def test_a_payload_against_the_schema_is_refused_with_its_place():
    passes(
        """
        payload: {at: tomorrow}
        expect:
          runs: 0
          response:
            status: 422
            body: {errors: [{pointer: /at}, {pointer: /id, message: is missing}]}
        """,
        **flow("app"),
    )


TOOL = flow("vapi", ", dialect: vapi.tool, tool: book, respond: {within: 5s, otherwise: later}")
CALLS = """
request:
  body:
    message:
      type: tool-calls
      call: {id: c1}
      toolCallList:
        - {id: t1, function: {name: book, arguments: {id: a}}}
        - {id: t2, function: {name: book, arguments: {id: b}}}
"""


def test_two_tool_calls_are_two_runs_and_one_answer_in_the_callers_form():
    answered = {
        **TOOL,
        "main": TOOL["main"].replace("}}]", "}}, {reply: 'Done, ${{ payload.id }}.'}]"),
    }
    passes(
        f"""
{CALLS}
expect:
  runs: 2
  response:
    status: 200
    body:
      results:
        - {{toolCallId: t1, result: "Done, a."}}
        - {{toolCallId: t2, result: "Done, b."}}
""",
        **answered,
    )


def test_the_same_tool_calls_again_make_no_run():
    passes(
        f"""
{CALLS}
timeline: [{{after: 1m, request: again}}]
expect: {{runs: 2, did: [book.write: {{line: a}}, book.write: {{line: b}}]}}
""",
        **TOOL,
    )


def test_a_payload_of_a_tool_is_answered_with_the_plain_value():
    passes(
        """
        payload: {id: a}
        mocks: {book.write: {takes: 9s}}
        expect: {response: {status: 202, body: later}}
        """,
        **TOOL,
    )


def test_parts_of_the_path_and_of_the_query_are_read_as_the_endpoint_says():
    passes(
        """
        params: {number: 7}
        query: {tag: [a, b]}
        expect: {did: [book.write: {line: "7 a,b"}]}
        """,
        main="""
    endpoint:
      path: /orders/{number}
      method: GET
      params: {number: {type: integer}}
      query: {tag: {type: array, items: {type: string}}}
      auth: app
    steps:
      - id: book
        do: book.write
        with: {line: "${{ params.number }} ${{ query.tag | join(',') }}"}
""",
    )


def test_a_form_is_sent_as_a_form():
    passes(
        """
        request: {body: {id: a b&c}}
        expect: {response: {status: 202}, did: [book.write: {line: a b&c}]}
        """,
        **flow("app", ", dialect: form"),
    )


SECRETS = {
    "basic": {"username": "u"},
    "shared_header": {"header": "X-S"},
    "hmac_sha256": {"header": "X-S", "encoding": "base64", "prefix": "sha256="},
    "vapi_hmac": {"message_id_header": "svix-id", "payload_format": "{svix-id}.{timestamp}.{body}"},
}


@pytest.mark.parametrize("kind", [name for name in AUTH_TYPES if name != "public"])
def test_every_way_to_prove_oneself_can_be_signed(kind: str, clock: FakeClock):
    options = {"type": kind, "secret": "S", **SECRETS.get(kind, {})}
    auth = "\n".join(f"    {name}: '{value}'" for name, value in options.items())
    settings = project({"hub.yaml": f"hub: 1\nsecrets: [S]\nauth:\n  it:\n{auth}\n"}).settings
    preset = settings.auth["it"]

    body = b'{"value": [{"clientState": "test-S"}]}'  # one proves itself by its body
    url = f"https://hub.example.com/x?bodySHA256={sha256(body).hexdigest()}"
    now = clock.now()

    headers = signed(preset, body, {}, now=now, settings=settings, url=url)

    secrets = [secret_value("S", settings)]
    verify(preset, headers=headers, body=body, secrets=secrets, now=now, url=url)
    if headers:
        wrong = ["another"]
        with pytest.raises(Rejected):
            verify(preset, headers=headers, body=body, secrets=wrong, now=now, url=url)


@pytest.mark.parametrize("kind", ["twilio", "signalwire"])
def test_a_form_is_signed_as_its_sender_does(kind: str, clock: FakeClock):
    text = f"hub: 1\nsecrets: [S]\nauth:\n  it: {{type: {kind}, secret: S}}\n"
    settings = project({"hub.yaml": text}).settings
    body, url, now = b"To=%2B1&Body=a+b&Empty=", "https://hub.example.com/x?a=b", clock.now()
    form = {"content-type": "application/x-www-form-urlencoded"}

    headers = signed(settings.auth["it"], body, form, now=now, settings=settings, url=url)

    secrets = ["test-S"]
    verify(settings.auth["it"], headers=headers, body=body, secrets=secrets, now=now, url=url)
