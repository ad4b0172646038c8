"""How a booking by phone ends, and what the watchdog sees: C-13 to C-18, X11, X14, X15."""

from __future__ import annotations

import logging
from uuid import uuid4

import pytest
from sqlalchemy import text

from hub.domain.phone_bookings import LEASE
from tests.integration.domain.agency import DAY, HOUR, MINUTE
from tests.integration.domain.desk import code_of

# ------------------------------------------------------------------------------------- how it ends


def test_C13_C14_success_is_stored_on_provider_and_request_at_once(agency, begun):
    request, provider, run = begun
    agency.clock.advance(MINUTE)

    done = agency.complete(request, run)

    assert (done.status, done.changed, done.confirmed) == ("COMPLETED", True, True)
    row = agency.provider_row(provider)
    assert row.booking_confirmed
    assert (row.booking_date, row.booking_time, row.confirmation_number) == (DAY, HOUR, "C-7")
    assert (row.last_call_at, row.call_transcript) == (agency.clock.now(), "AI: Hello.")
    assert (row.booking_method, row.mode) == ("voice_call", "live")
    kept = agency.request_row(request)
    assert (kept.status, kept.selected_provider_id) == ("COMPLETED", provider)
    assert kept.final_outcome == "Booked with Acme"


def test_success_told_twice_is_stored_once(agency, begun):
    request, _, run = begun
    agency.complete(request, run)

    again = agency.complete(request, run, confirmation_number="C-8")

    assert (again.status, again.changed, again.confirmed) == ("COMPLETED", False, True)
    assert agency.state(request).confirmation_number == "C-7"


@pytest.mark.parametrize(
    ("date", "time"), [("TBD", HOUR), (DAY, "TBD"), (" tbd ", "tbd"), ("", HOUR)]
)
def test_X14_TBD_is_kept_and_is_not_confirmed(agency, begun, date, time):
    request, provider, run = begun

    done = agency.complete(request, run, booking_date=date, booking_time=time)

    assert (done.status, done.changed, done.confirmed) == ("BOOKING", False, False)
    row = agency.provider_row(provider)
    assert not row.booking_confirmed
    assert (row.booking_date, row.booking_time) == (date, time)
    assert agency.reopen(request, run, "failed").status == "RECOMMENDED"


def test_X14_a_simulated_booking_is_known_as_one_for_ever(agency):
    agency.mode = "simulate"
    request, provider = agency.request()
    run = uuid4()
    agency.begin(request, provider, run)

    agency.complete(request, run, confirmation_number=f"SIM-{run}")

    row = agency.provider_row(provider)
    assert (row.booking_method, row.mode) == ("simulated", "simulate")
    assert agency.state(request).mode == "simulate"


def test_X14_what_a_simulation_makes_up_never_ends_a_real_call(agency, begun):
    request, _, run = begun
    agency.mode = "simulate"

    assert code_of(agency.complete, request, run) == "conflict"
    assert code_of(agency.reopen, request, run) == "conflict"
    assert agency.state(request).status == "BOOKING"


def test_C16_failure_opens_the_request_again_and_the_next_call_may_be_made(agency, begun, caplog):
    request, provider, run = begun
    agency.note(request, run)

    with caplog.at_level(logging.INFO, logger="hub.domain.phone_bookings"):
        opened = agency.reopen(request, run)

    assert (opened.status, opened.changed) == ("RECOMMENDED", True)
    (line,) = caplog.records
    assert vars(line)["run_id"] == str(run)
    assert agency.provider_row(provider).last_call_at == agency.clock.now()
    agency.clock.advance(MINUTE)
    assert agency.begin(request, provider).started
    assert [call.result for call in agency.calls(request)] == ["declined", None]


def test_C18_a_run_that_is_late_changes_nothing_of_the_next_ones_call(agency, begun):
    request, provider, late = begun
    agency.reopen(request, late)
    agency.clock.advance(MINUTE)
    agency.begin(request, provider)

    assert code_of(agency.complete, request, late) == "conflict"
    assert not agency.reopen(request, late).changed
    assert not agency.doubt(request, late).changed
    assert code_of(agency.plan, request, late) == "conflict"
    assert code_of(agency.note, request, late) == "conflict"
    assert agency.state(request).status == "BOOKING"


def test_a_run_that_never_began_changes_nothing(agency, begun):
    request, _, _ = begun

    for change in (agency.complete, agency.reopen, agency.doubt, agency.plan, agency.note):
        assert code_of(change, request, uuid4()) == "conflict"
    assert code_of(agency.complete, uuid4(), uuid4()) == "not_found"


# ----------------------------------------------------------------------------------- the watchdog


def test_X15_what_nobody_knows_stays_BOOKING_and_people_hear_of_it_once(agency, begun):
    request, provider, run = begun

    assert agency.doubt(request, run).changed
    assert not agency.doubt(request, run).changed

    found = agency.state(request)
    assert (found.status, found.doubt) == ("BOOKING", "call_outcome_unknown")
    assert not agency.begin(request, provider).started


def test_X11_the_watchdog_sees_a_booking_whose_run_is_gone_at_once(agency, begun):
    """No run of the id is known: the row outlived it."""
    request, provider, run = begun

    (found,) = agency.stuck().bookings

    assert (found.request_id, found.run_id, found.provider_id) == (request, str(run), provider)
    assert (found.is_over, found.is_simulated) == (True, False)
    assert found.customer_phone == "+14155550100"


def test_X11_what_is_in_doubt_is_looked_at_again_with_growing_pauses(agency, begun):
    request, _, run = begun
    pauses = []
    for _ in range(8):
        (found,) = agency.stuck().bookings
        pauses.append(found.look_after)
        agency.doubt(request, run, look_after=found.look_after)
        assert agency.stuck().bookings == []
        agency.clock.advance(found.look_after)

    assert pauses == [MINUTE * each for each in (1, 2, 4, 8, 16, 32, 64, 64)]


def test_X11_a_run_that_goes_on_is_left_alone_until_its_lease_is_over(agency):
    request, provider = agency.request()
    run = uuid4()
    with agency.transaction() as db:
        db.execute(
            text(
                "INSERT INTO runs (id, workflow, version, status, mode, trigger, deadline, due_at)"
                " VALUES (:id, 'w', 'v', 'waiting', 'live', '{}', now(), now())"
            ),
            {"id": run},
        )
    agency.begin(request, provider, run)
    assert agency.stuck().bookings == []

    agency.clock.advance(LEASE)

    (found,) = agency.stuck().bookings
    assert not found.is_over


def test_X14_real_calls_are_not_settled_in_another_mode_and_simulated_ones_in_every(agency):
    real, its = agency.request()
    agency.begin(real, its)
    agency.clock.advance(MINUTE)
    agency.mode = "simulate"
    made_up, provider = agency.request()
    run = uuid4()
    agency.begin(made_up, provider, run)

    seen = agency.stuck()
    assert ([each.request_id for each in seen.bookings], seen.other_modes) == ([made_up], 1)

    agency.mode = "live"
    seen = agency.stuck()
    assert ([each.is_simulated for each in seen.bookings], seen.other_modes) == ([False, True], 0)
    assert agency.reopen(made_up, run, "failed").changed


def test_what_is_settled_is_not_looked_at(agency, begun):
    request, _, run = begun
    agency.complete(request, run)

    assert agency.stuck().bookings == []
