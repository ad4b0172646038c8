"""Leads and their history: H-08, H-15, H-16, H-17, X10, D9."""

from __future__ import annotations

from datetime import timedelta
from typing import get_args
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from hub.domain import interactions, leads
from hub.storage import tables
from tests.integration.domain.desk import attempt, code_of

HOUR = timedelta(hours=1)


def test_a_lead_is_created_once_by_its_id_and_once_by_its_step(desk):
    lead_id, step = uuid4(), attempt(key="run/create")

    with desk.transaction() as db:
        for _ in range(2):
            leads.create(
                db, desk.clock, attempt(), first_name="Ada", last_name="Byron", lead_id=lead_id
            )
            leads.create(db, desk.clock, step, first_name="Bob", last_name="Cole")
        found = db.scalars(select(tables.leads.c.first_name).order_by("first_name")).all()

    assert found == ["Ada", "Bob"]


def test_D9_the_phone_of_a_lead_is_stored_in_one_way_of_writing(desk):
    lead = desk.lead(phone="+1 (415) 555-0100", email="ada@example.com")

    with desk.transaction() as db:
        found = leads.get(db, lead_id=lead)

    assert (found.phone, found.email, found.status) == ("+14155550100", "ada@example.com", "new")


def test_D9_a_lead_with_a_phone_that_is_none_is_refused(desk):
    with desk.transaction() as db:
        refusal = code_of(
            leads.create,
            db,
            desk.clock,
            attempt(),
            first_name="Ada",
            last_name="Byron",
            phone="soon",
        )

    assert refusal == "invalid_phone"


def test_h08_h15_h16_x10_each_fact_has_its_own_field(desk):
    lead = desk.lead()
    at = desk.now() + 48 * HOUR
    changes = [
        leads.LeadChanges(status="appointment_booked", appointment_scheduled_at=at),
        leads.LeadChanges(last_call_outcome="appointment_booked"),
        leads.LeadChanges(status="showed", last_appointment_outcome="showed"),
    ]

    with desk.transaction() as db:
        changed = [leads.update(db, desk.clock, lead_id=lead, set_=each) for each in changes]

        assert changed[-1] == leads.get(db, lead_id=lead)
    assert changed[-1] == leads.Lead(
        lead_id=lead,
        first_name="Ada",
        last_name="Byron",
        status="showed",
        appointment_scheduled_at=at,
        last_call_outcome="appointment_booked",
        last_appointment_outcome="showed",
    )


def test_an_unknown_lead_is_not_found(desk):
    with desk.transaction() as db:
        assert code_of(leads.get, db, lead_id=uuid4()) == "not_found"
        changes = leads.LeadChanges(status="showed")
        refusal = code_of(leads.update, db, desk.clock, lead_id=uuid4(), set_=changes)

    assert refusal == "not_found"


def test_x10_the_code_and_the_database_know_the_same_statuses(desk):
    for status in get_args(leads.Status):
        lead = desk.lead(f"Lead {status}")
        with desk.transaction() as db:
            changes = leads.LeadChanges(status=status)
            assert leads.update(db, desk.clock, lead_id=lead, set_=changes).status == status

    with pytest.raises(IntegrityError), desk.transaction() as db:
        db.execute(tables.leads.update().values(status="maybe"))


# ---------------------------------------------------------------------------------------- history


def test_h17_every_report_is_an_entry_and_repeats_are_marked(desk):
    lead = desk.lead()
    first, repeat = attempt("appointment-outcome"), attempt("appointment-outcome")

    with desk.transaction() as db:
        for one, is_repeat in ((first, False), (first, False), (repeat, True)):
            interactions.log(
                db,
                desk.clock,
                one,
                lead_id=lead,
                kind="appointment",
                reference="2025-10-20T14:00:00Z",
                outcome="showed",
                text="kept",
                duplicate=is_repeat,
            )
        rows = db.execute(select(tables.interactions).order_by("is_duplicate")).all()

    assert [row.is_duplicate for row in rows] == [False, True]
    assert [row.run_id for row in rows] == [first.run_id, repeat.run_id]
    assert {(row.who, row.mode, row.at) for row in rows} == {
        ("appointment-outcome", "live", desk.now())
    }


def test_an_entry_for_a_stranger_is_refused(desk):
    with desk.transaction() as db:
        refusal = code_of(
            interactions.log,
            db,
            desk.clock,
            attempt(),
            lead_id=uuid4(),
            kind="call",
            reference="call-1",
            outcome="voicemail",
        )

    assert refusal == "unknown_lead"
