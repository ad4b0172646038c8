"""Booking by phone, rule by rule: C-03, C-04, C-07 to C-18, X11, X14 to X16."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from hub.domain.phone_bookings import LEASE
from hub.errors import Permanent
from tests.integration.domain.agency import PHONE, TEST_PHONE, THREADS, Agency
from tests.integration.domain.desk import code_of

TAKERS = 1000


# ------------------------------------------------------------------------------------- beginning


def test_C03_X16_taking_a_request_up_stores_the_run_with_it(agency):
    request, provider = agency.request()
    run = uuid4()

    begun = agency.begin(request, provider, run)

    assert (begun.started, begun.run_id, begun.status) == (True, str(run), "BOOKING")
    (call,) = agency.calls(request)
    assert (call.run_id, call.provider_id, call.mode) == (run, provider, "live")
    assert call.lease_until == agency.clock.now() + LEASE
    assert agency.state(request).run_id == str(run)


def test_C18_a_second_click_while_BOOKING_gets_the_first_ones_run_and_makes_no_call(agency, begun):
    request, provider, run = begun

    again = agency.begin(request, provider)

    assert (again.started, again.run_id, again.status) == (False, str(run), "BOOKING")
    assert len(agency.calls(request)) == 1


def test_the_same_run_may_begin_what_it_began(agency, begun):
    request, provider, run = begun

    assert agency.begin(request, provider, run).started
    assert len(agency.calls(request)) == 1


def test_what_is_COMPLETED_is_not_begun_again(agency, begun):
    request, provider, run = begun
    agency.complete(request, run)

    again = agency.begin(request, provider)

    assert (again.started, again.run_id, again.status) == (False, str(run), "COMPLETED")


def test_C04_an_unknown_request_or_provider_changes_nothing(agency):
    request, provider = agency.request()
    _, of_another = agency.request()

    assert code_of(agency.begin, uuid4(), provider) == "not_found"
    assert code_of(agency.begin, request, uuid4()) == "unknown_provider"
    assert code_of(agency.begin, request, of_another) == "unknown_provider"
    assert agency.state(request).status == "RECOMMENDED"


def test_nobody_else_is_called_in_a_providers_name(agency):
    request, provider = agency.request()

    assert code_of(agency.begin, request, provider, provider_phone=TEST_PHONE) == "other_phone"
    assert agency.state(request).status == "RECOMMENDED"


def test_C18_X16_a_thousand_takers_of_one_request_are_one_call(agency, figure):
    request, provider = agency.request()
    runs = [uuid4() for _ in range(TAKERS)]

    with ThreadPoolExecutor(THREADS) as threads:
        begun = list(threads.map(lambda run: agency.begin(request, provider, run), runs))

    assert Counter(each.started for each in begun) == {True: 1, False: TAKERS - 1}
    (winner,) = {each.run_id for each in begun}
    (call,) = agency.calls(request)
    assert str(call.run_id) == winner
    figure("C-18", f"{TAKERS} takers of one request, {THREADS} at once: 1 call, {TAKERS - 1} ids")


def test_the_database_itself_allows_one_open_call_and_no_undated_booking(agency, begun):
    """C-18, X14: whatever code does, the rows refuse it."""
    request, provider, _ = begun
    second = text(
        "INSERT INTO booking_calls (run_id, request_id, provider_id, mode, begun_at, lease_until)"
        " VALUES (gen_random_uuid(), :request, :provider, 'live', now(), now())"
    )
    undated = text(
        "UPDATE providers SET booking_confirmed = true, booking_date = ' tbd ',"
        " booking_time = '9:00', mode = 'live' WHERE id = :provider"
    )
    for statement in (second, undated):
        with pytest.raises(IntegrityError), agency.transaction() as db:
            db.execute(statement, {"request": request, "provider": provider})


# --------------------------------------------------------------------------------- whom it reaches


def test_C08_C09_C10_whom_the_call_reaches_by_mode(agency, begun):
    request, _, run = begun
    assert agency.plan(request, run, TEST_PHONE) == PHONE

    reached = {}
    for mode, listed in (("test", (TEST_PHONE, "+13105559999")), ("test", ()), ("simulate", ())):
        agency.mode = mode
        other, its = agency.request()
        its_run = uuid4()
        agency.begin(other, its, its_run)
        reached[mode, listed] = agency.plan(other, its_run, *listed)

    assert reached == {
        ("test", (TEST_PHONE, "+13105559999")): TEST_PHONE,
        ("test", ()): None,
        ("simulate", ()): None,
    }
    agency.mode = "live"


def test_C11_a_line_of_the_log_states_mode_original_dialled_and_whether_it_is_live(agency, caplog):
    agency.mode = "test"
    request, provider = agency.request()
    run = uuid4()
    agency.begin(request, provider, run)

    with caplog.at_level(logging.INFO, logger="hub.domain.phone_bookings"):
        agency.plan(request, run, TEST_PHONE)

    (line,) = [each for each in caplog.records if each.getMessage() == "booking call"]
    said = {
        name: vars(line)[name] for name in ("mode", "original_phone", "dialled_phone", "is_live")
    }
    assert said == {
        "mode": "test",
        "original_phone": PHONE,
        "dialled_phone": TEST_PHONE,
        "is_live": False,
    }
    (call,) = agency.calls(request)
    assert call.dialled == TEST_PHONE


# -------------------------------------------------------------------------- requests and providers


def test_a_recommendation_is_kept_and_may_be_corrected_until_somebody_calls(agency):
    request, provider = agency.request("+1 310 555 0000")
    assert agency.provider_row(provider).phone == PHONE

    agency.recommend(request, provider, phone=TEST_PHONE, name="Acme & Sons")
    assert agency.provider_row(provider).phone == TEST_PHONE

    agency.begin(request, provider, provider_phone=TEST_PHONE)
    assert code_of(agency.recommend, request, provider) == "conflict"


def test_a_provider_stays_with_its_request(agency):
    _, provider = agency.request()

    assert code_of(agency.recommend, uuid4(), provider) == "conflict"
    assert code_of(agency.recommend, uuid4(), uuid4(), phone="55") == "invalid_phone"


def test_an_unknown_request_has_no_state(agency):
    assert code_of(agency.state, uuid4()) == "not_found"


# -------------------------------------------------------------------------------------- any order

OPERATIONS = ("begin", "plan", "note", "complete", "undated", "reopen", "doubt")
_SEVERAL = st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 2)), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=_SEVERAL)
def test_C18_in_any_order_of_any_runs_the_machine_is_the_one_of_the_model(agency, steps):
    """RECOMMENDED → BOOKING → COMPLETED and BOOKING → RECOMMENDED, by their owner only."""
    request, provider = agency.request()
    runs = [uuid4() for _ in range(3)]
    status: str = "RECOMMENDED"
    owner: UUID | None = None
    begun: set[UUID] = set()
    for operation, index in steps:
        run = runs[index]
        if operation == "begin":
            if run in begun and run != owner:
                continue  # a run begins once
            result = agency.begin(request, provider, run)
            if status == "RECOMMENDED":
                status, owner = "BOOKING", run
                begun.add(run)
            assert result.started == (status == "BOOKING" and owner == run)
            assert result.run_id == str(owner)
        elif run != owner or status != "BOOKING":
            _is_refused_or_changes_nothing(agency, operation, request, run)
        else:
            status = _ends(agency, operation, request, run)
            owner = None if status == "RECOMMENDED" else owner
        assert agency.state(request).status == status
    assert agency.faults() == 0


def _ends(agency: Agency, operation: str, request: UUID, run: UUID) -> str:
    """The operation of the owner, and what the model says of it."""
    if operation == "complete":
        assert agency.complete(request, run).changed
        return "COMPLETED"
    if operation == "reopen":
        assert agency.reopen(request, run).changed
        return "RECOMMENDED"
    _operation(agency, operation)(request, run)
    return "BOOKING"


def _is_refused_or_changes_nothing(
    agency: Agency, operation: str, request: UUID, run: UUID
) -> None:
    before = agency.calls(request)
    with suppress(Permanent):
        _operation(agency, operation)(request, run)
    assert agency.calls(request) == before


def _operation(agency: Agency, operation: str) -> Callable[[UUID, UUID], object]:
    if operation == "undated":
        return lambda request, run: agency.complete(request, run, booking_date="TBD")
    done: Callable[[UUID, UUID], object] = getattr(agency, operation)
    return done
