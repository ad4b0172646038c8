"""The fakes of Vapi, a language model, Airtable, HubSpot and PostgREST refuse what these refuse."""

from __future__ import annotations

import http.client
import json

import pytest

JSON = {"Content-Type": "application/json"}
ASSISTANT = "2bec425c-0000-4000-8000-3f0ff5f25d01"


def call(service, path, body=None, *, headers=None, method="POST"):
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=5)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, headers or {})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")
    finally:
        connection.close()


def bearer(token):
    return {**JSON, "Authorization": f"Bearer {token}"}


CALL = {
    "assistantId": ASSISTANT,
    "phoneNumberId": "pn-1",
    "customer": {"number": "+12025550147"},
}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 201),
        ({"customer": {"number": "2025550147"}}, 400),
        ({"customer": {"number": "+12025550147", "phone": "x"}}, 400),
        ({"assistantOverrides": {"variableValues": ["x"]}}, 400),
        ({"idempotencyKey": "k"}, 400),
        ({"assistantId": "nobody"}, 400),
        ({"phoneNumberId": None}, 400),
    ],
)
def test_vapi_wants_a_whole_call_and_knows_no_key_of_ours(vapi, change, status):
    answered = call(vapi, "/call", {**CALL, **change}, headers=bearer(vapi.api_key))

    assert answered[0] == status
    assert len(vapi.calls) == (status == 201)


def test_vapi_wants_its_key_and_json(vapi):
    assert call(vapi, "/call", CALL, headers=JSON)[0] == 401
    assert call(vapi, "/call", CALL, headers={"Authorization": f"Bearer {vapi.api_key}"})[0] == 400
    assert vapi.calls == {}


def test_vapi_with_all_lines_busy_says_201_and_calls_nobody(vapi):
    vapi.lines = 0

    status, said = call(vapi, "/call", CALL, headers=bearer(vapi.api_key))

    assert (status, said["subscriptionLimits"]["concurrencyBlocked"]) == (201, True)
    assert vapi.calls == {}


ASKED = {"model": "small-1", "max_tokens": 5, "messages": [{"role": "user", "content": "?"}]}
OPEN = {"type": "object", "properties": {"a": {"type": "string"}}}
CLOSED = {**OPEN, "additionalProperties": False}


def held_to(schema):
    described = {"name": "result", "schema": schema, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": described}}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 200),
        ({"model": "huge-9"}, 404),
        ({"prompt": "?"}, 400),
        ({"max_tokens": "5"}, 400),
        ({"messages": []}, 400),
        ({"messages": [{"role": "user", "content": None}]}, 400),
        ({"response_format": {"type": "yaml"}}, 400),
        (held_to(OPEN), 400),
        (held_to(CLOSED), 400),
        (held_to({**CLOSED, "required": ["a"]}), 200),
        (held_to({**CLOSED, "required": ["a"], "minLength": 1}), 400),
    ],
)
def test_a_language_model_wants_what_its_reference_says(llm, change, status):
    llm.says("Yes.")

    asked = {**ASKED, **change}
    assert call(llm, "/v1/chat/completions", asked, headers=bearer(llm.api_key))[0] == status


def test_a_language_model_wants_its_key(llm):
    status, said = call(llm, "/v1/chat/completions", ASKED, headers=bearer("sk-other"))

    assert (status, said["error"]["code"]) == (401, "invalid_api_key")


LIST, TABLE = "/v0/app1/Leads/listRecords", "/v0/app1/Leads"
UPSERT = {
    "performUpsert": {"fieldsToMergeOn": ["Email"]},
    "records": [{"fields": {"Email": "a@example.com"}}],
}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"filterByFormula": "AND({Name}='it\\'s \\\\ \\n')"}, 1),
        ({"filterByFormula": "AND({Name}='it', {Score}=1)"}, 0),
        ({"filterByFormula": "AND({Name}='it')) OR ({Name}='x')"}, None),
        ({"filterByFormula": "AND({Nobody}='it')"}, None),
        ({"maxRecords": "1"}, None),
        ({"where": {}}, None),
    ],
)
def test_airtable_reads_formulas_and_refuses_what_is_none(airtable, asked, found):
    airtable.add("Leads", Name="it's \\ \n")

    status, said = call(airtable, LIST, asked, headers=bearer(airtable.token))

    assert status == (422 if found is None else 200)
    assert found is None or len(said["records"]) == found


