"""A worker keeps the leases of what it has in hand, and of nothing else (E3)."""

from __future__ import annotations

import threading
from datetime import timedelta

from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from hub.storage import runs
from hub.storage.runs import ClaimedRun
from hub.worker.runner import RENEWALS
from tests.integration.storage.office import PATIENCE, Office
from tests.integration.worker.hands import LEASE, lease_of


def test_E3_leases_of_runs_in_hand_are_renewed_and_those_of_others_are_not(office, hire, hands):
    runner = hire(2)
    office.accepted()
    office.accepted()
    runner.start()
    ours, lost = hands.next(), hands.next()
    assert timedelta(minutes=1) < lease_of(office, ours) <= LEASE
    office.do("UPDATE runs SET lease_until = now() + interval '1 second' WHERE id = :id", ours)
    office.do(
        "UPDATE runs SET lease_until = now() + interval '1 second', token = token + 1"
        " WHERE id = :id",
        lost,
    )

    assert runner.renew()

    assert lease_of(office, ours) > timedelta(minutes=1)
    assert lease_of(office, lost) <= timedelta(seconds=1)
    office.do("UPDATE runs SET token = token - 1 WHERE id = :id", lost)


def test_E3_leases_of_30_seconds_are_renewed_every_10():
    assert timedelta(seconds=30) == runs.LEASE
    assert timedelta(seconds=10) == runs.LEASE / RENEWALS


def first_lease_is_over(office: Office, run: ClaimedRun, lease: timedelta) -> bool:
    """By the clock of the database."""
    (row,) = office.rows("SELECT now() > :end AS is_over", end=run.claimed_at + lease)
    return bool(row.is_over)


def test_E3_a_worker_renews_by_itself_what_takes_longer_than_its_lease(office, hire, hands):
    lease = timedelta(seconds=1.5)
    office.accepted()
    hire(1, lease=lease).start()
    run = hands.next()

    office.until(lambda: first_lease_is_over(office, run, lease))

    assert runs.sweep(office.engine) == 0
    hands.let_go()
    office.until(lambda: office.status(run.id) == "succeeded")
    assert [why for status, why in office.history(run.id) if status == "running"] == ["runner"]


def test_E3_E4_a_worker_that_cannot_renew_owns_its_run_no_longer(office, hire, hands):
    """The thread that renews tries on."""
    lease, refused = timedelta(milliseconds=300), threading.Event()

    def refuse(_connection, _cursor, statement, *_others) -> None:
        if statement.startswith("UPDATE runs SET lease_until"):
            refused.set()
            raise OperationalError(statement, {}, ConnectionError("the link is cut"))

    office.accepted()
    event.listen(office.engine, "before_cursor_execute", refuse)
    try:
        runner = hire(1, lease=lease)
        runner.start()
        run = hands.next()
        assert refused.wait(PATIENCE)
        office.until(lambda: first_lease_is_over(office, run, lease))
        assert runs.sweep(office.engine) == 1
        (again,) = runs.claim(office.engine, worker="another", most=1)
        hands.let_go()
        office.until(lambda: not runner._owned)  # noqa: SLF001 - it has dropped the run
    finally:
        event.remove(office.engine, "before_cursor_execute", refuse)

    assert (again.id, again.token) == (run.id, run.token + 1)
    assert office.status(run.id) == "running"
    assert runner._threads[1].is_alive()  # noqa: SLF001 - the one that renews


def test_a_run_that_comes_back_before_its_first_round_is_over_keeps_its_lease(office, hire, hands):
    """It was handed back, or slept for a moment, and this process claimed it again at once."""
    runner = hire(2)
    office.accepted()
    runner.start()
    first = hands.next()
    with office.engine.begin() as connection:
        runs.hand_back(connection, first)
    again = hands.next()
    assert (again.id, again.token) == (first.id, first.token + 1)

    hands.breaks_on = None
    runner._forget(first)  # noqa: SLF001 - what the end of the first round does
    office.do("UPDATE runs SET lease_until = now() + interval '1 second' WHERE id = :id", again)
    assert runner.renew()
    assert lease_of(office, again) > timedelta(minutes=1)


def test_renewing_says_when_it_must_be_tried_again(office, hire, hands):
    runner = hire(1)
    office.accepted()
    runner.start()
    hands.next()
    office.do("ALTER TABLE runs RENAME TO runs_away")
    try:
        assert not runner.renew()
    finally:
        office.do("ALTER TABLE runs_away RENAME TO runs")
    assert runner.renew()
