"""How a run ends: by itself, because somebody asked for it, and never twice."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import uuid4

import pytest

from hub.errors import LostRun
from hub.storage import gauges, runs
from hub.storage.runs import Ending
from tests.integration.storage.office import LONG, PATIENCE, run

ENDINGS = ("succeeded", "failed", "cancelled", "undo_failed")


def lock(office, owned):
    return office.ask(lambda connection: runs.lock(connection, owned))


def cancel(office, run_id):
    return office.ask(lambda connection: runs.request_cancel(connection, run_id))


# ------------------------------------------------------------------------------------- cancelling


def test_a_sleeping_run_that_is_to_be_cancelled_is_woken(office):
    owned = office.claimed()
    office.wait(owned)

    assert cancel(office, owned.id) == "waiting"

    (woken,) = office.claim()
    assert lock(office, woken).is_cancel_requested


def test_a_running_run_that_is_to_be_cancelled_hears_of_it_and_keeps_its_owner(office):
    owned = office.claimed()
    assert not lock(office, owned).is_cancel_requested

    assert cancel(office, owned.id) == "running"

    assert lock(office, owned).is_cancel_requested
    assert office.claim() == []


@pytest.mark.parametrize("status", ENDINGS)
def test_E1_a_run_that_is_over_cannot_be_cancelled(office, status):
    owned = office.claimed()
    office.end(owned, Ending(status))

    assert cancel(office, owned.id) == status

    assert not office.facts(owned.id).is_cancel_requested
    assert office.claim() == []


def test_a_run_that_does_not_exist_has_no_status(office):
    assert cancel(office, uuid4()) is None


def test_a_run_is_cancelled_while_its_owner_puts_it_to_sleep(office, open_engine):
    owned = office.claimed()
    asking = threading.Thread(target=lambda: cancel(office, owned.id))
    with open_engine().begin() as writing:
        runs.lock(writing, owned)
        asking.start()
        runs.put_to_wait(writing, owned, due_in=LONG, why="pause")
    asking.join(PATIENCE)

    (woken,) = office.claim()
    assert lock(office, woken).is_cancel_requested


# ---------------------------------------------------------------------------------------- the end


@pytest.mark.parametrize("status", ENDINGS)
def test_E1_a_run_that_is_over_has_its_result_and_nobody_takes_it_again(office, status):
    owned = office.claimed()

    office.end(owned, Ending(status, result={"a": 1}, error={"code": "x"}, is_maybe_done=True))

    facts = office.facts(owned.id)
    assert (facts.line.status, facts.result, facts.line.error) == (status, {"a": 1}, {"code": "x"})
    assert facts.line.is_maybe_done
    assert facts.line.ended_at is not None
    assert (facts.due_at, facts.worker) == (None, None)
    assert office.claim() == []
    assert runs.sweep(office.engine) == 0
    with pytest.raises(LostRun):
        office.end(owned, Ending("failed"))


def test_E1_each_change_is_one_row_of_the_history_with_its_token(office):
    owned = office.claimed()
    office.wait(owned, timedelta())
    (owned,) = office.claim()
    office.end(owned, Ending("failed", error={"code": "no_active_hold"}))

    rows = office.rows("SELECT status, token, why FROM run_history ORDER BY id")
    assert [tuple(row) for row in rows] == [
        ("queued", 0, "accepted"),
        ("running", 1, "worker"),
        ("waiting", 1, "pause"),
        ("running", 2, "worker"),
        ("failed", 2, "no_active_hold"),
    ]


def test_E1_a_change_that_is_rolled_back_leaves_no_history(office, open_engine):
    owned = office.claimed()
    with open_engine().connect() as connection:
        runs.lock(connection, owned)
        runs.end(connection, owned, Ending("succeeded"))
        connection.rollback()

    assert office.status(owned.id) == "running"
    assert office.history(owned.id)[-1] == ("running", "worker")


@pytest.mark.parametrize(
    ("status", "is_free"), [(None, False), (200, False), (399, False), (400, True), (503, True)]
)
def test_I9_a_run_that_answers_with_a_refusal_frees_its_key(office, status, is_free):
    owned = office.claimed(key="k")

    def ending(connection):
        runs.lock(connection, owned)
        if status is not None:
            answer = {"status": status, "body": {}, "headers": {}, "failed": False}
            runs.respond(connection, owned, answer)
        runs.end(connection, owned, Ending("succeeded"))

    office.ask(ending)

    assert office.record(run("k"))[0].is_new is is_free


def test_E8_an_effect_that_may_have_happened_stays_noted_to_the_end(office):
    owned = office.claimed()
    office.ask(lambda connection: runs.mark_maybe_done(connection, owned))

    office.end(owned, Ending("succeeded"))

    assert office.facts(owned.id).line.is_maybe_done


def test_the_queue_is_as_long_as_the_runs_that_nobody_has_begun(office):
    office.wait(office.claimed())
    office.end(office.claimed())
    office.accepted()
    office.accepted()

    assert gauges.count_waiting(office.engine) == 2
