"""The documents made from the workflows: OpenAPI 3.1, and the tool definition for Vapi (H-28)."""

import json
from typing import Any

import pytest

from hub.engine.project import Project, load_project
from hub.errors import NotPossible
from hub.ingest.openapi import openapi, vapi_tool
from hub.ingest.signatures import AUTH_TYPES
from tests.unit.ingest.door import BOOKED, DIALECT_FACTS, HUB, workflow

URL = "https://hub.example.com"
TOOL = workflow(
    """
auth: vapi
dialect: vapi.tool
tool: book_appointment
payload: schemas/booked.json
respond: {within: 5s, otherwise: Later.}
"""
)
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "A booking",
    "type": "object",
    "required": BOOKED["required"],
    "$defs": {"note": {"type": "string", "x-pii": True}},
}
SCHEMA["properties"] = {**dict(BOOKED["properties"]), "note": {"$ref": "#/$defs/note"}}


def project(**workflows: str) -> Project:
    files = {"hub.yaml": HUB, "schemas/booked.json": json.dumps(SCHEMA)}
    files |= {f"workflows/{name}.yaml": text for name, text in workflows.items()}
    loaded = load_project(files, actions={}, auth_types=AUTH_TYPES, dialects=DIALECT_FACTS)
    assert not loaded.errors
    return loaded


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        return own + [each for item in value.values() for each in references(item)]
    if isinstance(value, list):
        return [each for item in value for each in references(item)]
    return []


def found(document: Any, reference: str) -> Any:
    for step in reference.removeprefix("#/").split("/"):
        document = document[step]
    return document


def test_every_reference_of_the_document_leads_somewhere() -> None:
    document = openapi(project(booked=TOOL), URL)

    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": URL}]
    assert "#/components/schemas/booked/$defs/note" in references(document)
    for reference in references(document):
        assert found(document, reference)