@pytest.mark.parametrize(
    "change",
    [
        {"performUpsert": {"fieldsToMergeOn": []}},
        {"records": []},
        {"records": [{"fields": {"Email": 7}}]},
        {"records": [{"fields": {"Email": "a", "Nobody": "b"}}]},
        {"upsert": True},
    ],
)
def test_airtable_refuses_an_upsert_that_is_not_whole(airtable, change):
    asked = {**UPSERT, **change}

    assert call(airtable, TABLE, asked, headers=bearer(airtable.token), method="PATCH")[0] == 422
    assert airtable.records["Leads"] == []


def test_airtable_upserts_one_record_and_none_where_two_match(airtable):
    held = bearer(airtable.token)
    made = call(airtable, TABLE, UPSERT, headers=held, method="PATCH")[1]
    changed = call(airtable, TABLE, UPSERT, headers=held, method="PATCH")[1]
    airtable.add("Leads", Email="a@example.com")

    assert (len(made["createdRecords"]), len(changed["updatedRecords"])) == (1, 1)
    assert call(airtable, TABLE, UPSERT, headers=held, method="PATCH")[0] == 422
    assert call(airtable, TABLE, UPSERT, headers=JSON, method="PATCH")[0] == 401
    assert call(airtable, "/v0/app2/Leads", UPSERT, headers=held, method="PATCH")[0] == 403


CONTACT = {"id": "a@example.com", "idProperty": "email", "properties": {"email": "a@example.com"}}
CONTACTS = "/crm/v3/objects/contacts/batch/upsert"


@pytest.mark.parametrize(
    "body",
    [
        CONTACT,
        {"inputs": []},
        {"inputs": [{**CONTACT, "id": "nobody"}]},
        {"inputs": [{**CONTACT, "idProperty": "phone"}]},
        {"inputs": [{**CONTACT, "properties": {"firstname": 7}}]},
        {"inputs": [{**CONTACT, "properties": {"favourite": "tea"}}]},
        {"inputs": [CONTACT] * 101},
    ],
)
def test_hubspot_refuses_what_is_no_batch_of_contacts(hubspot, body):
    assert call(hubspot, CONTACTS, body, headers=bearer(hubspot.token))[0] == 400
    assert call(hubspot, CONTACTS, {"inputs": [CONTACT]}, headers=JSON)[0] == 401
    assert hubspot.contacts == {}


def held_by(postgrest, prefer="return=representation"):
    return {**bearer(postgrest.key), "apikey": postgrest.key, "Prefer": prefer}


@pytest.mark.parametrize(
    ("query", "row", "status"),
    [
        ("", {"name": "Ada"}, 201),
        ("", {"name": 7}, 400),
        ("", {"nobody": "x"}, 400),
        ("", {"email": "a@example.com"}, 409),
        ("?on_conflict=email", {"email": "a@example.com", "name": "A"}, 201),
        ("?on_conflict=name", {"name": "A"}, 400),
    ],
)
def test_postgrest_keeps_the_rules_of_its_table(postgrest, query, row, status):
    postgrest.rows.append({"id": 1, "email": "a@example.com"})
    merging = "return=representation,resolution=merge-duplicates"
    held = held_by(postgrest, merging) if query else held_by(postgrest)

    assert call(postgrest, f"/rest/v1/leads{query}", [row], headers=held)[0] == status


def test_postgrest_wants_both_headers_and_a_filter_it_can_read(postgrest):
    held = held_by(postgrest)
    place = "/rest/v1/leads?name=Ada"

    assert call(postgrest, place, headers=bearer(postgrest.key), method="GET")[0] == 401
    assert call(postgrest, place, headers={"apikey": postgrest.key}, method="GET")[0] == 401
    assert call(postgrest, place, headers=held, method="GET")[1]["code"] == "PGRST100"
    assert (
        call(postgrest, "/rest/v1/leads", [{}], headers={**held, "Content-Type": "a/b"})[0] == 415
    )
