"""Who works on which run: claims, leases and waits."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.errors import LostRun
from hub.storage import runs
from hub.storage.runs import Ending
from tests.integration.storage.office import at_once


def lock(office, owned):
    return office.ask(lambda connection: runs.lock(connection, owned))


def hand_back(office, owned):
    def giving(connection):
        runs.lock(connection, owned)
        runs.hand_back(connection, owned)

    office.ask(giving)


# ---------------------------------------------------------------------------------------- claims


def test_E3_a_claim_gives_the_run_with_its_lease_by_the_clock_of_the_database(office):
    run_id = office.accepted(trigger={"payload": {"a": 1}})

    (owned,) = office.claim(worker="w1")

    facts = office.facts(run_id)
    (row,) = office.rows("SELECT lease_until FROM runs")
    assert (owned.id, owned.token, owned.deaths) == (run_id, 1, 0)
    assert owned.trigger == {"payload": {"a": 1}}
    assert (facts.line.status, facts.worker, facts.token) == ("running", "w1", 1)
    assert facts.started_at == owned.claimed_at == owned.started_at
    assert row.lease_until - owned.claimed_at == runs.LEASE


def test_E3_callers_who_wait_come_first_then_the_oldest(office):
    old, new = office.accepted(), office.accepted()
    awaited = office.accepted(is_awaited=True)

    assert [owned.id for owned in office.claim(most=2)] == [awaited, old]
    assert [owned.id for owned in office.claim(most=2)] == [new]


def test_E3_no_more_runs_are_claimed_than_asked_for(office):
    for index in range(5):
        office.accepted(is_awaited=index < 3)

    assert [owned.is_awaited for owned in office.claim(most=2)] == [True, True]
    assert [owned.is_awaited for owned in office.claim(most=2)] == [True, False]
    assert len(office.claim(most=2)) == 1
    assert office.claim(most=2) == []


def test_E3_claimers_at_once_share_100_runs_and_none_has_two_owners(office):
    accepted = {office.accepted(is_awaited=index % 3 == 0) for index in range(100)}

    def work(index):
        mine = []
        while found := office.claim(most=3, worker=f"w{index}"):
            mine += found
        return mine

    shares = at_once(4, work)

    claimed = [owned.id for share in shares for owned in share]
    assert len(claimed) == 100
    assert set(claimed) == accepted
    assert {owned.token for share in shares for owned in share} == {1}


def test_E3_each_owner_has_a_larger_token(office):
    tokens = []
    owned = office.claimed()
    for _ in range(3):
        tokens.append(owned.token)
        hand_back(office, owned)
        (owned,) = office.claim()

    assert tokens == [1, 2, 3]
    assert office.facts(owned.id).token == 4


def test_E3_the_start_of_a_run_is_that_of_its_first_owner(office):
    first = office.claimed()
    hand_back(office, first)

    (second,) = office.claim()

    assert second.started_at == first.started_at
    assert second.claimed_at > first.claimed_at


# ---------------------------------------------------------------------------------------- leases


def test_E5_a_run_whose_owner_died_is_given_back_and_goes_on_elsewhere(office):
    dead = office.claimed()
    office.owner_dies(dead)

    assert runs.sweep(office.engine) == 1

    (heir,) = office.claim(worker="heir")
    assert (heir.id, heir.token, heir.deaths) == (dead.id, 2, 1)
    assert office.history(dead.id) == [
        ("queued", "accepted"),
        ("running", "worker"),
        ("queued", "the lease ran out"),
        ("running", "heir"),
    ]


def test_E5_a_run_whose_lease_holds_is_left_to_its_owner(office):
    owned = office.claimed()

    assert runs.sweep(office.engine) == 0
    lock(office, owned)


def test_E5_sweeps_at_once_give_a_run_back_once(office):
    for _ in range(10):
        office.accepted()
    for owned in office.claim():
        office.owner_dies(owned)

    assert sum(at_once(4, lambda _: runs.sweep(office.engine))) == 10

    assert {owned.deaths for owned in office.claim()} == {1}


def test_E4_an_owner_whose_run_was_swept_changes_nothing(office):
    dead = office.claimed()
    office.owner_dies(dead)
    runs.sweep(office.engine)

    with pytest.raises(LostRun):
        office.end(dead)

    assert office.status(dead.id) == "queued"


def test_E4_an_owner_with_an_older_token_changes_nothing(office):
    dead = office.claimed()
    office.owner_dies(dead)
    runs.sweep(office.engine)
    office.claim()

    with pytest.raises(LostRun):
        office.end(dead)
    with pytest.raises(LostRun):
        office.wait(dead)

    assert office.status(dead.id) == "running"


def test_E4_the_run_stays_locked_until_the_writer_commits(office, open_engine):
    owned = office.claimed()
    office.owner_dies(owned)

    with open_engine().begin() as writing:
        runs.lock(writing, owned)
        swept = runs.sweep(office.engine)
        runs.end(writing, owned, Ending("succeeded"))

    assert swept == 0
    assert runs.sweep(office.engine) == 0
    assert office.status(owned.id) == "succeeded"


def lease(office, owned):
    return office.rows("SELECT lease_until FROM runs WHERE id = :id", id=owned.id)[0].lease_until


def test_E3_an_owner_renews_what_is_its_own(office):
    mine, other = office.claimed(), office.claimed()
    before, others = lease(office, mine), lease(office, other)
    stranger = replace(other, token=other.token + 1)

    runs.renew(office.engine, [mine, stranger])

    assert lease(office, mine) > before
    assert lease(office, other) == others


def test_E3_renewing_nothing_or_what_is_over_changes_nothing(office):
    owned = office.claimed()
    office.end(owned)

    runs.renew(office.engine, [])
    runs.renew(office.engine, [owned])

    assert lease(office, owned) is None


def test_E3_a_run_that_a_step_has_locked_is_to_be_renewed_again_and_the_others_are(
    office, open_engine
):
    busy, free = office.claimed(), office.claimed()
    before = lease(office, busy), lease(office, free)

    with open_engine().begin() as writing:
        runs.lock(writing, busy)
        assert not runs.renew(office.engine, [busy, free])

    assert lease(office, busy) == before[0]
    assert lease(office, free) > before[1]


def test_E3_a_lease_is_renewed_between_two_steps_that_follow_each_other_closely(
    office, open_engine
):
    owned = office.claimed()
    before = lease(office, owned)
    waits = threading.Event()

    def renew() -> bool:
        waits.set()
        return runs.renew(office.engine, [owned])

    with ThreadPoolExecutor(1) as pool:
        with open_engine().begin() as writing:
            runs.lock(writing, owned)
            renewed = pool.submit(renew)
            waits.wait(5)
        assert renewed.result(5)

    assert lease(office, owned) > before


def test_E14_a_run_that_is_handed_back_is_due_at_once_and_no_owner_died(office):
    owned = office.claimed()

    hand_back(office, owned)

    (heir,) = office.claim()
    assert (heir.id, heir.deaths) == (owned.id, 0)
    assert ("queued", "handed back") in office.history(owned.id)


def test_E10_a_step_that_got_through_clears_the_deaths(office):
    dead = office.claimed()
    office.owner_dies(dead)
    runs.sweep(office.engine)
    (heir,) = office.claim()

    office.ask(lambda connection: runs.clear_deaths(connection, heir))

    hand_back(office, heir)
    assert office.claim()[0].deaths == 0


# --------------------------------------------------------------------------------------- waiting


def test_E11_a_sleeping_run_is_not_claimed_before_its_time(office):
    owned = office.claimed()

    office.wait(owned, timedelta(minutes=30), why="until noon")

    (row,) = office.rows("SELECT due_at, lease_until, worker, now() AS now FROM runs")
    assert office.claim() == []
    assert (row.lease_until, row.worker) == (None, None)
    assert timedelta(minutes=29) < row.due_at - row.now <= timedelta(minutes=30)
    assert office.history(owned.id)[-1] == ("waiting", "until noon")


def test_E11_a_sleeping_run_is_claimed_when_its_time_has_come(office):
    owned = office.claimed()
    office.wait(owned)

    office.do("UPDATE runs SET due_at = now() WHERE id = :id", owned)

    assert [each.id for each in office.claim()] == [owned.id]


def test_E11_a_time_is_counted_from_the_transaction_that_sleeps_and_is_never_early(office):
    owned = office.claimed()
    due_in = timedelta(minutes=30)

    def sleeping(connection):
        before = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        runs.put_to_wait(connection, owned, due_in=due_in, why="pause")
        return before

    with office.engine.connect() as looking:
        earlier = looking.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    office.ask(sleeping)

    (row,) = office.rows("SELECT due_at FROM runs")
    assert row.due_at >= earlier + due_in


def test_E16_a_run_does_not_sleep_beyond_its_timeout(office):
    owned = office.claimed(timeout=timedelta(hours=1))

    office.wait(owned, timedelta(days=2))

    (row,) = office.rows("SELECT due_at, deadline FROM runs")
    assert row.due_at == row.deadline


def test_E16_a_run_behind_its_timeout_is_overdue(office):
    owned = office.claimed()
    assert lock(office, owned).is_overdue is False

    office.do("UPDATE runs SET deadline = now() WHERE id = :id", owned)

    assert lock(office, owned).is_overdue is True
