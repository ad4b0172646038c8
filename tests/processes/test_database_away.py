"""The database goes away and comes back: a worker waits for it and goes on (E2)."""

from __future__ import annotations

from functools import partial

from tests.processes.house import House, until
from tests.processes.link import Link

RUNS = 100


def through(link: Link, house: House) -> str:
    """The database's address behind the link."""
    return link.database_url(house.environment["HUB_DATABASE_URL"])


def test_E2_runs_end_though_the_database_was_away_at_the_start_and_in_the_middle(
    house: House, database_link: Link
):
    database_link.cut()
    worker = house.start("worker", HUB_DATABASE_URL=through(database_link, house))
    house.start_web()
    leads = [house.lead() for _ in range(10)]
    house.send_all(
        partial(house.call_ends, leads[place % 10], f"call-{place}") for place in range(RUNS)
    )
    until(lambda: "cannot be reached yet" in worker.lines, "the worker waits for its database")

    database_link.restore()
    until(lambda: house.unfinished() <= RUNS - 10, "the worker is in the middle of its work")
    database_link.cut()
    until(lambda: "cannot look for work" in worker.lines, "the worker misses its database")
    assert house.unfinished() > 0
    database_link.restore()
    house.wait_for_the_end()

    assert house.statuses() == {"succeeded": RUNS}
    assert house.count("FROM interactions WHERE kind = 'call'") == RUNS
    assert "Traceback" not in worker.lines
    assert worker.terminate() == 0


def test_E14_a_worker_that_waits_for_its_database_can_be_told_to_stop(
    house: House, database_link: Link
):
    database_link.cut()
    worker = house.start("worker", HUB_DATABASE_URL=through(database_link, house))
    until(lambda: "cannot be reached yet" in worker.lines, "the worker waits for its database")

    assert worker.terminate() == 0
