"""airtable.*, hubspot.* and supabase.* against fakes of their services."""

from __future__ import annotations

import pytest

from hub.connectors.airtable import AirtableClient
from hub.connectors.airtable import find as find_records
from hub.connectors.airtable import upsert as upsert_record
from hub.connectors.connections import ConnectionSettings
from hub.connectors.hubspot import HubspotClient, upsert_contact
from hub.connectors.supabase import SupabaseClient, insert, select, upsert
from hub.errors import Permanent, StepFailed, Transient
from tests.fakes.services import CUT, Answer

HOSTILE = "x', {Name}='Ada') , OR(1=1, '\\"


@pytest.fixture
def base(http, airtable):
    settings = ConnectionSettings(
        "base",
        "airtable",
        base_url=airtable.base_url,
        credentials={"token": airtable.token},
        options={"base": airtable.base},
    )
    return AirtableClient(settings, http)


@pytest.fixture
def crm(http, hubspot):
    settings = ConnectionSettings(
        "crm", "hubspot", base_url=hubspot.url, credentials={"token": hubspot.token}
    )
    return HubspotClient(settings, http)


@pytest.fixture
def rows(http, postgrest):
    settings = ConnectionSettings(
        "rows", "supabase", base_url=postgrest.base_url, credentials={"key": postgrest.key}
    )
    return SupabaseClient(settings, http)


@pytest.fixture
def clients(base, crm, rows):
    return base, crm, rows


@pytest.fixture
def services(airtable, hubspot, postgrest):
    return airtable, hubspot, postgrest


def failure_of(act, *given, **more):
    with pytest.raises(StepFailed) as failure:
        act(*given, **more)
    found = failure.value
    return type(found), found.code, found.maybe_done


# -------------------------------------------------------------------------------------- Airtable


def test_records_are_found_by_the_values_of_their_fields(base, attempt, airtable):
    ada = airtable.add("Leads", Name="Ada", Score=3, Won=True)
    airtable.add("Leads", Name="Bob", Score=3, Won=False)

    found = find_records(base, attempt, table="Leads", where={"Score": 3, "Won": True})
    all_of_them = find_records(base, attempt, table="Leads")

    assert [each.id for each in found.records] == [ada]
    assert (all_of_them.count, find_records(base, attempt, table="Leads", most=1).count) == (2, 1)
    assert "?" not in airtable.requests[0].path


def test_a_value_stays_a_value_whatever_it_holds(base, attempt, airtable):
    airtable.add("Leads", Name="Ada")
    odd = airtable.add("Leads", Name=f"{HOSTILE}\n\t")

    nobody = find_records(base, attempt, table="Leads", where={"Name": HOSTILE})
    found = find_records(base, attempt, table="Leads", where={"Name": f"{HOSTILE}\n\t"})

    assert nobody.count == 0
    assert [each.id for each in found.records] == [odd]


def test_a_record_is_made_and_then_changed(base, attempt, airtable):
    fields = {"Email": "ada@example.com", "Score": 1}
    made = upsert_record(base, attempt, table="Leads", fields=fields, merge_on=["Email"])
    changed = upsert_record(
        base, attempt, table="Leads", fields={**fields, "Score": 2}, merge_on=["Email"]
    )

    assert (made.is_new, changed.is_new, made.id == changed.id) == (True, False, True)
    (record,) = airtable.records["Leads"]
    assert record["fields"]["Score"] == 2


@pytest.mark.parametrize(
    ("fields", "merge_on"), [({"Email": "a"}, ["Name"]), ({"Email": "a"}, []), ({}, ["Email"])]
)
def test_what_to_merge_on_must_be_given(base, attempt, airtable, fields, merge_on):
    asked = {"table": "Leads", "fields": fields, "merge_on": merge_on}

    assert failure_of(upsert_record, base, attempt, **asked) == (Permanent, "invalid_input", False)
    assert airtable.nothing_was_sent


def test_airtable_refuses_what_its_table_does_not_have(base, attempt, airtable):
    wrong = {"table": "Leads", "fields": {"Email": "a", "Score": "many"}, "merge_on": ["Email"]}

    assert failure_of(upsert_record, base, attempt, **wrong) == (Permanent, "invalid_input", False)
    assert failure_of(find_records, base, attempt, table="Nobodies")[1] == "unauthorized"
    assert airtable.records["Leads"] == []


# --------------------------------------------------------------------------------------- HubSpot


def test_a_contact_is_made_and_then_changed(crm, attempt, hubspot):
    made = upsert_contact(crm, attempt, email="Ada@example.com", properties={"firstname": "Ada"})
    changed = upsert_contact(crm, attempt, email="ada@example.com", properties={"phone": "+1"})

    assert (made.is_new, changed.is_new, made.id == changed.id) == (True, False, True)
    assert hubspot.contacts["ada@example.com"]["properties"] == {
        "email": "ada@example.com",
        "firstname": "Ada",
        "phone": "+1",
    }


