"""Each statement that changes a run is a fence by itself (E4): no look before it is trusted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.errors import LostRun
from hub.storage import db, runs
from hub.storage.runs import Ending

CHANGES = {
    "the end": lambda connection, run: runs.end(connection, run, Ending("succeeded")),
    "sleep": lambda connection, run: runs.put_to_wait(
        connection, run, due_in=timedelta(days=1), why="pause"
    ),
    "sleep while it is undone": lambda connection, run: runs.put_to_wait(
        connection, run, due_in=timedelta(days=1), why="pause", may_outlive=True
    ),
    "handing back": runs.hand_back,
    "any write": runs.lock,
}


@pytest.fixture(params=CHANGES)
def change(request):
    """A change of a run by its owner, without the lock that comes before it otherwise."""
    return CHANGES[request.param]


def is_refused(office, change, owned):
    """Whether the change is refused, and nothing of the run is another than before."""
    before = office.facts(owned.id), office.history(owned.id)
    with pytest.raises(LostRun):
        office.ask(lambda connection: change(connection, owned))
    return (office.facts(owned.id), office.history(owned.id)) == before


def test_E4_an_older_token_changes_nothing_of_a_run_that_somebody_else_works_on(office, change):
    owned = office.claimed()
    office.owner_dies(owned)
    runs.sweep(office.engine)
    (later,) = office.claim()

    assert later.token == owned.token + 1
    assert is_refused(office, change, owned)


def test_E4_the_token_of_a_run_that_was_given_back_changes_nothing(office, change):
    owned = office.claimed()
    office.owner_dies(owned)
    runs.sweep(office.engine)

    assert office.status(owned.id) == "queued"
    assert is_refused(office, change, owned)


def test_E1_E4_the_token_of_a_run_that_is_over_changes_nothing(office, change):
    owned = office.claimed()
    office.end(owned)

    assert is_refused(office, change, owned)


def test_E4_a_token_that_nobody_was_given_changes_nothing(office, change):
    owned = office.claimed()

    assert is_refused(office, change, replace(owned, token=owned.token + 1))


# ------------------------------------------------------------------------------------ who claims


def test_E3_who_claims_passes_over_what_somebody_else_is_about_to_take(office, open_engine):
    """It waits for nobody: a frozen claimer holds up no other run."""
    taken, free = office.accepted(), office.accepted()

    with open_engine().connect() as frozen:
        first = runs.claim_new(frozen, taken, worker="frozen")
        claimed = office.claim()

    assert first is not None
    assert [each.id for each in claimed] == [free]


def test_E3_one_of_two_who_hear_the_bell_has_the_run_and_the_other_does_not_wait(
    office, open_engine
):
    run_id = office.accepted()

    with open_engine().connect() as first, open_engine().connect() as second:
        ours = runs.claim_new(first, run_id, worker="first")
        theirs = runs.claim_new(second, run_id, worker="second")
        first.commit()

    assert ours is not None
    assert theirs is None
    assert office.history(run_id)[-1] == ("running", "first")


def test_E3_a_bell_does_not_take_a_run_from_its_owner_or_out_of_its_sleep(office):
    def hears(run_id):
        return office.ask(lambda connection: runs.claim_new(connection, run_id, worker="bell"))

    owned, asleep, swept = office.claimed(), office.claimed(), office.claimed()
    office.wait(asleep, due_in=timedelta())
    office.owner_dies(swept)
    runs.sweep(office.engine)
    before = [office.facts(each.id) for each in (owned, asleep, swept)]

    assert [hears(each.id) for each in (owned, asleep, swept)] == [None, None, None]
    assert [office.facts(each.id) for each in (owned, asleep, swept)] == before


# ---------------------------------------------------------------------------- broken connections


def test_I11_a_connection_on_which_a_statement_broke_off_is_given_to_nobody_else(open_engine):
    """Whatever state it is in: the next one gets a new one."""
    engine = open_engine(pool_size=1)
    used: list[Any] = []

    def breaks_off():
        with db.at_once(engine) as connection:
            used.append(connection.connection.driver_connection)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        breaks_off()

    with engine.connect() as connection:
        another: Any = connection.connection.driver_connection
        assert another is not used[0]
        assert not another.autocommit
    assert used[0].closed