def test_an_operation_says_what_is_sent_and_what_comes_back() -> None:
    text = workflow(
        """
auth: broker
path: /api/v1/things/{id}
query: {limit: {type: integer, default: 10}}
payload: schemas/booked.json
"""
    )
    operation = openapi(project(things=text), URL)["paths"]["/api/v1/things/{id}"]["post"]

    assert operation["operationId"] == "things"
    assert operation["security"] == [{"broker": []}]
    assert [(each["name"], each["in"], each["required"]) for each in operation["parameters"]] == [
        ("id", "path", True),
        ("limit", "query", False),
        ("Idempotency-Key", "header", False),
    ]
    statuses = ["202", "400", "401", "404", "408", "413", "415", "422", "503"]
    assert list(operation["responses"]) == statuses
    for status in statuses[1:]:
        assert list(operation["responses"][status]["content"]) == ["application/problem+json"]
    assert "Retry-After" in operation["responses"]["503"]["headers"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/things"}


def responses(trigger: str, steps: str = "") -> dict[str, Any]:
    text = workflow(f"dialect: json\n{trigger}")
    if steps:
        text = f"{text[: text.index('steps:')]}steps:\n{steps}"
    (operation,) = openapi(project(door=text), URL)["paths"]["/webhook/door"].values()
    found: dict[str, Any] = operation["responses"]
    return found


def test_P4_an_operation_names_the_statuses_of_its_workflow_and_no_other() -> None:
    refusals = {"400", "408", "413", "415", "422", "503"}
    waits = "auth: public\nrespond: {within: 5s, otherwise: {later: true}}"
    steps = """
  - if: run.id == 'x'
    then:
      - fail: slot_taken
        status: 409
  - reply: done
    status: 201
"""
    computed = "\n  - return: done\n    status: ${{ 200 + 1 }}\n"

    assert set(responses("auth: public")) == {"202", *refusals}
    assert set(responses("auth: broker")) == {"202", "401", *refusals}
    assert set(responses("auth: public\nrespond: {at_once: thanks, status: 200}")) == {
        "200",
        *refusals,
    }
    assert set(responses(waits, steps)) == {"200", "201", "202", "409", "500", *refusals}
    assert set(responses(waits, computed)) == {"202", "2XX", "3XX", "4XX", "5XX", *refusals}
    at_once = "respond: {at_once: thanks, status: 200}"
    for on_duplicate, more in (("reject", "409"), ("accept", "202")):
        dedupe = f'dedupe: {{key: "${{{{ query.id }}}}", on_duplicate: {on_duplicate}}}'
        door = f"auth: public\nquery: {{id: {{type: string}}}}\n{dedupe}\n{at_once}"
        assert set(responses(door)) == {"200", more, *refusals}


def test_a_limit_is_told_with_the_header_that_says_when_to_come_again() -> None:
    limited = workflow("auth: broker\nrate_limit: 10 per minute per caller")
    paths = openapi(project(limited=limited, free=workflow("auth: broker")), URL)["paths"]

    told = paths["/webhook/limited"]["post"]["responses"]["429"]
    assert told["description"].startswith("More than 10 per minute per caller")
    assert "Retry-After" in told["headers"]
    assert list(told["content"]) == ["application/problem+json"]
    assert "429" not in paths["/webhook/free"]["post"]["responses"]


def test_every_answer_of_an_endpoint_for_pages_tells_the_header_that_lets_them_read_it() -> None:
    paged = workflow("auth: broker\nrate_limit: 1 per day\ncors: [https://book.example.com]")
    paths = openapi(project(paged=paged, free=workflow("auth: broker")), URL)["paths"]

    told = paths["/webhook/paged"]["post"]["responses"]
    assert all("Access-Control-Allow-Origin" in each["headers"] for each in told.values())
    assert {"Retry-After", "Access-Control-Allow-Origin"} == set(told["429"]["headers"])
    assert set(paths["/webhook/paged"]) == {"post"}
    others = paths["/webhook/free"]["post"]["responses"].values()
    assert not any("Access-Control-Allow-Origin" in each.get("headers", {}) for each in others)


@pytest.mark.parametrize(
    ("dialect", "media_type", "is_as_given"),
    [
        ("form", "application/x-www-form-urlencoded", True),
        ("stripe", "application/json", False),
        ("standard_webhooks", "application/json", False),
        ("cloudevents", "application/cloudevents+json", False),
    ],
)
def test_each_dialect_says_what_is_sent_to_it_and_what_it_answers(
    dialect: str, media_type: str, *, is_as_given: bool
) -> None:
    text = workflow(f"auth: broker\ndialect: {dialect}\npayload: schemas/booked.json")
    operation = openapi(project(door=text), URL)["paths"]["/webhook/door"]["post"]

    (content,) = operation["requestBody"]["content"].items()
    assert content[0] == media_type
    assert ("$ref" in content[1]["schema"]) is is_as_given
    assert ("202" in operation["responses"]) is is_as_given
    assert ("200" in operation["responses"]) is not is_as_given


@pytest.mark.parametrize(
    ("dialect", "members"),
    [("retell.tool", ["args", "call"]), ("elevenlabs.tool", ["tool_call_id", "parameters"])],
)
def test_a_tool_that_is_always_told_200_has_its_own_envelope(dialect: str, members: Any) -> None:
    text = TOOL.replace("vapi.tool", dialect).replace(
        "- return: done", "- return: {}\n    status: 404"
    )
    operation = openapi(project(booked=text), URL)["paths"]["/webhook/booked"]["post"]

    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema["anyOf"][1]["required"] == members
    assert "200" in operation["responses"]
    assert not {"202", "404"} & set(operation["responses"])


def test_a_workflow_that_is_switched_off_or_has_no_endpoint_is_not_in_it() -> None:
    loaded = project(
        off=workflow("auth: broker").replace("title:", "enabled: false\ntitle:"),
        inner="hub: 1\ntitle: Inner\ninputs: {}\nsteps:\n  - return: done\n",
    )
    assert openapi(loaded, URL)["paths"] == {}


def test_H_28_the_tool_can_be_printed_from_the_schema() -> None:
    loaded = project(booked=TOOL)

    tool = vapi_tool(loaded.workflows["booked"], URL)

    assert tool["type"] == "function"
    assert tool["function"]["name"] == "book_appointment"
    assert tool["server"] == {"url": f"{URL}/webhook/booked"}
    assert tool["function"]["parameters"]["required"] == ["lead_id", "appointment_time"]
    assert tool["function"]["parameters"]["properties"]["lead_id"]["format"] == "uuid"
    assert "x-pii" not in json.dumps(tool)


def test_a_tool_is_made_of_a_tool_workflow_only() -> None:
    loaded = project(plain=workflow("auth: broker"))
    with pytest.raises(NotPossible, match="plain"):
        vapi_tool(loaded.workflows["plain"], URL)


def test_who_only_reports_is_told_the_one_status_of_its_dialect() -> None:
    """And what a handshake hears, where its callers come with one."""
    vendors = {"graph": "microsoft.graph", "google": "google.calendar", "crm": "hubspot"}
    texts = {
        name: workflow(f"auth: broker\ndialect: {dialect}") for name, dialect in vendors.items()
    }
    paths = openapi(project(**texts), URL)["paths"]
    told = {
        name: {
            status: sorted(each["content"])
            for status, each in paths[f"/webhook/{name}"]["post"]["responses"].items()
            if status.startswith("2")
        }
        for name in vendors
    }

    assert told == {
        "graph": {"200": ["text/plain"], "202": ["application/json"]},
        "google": {"204": []},
        "crm": {"200": ["application/json"]},
    }
    assert paths["/webhook/google"]["post"]["requestBody"]["required"] is False