def test_hubspot_refuses_a_property_that_is_none(crm, attempt, hubspot):
    asked = {"email": "ada@example.com", "properties": {"favourite": "tea"}}

    assert failure_of(upsert_contact, crm, attempt, **asked) == (Permanent, "invalid_input", False)
    assert hubspot.contacts == {}


def test_a_207_holds_a_refusal_though_it_is_a_2xx(crm, attempt, hubspot):
    errors = [{"status": "error", "category": "VALIDATION_ERROR", "message": "no such thing"}]
    hubspot.then(Answer.of({"status": "COMPLETE", "results": [], "errors": errors}, 207))

    asked = {"email": "ada@example.com"}
    assert failure_of(upsert_contact, crm, attempt, **asked) == (Permanent, "invalid_input", False)


# -------------------------------------------------------------------------------------- Supabase


def test_rows_are_read_by_the_values_of_their_columns(rows, attempt):
    insert(rows, attempt, table="leads", row={"name": "Ada & Co, (x)", "won": True})
    insert(rows, attempt, table="leads", row={"name": "Bob", "won": False})

    found = select(rows, attempt, table="leads", where={"name": "Ada & Co, (x)", "won": True})
    empty = select(rows, attempt, table="leads", where={"email": None}, columns=["name"], most=1)

    assert [row["id"] for row in found.rows] == [1]
    assert empty.rows == [{"name": "Ada & Co, (x)"}]


def test_a_row_is_added_once_and_upserted_as_often_as_wanted(rows, attempt, postgrest):
    first = {"email": "ada@example.com", "name": "Ada"}
    added = insert(rows, attempt, table="leads", row=first)
    again = failure_of(insert, rows, attempt, table="leads", row=first)
    changed = upsert(
        rows, attempt, table="leads", row={**first, "name": "A."}, on_conflict=["email"]
    )

    assert again == (Permanent, "conflict", False)
    assert (added.row["id"], changed.row) == (
        1,
        {"id": 1, "email": "ada@example.com", "name": "A."},
    )
    assert len(postgrest.rows) == 1


@pytest.mark.parametrize(
    "asked",
    [
        {"table": "leads", "where": {"select": "id"}},
        {"table": "leads", "where": {"name": ["a"]}},
        {"table": "leads", "columns": ["id,email"]},
        {"table": "leads?select=*", "where": {}},
        {"table": "../auth/v1/users"},
        {"table": "leads", "most": 0},
    ],
)
def test_no_name_becomes_a_part_of_the_question(rows, attempt, postgrest, asked):
    assert failure_of(select, rows, attempt, **asked) == (Permanent, "invalid_input", False)
    assert postgrest.nothing_was_sent


def test_a_table_or_a_rule_that_is_none_is_told(rows, attempt):
    lost = failure_of(select, rows, attempt, table="nobodies")
    unruled = {"table": "leads", "row": {"name": "Ada"}, "on_conflict": ["name"]}

    assert lost == (Permanent, "not_found", False)
    assert failure_of(upsert, rows, attempt, **unruled) == (Permanent, "invalid_input", False)


# ---------------------------------------------------------------------------------- all of them


@pytest.mark.parametrize("behaviour", [CUT, Answer(502), Answer(200, b"<html>"), Answer.of(7)])
def test_an_unclear_answer_may_have_written(clients, services, attempt, behaviour):
    for fake in services:
        fake.then(behaviour)
    base, crm, rows = clients
    row = {"email": "a@example.com"}

    found = {
        failure_of(upsert_record, base, attempt, table="Leads", fields=row, merge_on=["email"]),
        failure_of(upsert_contact, crm, attempt, email="a@example.com"),
        failure_of(insert, rows, attempt, table="leads", row=row),
    }

    assert found == {(Transient, "unavailable", True)}


def test_S6_a_refused_key_is_not_shown(http, airtable, hubspot, postgrest):
    said = "no such key: wrong-key-123"
    clients = {}
    for kind, fake, place in (
        (AirtableClient, airtable, airtable.base_url),
        (HubspotClient, hubspot, hubspot.url),
        (SupabaseClient, postgrest, postgrest.base_url),
    ):
        fake.then(Answer(401, said.encode()))
        wrong = {"token": "wrong-key-123", "key": "wrong-key-123"}
        name = kind.__name__
        clients[name] = kind(ConnectionSettings("c", name, place, wrong, {"base": "app1"}), http)

    for client in clients.values():
        with pytest.raises(Permanent) as failure:
            client.check()
        assert failure.value.code == "unauthorized"
        assert "wrong-key-123" not in failure.value.message


def test_a_check_writes_nothing(clients, services):
    base, crm, rows = clients
    airtable, hubspot, postgrest = services
    assert base.check() == (
        "the token of usr1 is taken; its scopes: data.records:read, data.records:write"
    )
    assert crm.check() == "the token is taken by the account 123456 (STANDARD)"
    assert rows.check() == "the key is taken; 1 tables and views can be reached"
    assert (airtable.records["Leads"], hubspot.contacts, postgrest.rows) == ([], {}, [])
