"""Turns under one key: never more than the limit, in commit order, and nobody is forgotten."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.storage import runs, turns
from hub.storage.runs import ClaimedRun
from hub.storage.turns import Turn
from tests.integration.storage.office import LONG, PATIENCE, WORKFLOW, at_once


def turn_of(owned, *, key=b"k", path="", limit=1) -> Turn:
    return Turn(WORKFLOW, key, owned.id, path, limit)


def take(office, turn, *, may_wait=True):
    return office.ask(lambda connection: turns.take(connection, turn, may_wait=may_wait))


def leave_all(office, owned):
    return office.ask(lambda connection: turns.leave_all(connection, owned.id))


@pytest.fixture
def sleeper(office):
    """Makes a run that waits for its turn."""

    def falling_asleep(**given):
        owned = office.claimed()
        standing = take(office, turn_of(owned, **given))
        office.wait(owned, why=runs.WAITS_FOR_TURN)
        return owned if standing == "waiting" else None

    return falling_asleep


def test_E16_no_more_than_the_limit_have_a_turn(office):
    owned = [office.claimed() for _ in range(5)]

    found = [take(office, turn_of(each, limit=2)) for each in owned]

    assert found == ["ours", "ours", "waiting", "waiting", "waiting"]


def test_E16_P6_takers_at_once_never_exceed_the_limit(office):
    owned = [office.claimed() for _ in range(12)]

    found = at_once(12, lambda index: take(office, turn_of(owned[index], limit=3)))

    assert sorted(found) == ["ours"] * 3 + ["waiting"] * 9


def test_E16_keys_do_not_know_each_other(office):
    one, other = office.claimed(), office.claimed()

    assert take(office, turn_of(one, key=b"a")) == "ours"
    assert take(office, turn_of(other, key=b"b")) == "ours"


def test_E16_a_run_stands_in_the_queue_once_however_often_it_asks(office):
    first, second, third = (office.claimed() for _ in range(3))
    for owned in (first, second, third, first, second, first):
        take(office, turn_of(owned))

    assert [take(office, turn_of(each)) for each in (first, second)] == ["ours", "waiting"]
    assert office.count("turns") == 3


def test_E16_the_place_taken_at_acceptance_counts(office):
    early = office.claimed(turn=(WORKFLOW, b"k"))
    late = office.claimed(turn=(WORKFLOW, b"k"))

    assert take(office, turn_of(late)) == "waiting"
    assert take(office, turn_of(early)) == "ours"


def test_E16_who_does_not_want_to_wait_leaves_no_place_behind(office):
    first, second = office.claimed(), office.claimed()
    take(office, turn_of(first))

    assert take(office, turn_of(second), may_wait=False) == "full"

    assert office.count("turns") == 1
    assert take(office, turn_of(first), may_wait=False) == "ours"


def test_E16_the_runs_ahead_are_those_that_must_go(office):
    owned = [office.claimed() for _ in range(5)]
    for each in owned:
        take(office, turn_of(each, limit=2))

    def ahead(index, limit):
        return office.ask(lambda db: turns.ahead_of(db, turn_of(owned[index], limit=limit)))

    assert ahead(0, 1) == []
    assert set(ahead(4, 1)) == {each.id for each in owned[:4]}
    assert set(ahead(4, 2)) == {each.id for each in owned[:3]}
    assert ahead(4, 5) == []


# ---------------------------------------------------------------------------------------- waking


def test_E16_a_freed_turn_wakes_the_first_who_sleeps_and_nobody_else(office, sleeper):
    holder = office.claimed()
    take(office, turn_of(holder))
    first, _second = sleeper(), sleeper()

    assert leave_all(office, holder) == [first.id]

    (woken,) = office.claim()
    assert woken.id == first.id
    assert take(office, turn_of(woken)) == "ours"


def test_E16_each_of_two_freed_turns_wakes_another(office, sleeper):
    holders = [office.claimed() for _ in range(2)]
    for each in holders:
        take(office, turn_of(each, limit=2))
    sleepers = [sleeper(limit=2) for _ in range(3)]

    woken = [leave_all(office, each) for each in holders]

    assert woken == [[sleepers[0].id], [sleepers[1].id]]


def test_E16_a_run_that_sleeps_for_another_reason_is_not_woken(office, sleeper):
    holder, pausing = office.claimed(), office.claimed()
    take(office, turn_of(holder))
    take(office, turn_of(pausing))
    office.wait(pausing, LONG, why="pause before the next try")
    waiting = sleeper()

    assert leave_all(office, holder) == [waiting.id]


def test_E16_sleepers_of_other_keys_are_not_woken(office, sleeper):
    holder, other = office.claimed(), office.claimed()
    take(office, turn_of(holder, key=b"a"))
    take(office, turn_of(other, key=b"b"))
    sleeper(key=b"b")

    assert leave_all(office, holder) == []


def test_E16_one_place_is_given_up_and_the_others_are_kept(office, sleeper):
    holder = office.claimed()
    inner = turn_of(holder, key=b"a", path="hold")
    take(office, inner)
    take(office, turn_of(holder, key=b"b"))
    waiting = sleeper(key=b"a")
    sleeper(key=b"b")

    woken = office.ask(lambda connection: turns.leave(connection, inner))

    assert woken == [waiting.id]
    rows = office.rows("SELECT path FROM turns WHERE run_id = :id", id=holder.id)
    assert [row.path for row in rows] == [""]


def test_E16_all_places_of_a_run_are_given_up_at_its_end(office, sleeper):
    holder = office.claimed()
    for key, path in ((b"a", "one"), (b"b", "two")):
        take(office, turn_of(holder, key=key, path=path))
    sleepers = {sleeper(key=key).id for key in (b"a", b"b")}

    assert set(leave_all(office, holder)) == sleepers
    assert leave_all(office, holder) == []


# ----------------------------------------------------------------------------------------- races


def test_E16_who_falls_asleep_while_the_holder_leaves_is_woken(office, open_engine):
    holder, late = office.claimed(), office.claimed()
    take(office, turn_of(holder))

    with ThreadPoolExecutor(1) as pool:
        with open_engine().begin() as sleeping:
            runs.lock(sleeping, late)
            assert turns.take(sleeping, turn_of(late), may_wait=True) == "waiting"
            leaving = pool.submit(leave_all, office, holder)
            office.until_blocked()
            runs.put_to_wait(sleeping, late, due_in=LONG, why=runs.WAITS_FOR_TURN)
        woken = leaving.result(PATIENCE)

    assert woken == [late.id]
    assert [each.id for each in office.claim()] == [late.id]


def test_E16_who_asks_while_the_holder_leaves_gets_the_turn(office, open_engine):
    holder, late = office.claimed(), office.claimed()
    take(office, turn_of(holder))

    with ThreadPoolExecutor(1) as pool:
        with open_engine().begin() as leaving:
            assert turns.leave_all(leaving, holder.id) == []
            asking = pool.submit(take, office, turn_of(late))
            office.until_blocked()
        standing = asking.result(PATIENCE)

    assert standing == "ours"


def test_E16_runs_that_end_in_any_order_pass_the_turn_on_until_all_are_through(office):
    for _ in range(24):
        office.accepted(turn=(WORKFLOW, b"k"))
    order: list[ClaimedRun] = []

    def work(_):
        while office.rows("SELECT 1 FROM runs WHERE ended_at IS NULL"):
            for owned in office.claim(most=2):
                go_on(office, owned, order)

    at_once(4, work)

    places = [each.id for each in sorted(order, key=lambda owned: owned.created_at)]
    assert [each.id for each in order] == places
    assert len(order) == 24
    assert office.count("turns") == 0


def go_on(office, owned, order):
    """A step of a worker: its turn, or sleep until then."""

    def step(connection):
        runs.lock(connection, owned)
        if turns.take(connection, turn_of(owned), may_wait=True) == "waiting":
            runs.put_to_wait(connection, owned, due_in=LONG, why=runs.WAITS_FOR_TURN)
        else:
            order.append(owned)
            runs.end(connection, owned, runs.Ending("succeeded"))
            turns.leave_all(connection, owned.id)

    office.ask(step)
