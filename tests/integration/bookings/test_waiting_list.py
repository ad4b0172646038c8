"""The waiting list: who is first in line gets what is free, and has it for a while (K-27)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.domain.bookings.contacts import Client
from tests.integration.bookings.office import ADA, DAY, HOUR, Office, at
from tests.integration.domain.desk import code_of

BOB = Client("Bob", "bob@example.net")
EVE = Client("Eve", "eve@example.org")
TEN = {"weekly": dict.fromkeys(range(1, 8), ("10:00-11:00",))}


@pytest.fixture
def full(office: Office):
    """A service with one time a day; Bob has that of the 21st. The id of his job comes with it."""
    service = office.service(office.tenant(), **TEN)
    return service, office.book(service, at(21, 10), BOB).id


def test_K27_what_gets_free_goes_to_the_first_in_line_and_to_nobody_else(office, full):
    service, job = full
    first = office.wait_for(service, at(21, 0), at(22, 0), ADA)
    second = office.wait_for(service, at(21, 0), at(22, 0), EVE)
    assert (first.ahead, second.ahead, first.status) == (0, 1, "waiting")

    office.cancel(job)

    (offer,) = office.tell_offers()
    assert (offer.id, offer.start, offer.client_email) == (first.id, at(21, 10), ADA.email)
    assert offer.offered_until == office.now() + 2 * HOUR
    assert office.tell_offers() == []
    assert office.free(service, at(21, 0).date()) == []
    assert code_of(office.book, service, at(21, 10), EVE) == "slot_taken"


def test_K27_an_offer_that_is_taken_up_is_a_job(office, full):
    service, job = full
    entry = office.wait_for(service, at(21, 0), at(22, 0)).id
    office.cancel(job)

    made, again = office.accept(entry), office.accept(entry)

    assert (made.id, made.start, made.created) == (again.id, at(21, 10), True)
    assert not again.created
    assert office.job(made.id).client_email == ADA.email
    assert code_of(office.leave, entry) == "conflict"


def test_K27_the_answer_to_another_offer_takes_up_nothing(office, full):
    service, job = full
    entry = office.wait_for(service, at(21, 0), at(22, 0)).id
    office.cancel(job)
    (offer,) = office.tell_offers()

    assert code_of(office.accept, entry, offer.offered_until - HOUR) == "conflict"
    assert office.accept(entry, offer.offered_until).created


def test_K27_a_service_that_requires_confirmation_gets_a_pending_job(office):
    service = office.service(require_confirmation=True, **TEN)
    entry = office.wait_for(service, at(21, 0), at(22, 0))

    made = office.accept(entry.id)

    assert (entry.status, made.status) == ("offered", "pending-confirmation")
    assert office.confirm(made.id).status == "scheduled"


def test_K27_who_does_not_answer_has_had_their_turn(office, full):
    service, job = full
    first = office.wait_for(service, at(21, 0), at(22, 0), ADA).id
    second = office.wait_for(service, at(21, 0), at(22, 0), EVE).id
    office.cancel(job)
    office.tell_offers()
    office.clock.advance(2 * HOUR)

    assert code_of(office.accept, first) == "conflict"
    assert office.offer_free() == 1
    assert [offer.id for offer in office.tell_offers()] == [second]
    assert office.accept(second).created


def test_an_offer_that_is_over_blocks_nobody(office, full):
    service, job = full
    entry = office.wait_for(service, at(21, 0), at(22, 0), ADA).id
    office.cancel(job)
    office.clock.advance(2 * HOUR)

    assert office.book(service, at(21, 10), EVE).created
    assert [row.status for row in office.rows("waiting", id=entry)] == ["lapsed"]


def test_K27_who_leaves_makes_room_for_the_next_one(office, full):
    service, job = full
    first = office.wait_for(service, at(21, 0), at(22, 0), ADA).id
    second = office.wait_for(service, at(21, 0), at(22, 0), EVE).id
    office.cancel(job)

    assert office.leave(first) == "left"
    assert office.leave(first) == "left"
    assert [offer.id for offer in office.tell_offers()] == [second]


@pytest.mark.parametrize("how", ["declined", "expired", "moved", "left early"])
def test_K27_every_way_in_which_a_time_gets_free_is_offered(office, how):
    service = office.service(require_confirmation=True, decide_within_minutes=60, **TEN)
    job = office.book(service, at(21, 10), BOB).id
    entry = office.wait_for(service, at(21, 0), at(22, 0)).id
    if how == "declined":
        office.decline(job)
    elif how == "moved":
        office.move(job, at(22, 10))
    elif how == "expired":
        office.clock.advance(HOUR)
        office.expire()
    else:
        for status in ("scheduled", "in-progress", "completed"):
            office.set_status(job, status)

    assert [offer.id for offer in office.tell_offers()] == [entry]


def test_what_another_service_leaves_of_a_shared_person_is_offered_by_the_sweep(office):
    tenant = office.tenant()
    ana = office.resource(tenant)
    first, second = (office.service(tenant, needs={"person": [ana]}, **TEN) for _ in range(2))
    job = office.book(first, at(21, 10), BOB).id
    entry = office.wait_for(second, at(21, 0), at(22, 0)).id

    office.cancel(job)
    assert office.tell_offers() == []
    assert office.offer_free() == 1
    assert [offer.id for offer in office.tell_offers()] == [entry]


def test_an_offer_keeps_within_what_was_wanted_and_what_may_be_booked(office):
    service = office.service(notice_minutes=60, advance_days=2, step_minutes=30)

    late = office.wait_for(service, at(20, 12), at(20, 13, 30), ADA)
    narrow = office.wait_for(service, at(20, 13, 15), at(20, 14, 45), BOB)
    far = office.wait_for(service, at(24, 0), at(25, 0), EVE)

    assert (late.status, narrow.status, far.status) == ("waiting", "offered", "waiting")
    (offer,) = office.tell_offers()
    assert (offer.start, offer.end) == (at(20, 13, 30), at(20, 14, 30))


def test_the_same_client_stands_in_line_once(office, full):
    service, _ = full
    first = office.wait_for(service, at(21, 0), at(22, 0), ADA)
    office.wait_for(service, at(21, 0), at(22, 0), EVE)

    again = office.wait_for(service, at(21, 0), at(21, 12), ADA)

    assert (again.id, again.ahead) == (first.id, 0)
    assert len(office.rows("waiting")) == 2


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (at(19, 0), at(20, 0)),
        (at(21, 0), at(21, 0)),
        (at(21, 0), at(21, 0) + 61 * DAY),
    ],
)
def test_a_range_that_has_passed_or_is_too_long_is_refused(office, first, last):
    assert code_of(office.wait_for, office.service(), first, last) == "invalid_range"


def test_nobody_waits_for_a_service_that_is_not_offered(office):
    service = office.service(is_active=False)

    assert code_of(office.wait_for, service, at(21, 0), at(22, 0)) == "inactive"


def test_an_offer_ends_at_the_latest_when_the_time_begins(office):
    service = office.service(offer_minutes=600)
    entry = office.wait_for(service, office.now() + timedelta(minutes=30), at(20, 14))

    assert entry.status == "offered"
    assert office.tell_offers()[0].offered_until == at(20, 13)
