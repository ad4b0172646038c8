"""Claims as many as it has hands, and gives back what it holds (E14)."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from hub.queue import ANY
from hub.worker import runner as runner_module
from hub.worker.doorbell import Bell
from tests.integration.storage.office import PATIENCE
from tests.integration.worker.hands import Hire, lease_of


def test_it_holds_no_more_runs_than_it_has_hands_and_works_on_all(office, hire, hands):
    accepted = {office.accepted() for _ in range(5)}
    hire(2).start()

    first = {hands.next().id, hands.next().id}
    assert hands.begun.empty()
    hands.let_go(5)
    others = {hands.next().id for _ in range(3)}

    assert first | others == accepted
    assert hands.most_in_hand == 2


def test_callers_who_wait_are_served_first_then_the_oldest(office, hire, hands):
    old, new = office.accepted(), office.accepted()
    awaited = office.accepted(is_awaited=True)
    hands.let_go(3)
    hire(1).start()

    assert [hands.next().id for _ in range(3)] == [awaited, old, new]


def test_it_looks_by_itself_without_a_bell(office, hire, hands):
    hire().start()
    late = office.accepted()

    assert hands.next().id == late


def test_one_run_that_breaks_stops_no_other(office, hire, hands, caplog):
    hands.breaks_on = office.accepted()
    other = office.accepted()
    hands.let_go(1)
    hire(1).start()

    assert [hands.next().id for _ in range(2)] == [hands.breaks_on, other]
    assert "work on a run failed" in caplog.text


def test_it_goes_on_looking_whatever_goes_wrong_while_it_looks(office, hire, hands, caplog):
    calls: list[UUID] = []

    def ring(run_id: UUID) -> None:
        calls.append(run_id)
        raise ValueError("a fault that nobody thought of")

    office.accepted()
    hire(1, ring=ring).start()
    hands.next()
    hands.let_go(2)
    later = office.accepted()

    assert hands.next().id == later
    assert calls
    assert "looking for work failed" in caplog.text


def test_it_goes_on_looking_after_the_database_failed(office, hire, hands, caplog):
    office.do("ALTER TABLE runs RENAME TO runs_away")
    try:
        hire(1).start()
        hands.let_go(1)
        office.until(lambda: "cannot look for work" in caplog.text)
    finally:
        office.do("ALTER TABLE runs_away RENAME TO runs")
    late = office.accepted()

    assert hands.next().id == late


def test_others_are_woken_when_the_hands_are_full(office, hire, hands):
    rung: queue.Queue[UUID] = queue.Queue()
    for _ in range(3):
        office.accepted()
    hire(2, ring=rung.put).start()

    assert rung.get(timeout=PATIENCE) == ANY
    assert hands.in_hand <= 2


def test_E14_told_to_stop_it_claims_nothing_more_and_hands_back_what_it_holds(office, hire, hands):
    held = office.accepted()
    runner = hire(1)
    runner.start()
    hands.next()

    runner.stop()
    waiting = office.accepted()
    hands.let_go(2)
    runner.drain()

    assert office.facts(held).line.status == "queued"
    assert office.facts(waiting).line.status == "queued"
    assert hands.begun.empty()
    assert [owned.id for owned in office.claim()] == [held, waiting]


def test_E14_leases_are_renewed_until_the_last_run_is_handed_back(office, hire, hands):
    runner = hire(1)
    office.accepted()
    runner.start()
    held = hands.next()
    runner.stop()
    office.do("UPDATE runs SET lease_until = now() + interval '1 second' WHERE id = :id", held)

    assert runner.renew()

    assert lease_of(office, held) > timedelta(minutes=1)


# ---------------------------------------------------------------------------------- last chances


def test_E10_a_run_on_its_last_chance_has_a_head_start_and_then_others_go_on(office, hire, hands):
    others = {office.accepted(), office.accepted()}
    last = office.dying(2)
    hire(3).start()

    first = hands.next()
    beside = [hands.next(), hands.next()]

    assert first.id == last
    assert {each.id for each in beside} == others
    assert min(each.claimed_at for each in beside) - first.claimed_at >= timedelta(seconds=0.25)


def test_E10_a_run_that_the_bell_names_leaves_a_last_chance_its_head_start(office, resting, hands):
    last = office.dying(2)
    resting.ring()
    first = hands.next()

    resting.ring(named := office.accepted())
    second = hands.next()

    assert (first.id, second.id) == (last, named)
    assert second.claimed_at - first.claimed_at >= timedelta(seconds=0.25)


def test_E10_when_a_last_chance_is_over_the_next_one_is_taken_at_once(office, resting, hands):
    lasts = {office.dying(2), office.dying(2), office.dying(2)}
    resting.ring()

    begun = {hands.next().id}
    for _ in range(2):
        office.until(resting.is_waited_for.is_set)  # the head start is over
        hands.let_go()
        begun.add(hands.next().id)

    assert begun == lasts
    assert hands.most_in_hand == 1


# ------------------------------------------------------------------------ the run the bell names


class WatchedBell(Bell):
    """Tells when the runner has done what it was rung for."""

    def __init__(self) -> None:
        super().__init__()
        self.is_waited_for = threading.Event()

    def ring(self, run_id: UUID = ANY) -> None:
        self.is_waited_for.clear()
        super().ring(run_id)

    def wait(self, most: timedelta) -> bool:
        self.is_waited_for.set()
        return super().wait(most)


@pytest.fixture
def resting(hire: Hire) -> Iterator[WatchedBell]:
    """The bell of a runner that has looked once and would not look again for an hour."""
    looks = pytest.MonkeyPatch()
    looks.setattr(runner_module, "LOOK_EVERY", timedelta(hours=1))
    bell = WatchedBell()
    hire(2, bell=bell).start()
    yield bell
    looks.undo()


def test_a_new_run_that_the_bell_names_is_claimed_by_the_hand_that_works_on_it(
    office, resting, hands
):
    named = office.accepted()

    resting.ring(named)

    assert hands.next().id == named
    assert hands.claimed_at_once == [named]
    assert office.status(named) == "running"


def test_a_bell_that_names_no_run_stands_for_all_that_wait(office, resting, hands):
    waiting = {office.accepted(), office.accepted()}

    resting.ring(ANY)

    assert {hands.next().id, hands.next().id} == waiting
    assert hands.claimed_at_once == []


@pytest.mark.parametrize("prepared", ["unknown", "claimed before", "cancelled", "late", "overdue"])
def test_a_bell_that_names_no_new_run_leads_to_a_look_at_all(office, resting, hands, prepared):
    named = uuid4() if prepared == "unknown" else office.accepted()
    changes = {
        "claimed before": "UPDATE runs SET token = 1 WHERE id = :id",
        "cancelled": "UPDATE runs SET is_cancel_requested = true WHERE id = :id",
        "late": "UPDATE runs SET due_at = now() + interval '1 hour' WHERE id = :id",
        "overdue": "UPDATE runs SET deadline = now() - interval '1 s' WHERE id = :id",
    }
    if prepared in changes:
        with office.engine.begin() as connection:
            connection.execute(text(changes[prepared]), {"id": named})
    other = office.accepted()
    hands.let_go(2)

    resting.ring(named)

    is_taken_by_the_look = prepared in {"claimed before", "cancelled", "overdue"}
    taken = {hands.next().id for _ in range(1 + is_taken_by_the_look)}
    assert taken == {other, named} if is_taken_by_the_look else {other}
    assert hands.claimed_at_once == []


def test_named_runs_never_fill_more_hands_than_there_are(office, resting, hands):
    named = [office.accepted() for _ in range(6)]
    for each in named:
        resting.ring(each)

    begun = [hands.next().id for _ in range(2)]
    assert hands.begun.empty()
    hands.let_go(6)
    begun += [hands.next().id for _ in range(4)]

    assert sorted(begun) == sorted(named)
    assert hands.most_in_hand == 2


def test_the_database_failing_at_a_named_run_leaves_all_hands_free(office, hire, hands, caplog):
    bell = Bell()
    hire(2, bell=bell).start()
    office.do("ALTER TABLE runs RENAME TO runs_away")
    try:
        for _ in range(3):
            bell.ring(uuid4())
            office.until(lambda: "cannot begin a run" in caplog.text)
            caplog.clear()
    finally:
        office.do("ALTER TABLE runs_away RENAME TO runs")
    named = [office.accepted() for _ in range(2)]

    assert {hands.next().id, hands.next().id} == set(named)


def test_without_a_connection_a_named_run_leaves_all_hands_free(
    office, hire, hands, caplog, monkeypatch
):
    bell = Bell()
    hire(2, bell=bell).start()

    def refuse() -> None:
        raise OperationalError("connect", {}, Exception("the database is away"))

    with monkeypatch.context() as away:
        away.setattr(office.engine, "connect", refuse)
        for _ in range(3):
            bell.ring(uuid4())
            office.until(lambda: "cannot begin a run" in caplog.text)
            caplog.clear()
    named = {office.accepted(), office.accepted()}

    assert {hands.next().id, hands.next().id} == named
