"""A lead gives a phone: a number of the pool is theirs for a while."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from tests.acceptance.story import DAY, HOUR, Story


def test_H_01_a_lead_who_gives_a_phone_gets_a_number_for_18_hours(hub: Story):
    number = hub.number()
    lead = hub.lead()

    answer = hub.gives_phone(lead)

    assert answer.status == 200
    assert answer.json["phone_number"] == number
    assert hub.number_of(lead) == number
    assert hub.held_until(lead) == hub.now() + timedelta(hours=18)
    assert [entry.outcome for entry in hub.entries(lead, "phone")] == ["assigned"]


def test_H_01_the_number_that_is_free_for_longest_is_taken(hub: Story):
    first = hub.number()
    hub.later(HOUR)
    hub.number()

    assert hub.gives_phone(hub.lead()).json["phone_number"] == first


def test_H_01_the_change_names_who_and_why_and_its_run(hub: Story):
    lead = hub.holder()

    (entry,) = hub.entries(lead, "phone")
    assert entry.who == "lead-phone"
    assert entry.run_id == hub.runs("lead-phone")[0].id
    assert entry.mode == "live"
    assert "given to the lead" in entry.text


def test_a_lead_gets_an_answer_when_every_number_is_held(hub: Story):
    hub.holder("Ada")

    answer = hub.gives_phone(hub.lead("Grace"))

    assert (answer.status, answer.json["error"]) == (409, "none_available")


def test_a_refused_lead_gets_a_number_as_soon_as_there_is_one(hub: Story):
    """A refusal frees its key (I9): the same request is looked at again."""
    lead = hub.lead()
    assert hub.gives_phone(lead).status == 409

    number = hub.number()

    assert hub.gives_phone(lead).json["phone_number"] == number


def test_a_phone_for_somebody_unknown_is_refused(hub: Story):
    number = hub.number()

    answer = hub.gives_phone(uuid4())

    assert (answer.status, answer.json["error"]) == (404, "unknown_lead")
    assert hub.is_available(number)


def test_H_02_after_18_hours_without_appointment_the_sweep_returns_the_number(hub: Story):
    lead = hub.holder()
    number = hub.number_of(lead)
    assert number is not None

    hub.later(timedelta(hours=18))
    hub.sweep()

    assert hub.is_available(number)
    assert hub.number_of(lead) is None
    assert [entry.outcome for entry in hub.entries(lead, "phone")] == ["assigned", "released"]


def test_H_22_one_second_before_18_hours_the_number_stays(hub: Story):
    lead = hub.holder()

    hub.later(timedelta(hours=18) - timedelta(seconds=1))
    hub.sweep()
    assert hub.number_of(lead) is not None

    hub.later(timedelta(seconds=1))
    hub.sweep()
    assert hub.number_of(lead) is None


def test_H_23_a_lead_who_replies_again_after_booking_keeps_number_and_release(hub: Story):
    lead = hub.holder()
    hub.number()
    hub.books(lead, hub.now() + 2 * DAY)
    number, until = hub.number_of(lead), hub.held_until(lead)

    hub.later(5 * HOUR)
    answer = hub.gives_phone(lead)

    assert answer.json["phone_number"] == number
    assert (hub.number_of(lead), hub.held_until(lead)) == (number, until)


def test_H_23_an_earlier_booking_never_shortens_the_hold(hub: Story):
    lead = hub.holder()
    hub.books(lead, hub.now() + 5 * DAY)
    until = hub.held_until(lead)

    hub.books(lead, hub.now() + 1 * DAY)

    assert hub.held_until(lead) == until


def test_H_31_a_call_to_a_held_number_is_the_leads_through_the_whole_hold(hub: Story):
    lead = hub.holder("Ada")
    number = hub.number_of(lead)
    assert number is not None
    hub.books(lead, hub.now() + 2 * DAY)

    hub.later(3 * DAY - timedelta(seconds=1))
    hub.sweep()
    found = hub.caller(number)
    assert (found.lead_id, found.first_name) == (lead, "Ada")
    assert found.release_at == hub.held_until(lead)

    hub.later(timedelta(seconds=1))
    hub.sweep()
    assert not hub.caller(number).found


def test_H_31_the_number_may_be_written_as_people_write_it(hub: Story):
    """D9: ways of writing one number are one number."""
    lead = hub.holder()

    assert hub.number_of(lead) == "+14155550000"
    assert hub.caller("+1 (415) 555-0000").lead_id == lead


@pytest.mark.parametrize(
    "phone", ["+1234567", "call me", "202 555 0147", "", "+1 202 555 0147" * 9]
)
def test_D9_what_is_no_phone_number_is_422_and_nothing_is_given_for_it(hub: Story, phone: str):
    number, lead = hub.number(), hub.lead()

    answer = hub.broker("lead-phone", {"lead_id": str(lead), "phone": phone})

    assert answer.status == 422
    assert hub.is_available(number)
    assert (hub.number_of(lead), hub.about(lead).phone, hub.entries(lead, "phone")) == (
        None,
        None,
        [],
    )


def test_D9_however_a_lead_writes_the_phone_it_is_kept_as_one_number(hub: Story):
    hub.number()
    lead = hub.lead()

    for phone in ("+12025550147", "+1 (202) 555-0147", "tel:+1-202-555-0147"):
        answer = hub.broker("lead-phone", {"lead_id": str(lead), "phone": phone})

        assert (answer.status, hub.about(lead).phone) == (200, "+12025550147")


def test_D9_a_phone_of_somebody_unknown_is_404_and_nothing_is_given(hub: Story):
    number = hub.number()

    answer = hub.broker("lead-phone", {"lead_id": str(uuid4()), "phone": "+12025550147"})

    assert (answer.status, answer.json["error"]) == (404, "unknown_lead")
    assert hub.is_available(number)
