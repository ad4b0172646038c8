"""The actions of the trade as workflows see them: declared examples, inputs and real results."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import Connection

from hub.action import Action, Attempt, Clock, actions_of
from hub.domain import appointments, interactions, leads, phones
from tests.integration.domain.desk import Desk, attempt

HOUR = timedelta(hours=1)
ACTIONS = {
    action.name: action
    for module in (appointments, interactions, leads, phones)
    for action in actions_of(module)
}


def call(action: Action, desk: Desk, **given: Any) -> Any:
    with desk.transaction() as db:
        services = {Connection: db, Clock: desk.clock, Attempt: attempt()}
        Draft202012Validator(action.input_schema).validate(given)
        result = action.call(services, given)
    Draft202012Validator(action.output_schema).validate(result)
    return result


def test_these_are_all_actions_of_the_trade():
    assert sorted(ACTIONS) == [
        "appointments.book",
        "appointments.find",
        "appointments.record_outcome",
        "interactions.log",
        "leads.create",
        "leads.get",
        "leads.update",
        "phones.add",
        "phones.assign",
        "phones.find_lead",
        "phones.list_expired",
        "phones.release",
    ]


@pytest.mark.parametrize("name", ACTIONS)
def test_the_example_of_an_action_is_a_result_of_its_form(name):
    action = ACTIONS[name]

    assert list(Draft202012Validator(action.output_schema).iter_errors(action.example)) == []
    assert action.summary
    assert not action.outward


def test_every_action_takes_and_gives_what_it_declares(desk):
    desk.numbers(1)
    created = call(
        ACTIONS["leads.create"], desk, first_name="Ada", last_name="Byron", phone="+1 415 555 0199"
    )
    lead = {"lead_id": created["lead_id"]}
    start = "2025-10-22T14:00:00+02:00"

    assigned = call(ACTIONS["phones.assign"], desk, **lead)
    booked = call(
        ACTIONS["appointments.book"],
        desk,
        **lead,
        starts_at=start,
        source="calendar",
        hold_until="2025-10-23T14:00:00+02:00",
        external_id="uid-1",
    )
    found = call(ACTIONS["appointments.find"], desk, external_id="uid-1")
    owner = call(ACTIONS["phones.find_lead"], desk, number=assigned["phone_number"])
    changed = call(
        ACTIONS["leads.update"],
        desk,
        **lead,
        set={"status": "appointment_booked", "appointment_scheduled_at": start},
    )
    closed = call(
        ACTIONS["appointments.record_outcome"],
        desk,
        **lead,
        outcome="cancelled",
        keep_number_for="0s",
    )
    logged = call(
        ACTIONS["interactions.log"],
        desk,
        **lead,
        kind="appointment",
        reference=start,
        outcome="cancelled",
    )
    expired = call(
        ACTIONS["phones.list_expired"], desk, at="2025-10-20T12:00:00Z", appointment_grace="24h"
    )
    released = call(
        ACTIONS["phones.release"],
        desk,
        phone_id=expired["phones"][0]["id"],
        expect_release_at=expired["phones"][0]["release_at"],
    )

    assert assigned["release_at"] == "2025-10-21T06:00:00Z"
    assert booked["release_at"] == "2025-10-23T12:00:00Z"
    assert found["status"] == "scheduled"
    assert owner["lead_id"] == created["lead_id"]
    assert changed == call(ACTIONS["leads.get"], desk, **lead)
    assert closed["release_at"] == "2025-10-20T12:00:00Z"
    assert logged["id"]
    assert released == {"released": True}


def test_h03_a_lead_id_or_time_of_another_form_is_no_input():
    schema = Draft202012Validator(ACTIONS["appointments.book"].input_schema)
    good = {
        "lead_id": str(uuid4()),
        "starts_at": "2025-10-22T14:00:00Z",
        "source": "calendar",
    }

    assert schema.is_valid(good)
    for missing in good:
        assert not schema.is_valid({key: good[key] for key in good if key != missing})
    assert not schema.is_valid({**good, "source": "telepathy"})
