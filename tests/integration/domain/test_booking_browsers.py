"""Who may have a browser: in turn, N at once, and nobody after his lease (B-18, X18, X24)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from hub.domain.booking_sessions.browsers import held_by
from hub.errors import Permanent
from hub.storage import db as database_access
from tests.fakes.clock import FakeClock
from tests.integration.domain.desk import code_of
from tests.integration.domain.session_desk import (
    CLINIC,
    MINUTE,
    SessionDesk,
    lead_number,
    of_run,
)

SEATS = 5
THREADS = 8
TAKERS = 1000
SECOND = timedelta(seconds=1)


@pytest.fixture
def desk(database: str, clock: FakeClock) -> Iterator[SessionDesk]:
    engine = database_access.open_engine(database, pool_size=THREADS, application="hub test")
    yield SessionDesk(engine, clock)
    engine.dispose()


def one(call: Callable[[], object]) -> str:
    """The code of its refusal, or `done`."""
    try:
        call()
    except Permanent as refused:
        return refused.code
    return "done"


def test_B_18_X24_five_have_a_browser_and_the_sixth_waits_its_turn_in_order(desk):
    sessions = [desk.begin(lead_number(index)).session_id for index in range(7)]

    claims = [desk.claimed(owner=f"worker {index}") for index in range(SEATS)]

    assert [str(each.session.id) for each in claims] == sessions[:SEATS]
    assert desk.claim() is None
    assert [desk.look(each).queue_position for each in sessions[SEATS:]] == [1, 2]

    desk.finish(claims[2], "slot_unavailable")
    assert str(desk.claimed().session.id) == sessions[SEATS]
    assert desk.look(sessions[-1]).queue_position == 1


def test_X24_who_leaves_the_queue_lets_the_others_move_up(desk):
    first, second, third = (desk.begin(lead_number(index)).session_id for index in range(3))
    desk.cancel(second)

    assert desk.look(third).queue_position == 2
    assert str(desk.claimed().session.id) == first
    assert str(desk.claimed().session.id) == third


def test_X24_nobody_opens_a_page_for_who_waited_too_long(desk):
    desk.begin()
    desk.clock.advance(5 * MINUTE)

    assert desk.claim() is None


@pytest.mark.parametrize(
    ("mode", "origins", "is_opened"),
    [
        ("live", (), True),
        ("test", (), False),
        ("test", ("https://other.example.com",), False),
        ("test", (CLINIC,), True),
        ("simulate", (CLINIC,), False),
    ],
)
def test_D10_only_pages_that_the_mode_allows_are_opened(desk, mode, origins, is_opened):
    desk.begin(by=of_run(mode))

    assert (desk.claim(test_origins=origins) is not None) == is_opened


def test_D10_a_session_that_opens_nothing_holds_up_nobody(desk):
    desk.begin(by=of_run("simulate"))
    live = desk.begin(lead_number(1)).session_id

    assert str(desk.claimed().session.id) == live


def test_B_02_what_was_chosen_on_the_page_is_recorded(desk):
    session = desk.begin().session_id
    claim = desk.claimed()

    desk.choose(claim, "Cleaning", "Dr. Who")
    desk.ready(claim)
    desk.hand_over(session)
    desk.finish(claim, "success", confirmation_number="M-42")

    booked = desk.look(session).confirmation
    assert booked is not None
    assert (booked.service, booked.provider, booked.confirmation_number) == (
        "Cleaning",
        "Dr. Who",
        "M-42",
    )


def test_X18_who_lost_the_session_changes_nothing_more(desk):
    session = desk.begin(source="browser").session_id
    frozen = desk.claimed()
    desk.clock.advance(30 * SECOND)
    desk.settle()

    for late in (desk.renew, desk.ready, desk.declined):
        assert code_of(late, frozen) == "lost_session"
    assert code_of(desk.finish, frozen, "success") == "lost_session"
    assert desk.look(session).outcome == "error"


def test_X18_a_renewed_lease_is_no_lost_browser(desk):
    desk.begin()
    claim = desk.claimed()
    for _ in range(4):
        desk.clock.advance(20 * SECOND)
        desk.renew(claim)

    assert desk.settle() == []
    with desk.transaction() as db:
        assert held_by(db, "one") == [claim.session.id]


def test_B_16_a_cancelled_session_tells_its_browser_to_stop(desk):
    session = desk.begin().session_id
    claim = desk.claimed()
    desk.cancel(session)

    assert code_of(desk.renew, claim) == "lost_session"


def test_X20_no_browser_claims_a_success_without_evidence_or_before_the_hand_over(desk):
    desk.begin()
    claim = desk.claimed()
    desk.ready(claim)

    assert code_of(desk.finish, claim, "success") == "illegal_change"


# ------------------------------------------------------------------------------------------- races


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_B_18_P6_a_thousand_takers_never_have_more_than_five_browsers(desk, figure):
    waiting = {desk.begin(lead_number(index)).session_id for index in range(60)}
    taken: Counter[str] = Counter()
    most = text("SELECT count(*) FROM booking_sessions WHERE seat IS NOT NULL")

    def take(index: int) -> str:
        claim = desk.claim(owner=f"taker {index}", seats=SEATS)
        if claim is None:
            return "waits"
        taken[str(claim.session.id)] += 1
        with desk.transaction() as db:
            assert db.scalar(most) <= SEATS
        if index % 2:
            desk.finish(claim, "error")
        else:
            desk.cancel(str(claim.session.id))
        return "had"

    with ThreadPoolExecutor(THREADS) as threads:
        told = Counter(threads.map(take, range(TAKERS)))

    assert set(taken) == waiting
    assert set(taken.values()) == {1}
    assert told["had"] == len(waiting)
    figure(
        "B-18",
        f"{TAKERS:,} takers of 60 sessions on {SEATS} browsers: each had one browser once,"
        f" never more than {SEATS} at once",
    )


def test_X25_P6_two_starts_for_one_wish_at_once_are_one_session(desk):
    for index in range(20):
        start = partial(desk.begin, lead_number(index))
        with ThreadPoolExecutor(2) as threads:
            first, second = threads.map(lambda call: call(), [start, start])

        assert first.session_id == second.session_id
        assert {first.created, second.created} == {True, False}


def test_B_07_P6_many_hand_over_at_once_and_one_does(desk):
    for index in range(10):
        session = desk.in_state("ready_for_handoff", lead_number(index))
        with ThreadPoolExecutor(THREADS) as threads:
            told = list(threads.map(one, [partial(desk.hand_over, session)] * THREADS))
        desk.close(session)

        assert sorted(told) == ["already_handed_over"] * (THREADS - 1) + ["done"]


def test_B_16_P6_of_a_cancellation_and_an_outcome_at_once_one_is_the_end(desk):
    for index in range(20):
        session = desk.in_state("monitoring", lead_number(index))
        with ThreadPoolExecutor(2) as threads:
            cancelled, _ = threads.map(
                one, [partial(desk.cancel, session), partial(desk.report, session, "success")]
            )

        state = desk.look(session).state
        assert (cancelled, state) in {("done", "cancelled"), ("session_is_over", "completed")}
